"""The column lineage of a derived table, computed from Spark's analyzed plan while Spark writes the table."""

import json
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Any

from etl_runtime.job.redaction import excerpt
from etl_runtime.transform.plan_lineage import TooManySources, column_lineage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LOG = logging.getLogger(__name__)

MAX_PLAN_COLUMNS = 30_000
"""The maximum number of columns in all nodes of a plan. Each has about 400 bytes in the JSON of the plan."""
MAX_LEAVES = 4_000
"""The maximum number of parts of one expression, such as the values in an IN list. The time that Spark needs for their
JSON is quadratic: 1 s for 4,000 parts."""
MAX_CHECKED_EXPRESSIONS = 500
"""The maximum number of checked expressions per node. Checking one expression takes a millisecond, and a node with more
expressions usually only selects columns."""
MAX_WAIT_SECONDS = 3.0
"""The maximum time that a run waits for the lineage after its tables are written and checked. Usually, it does not have
to wait."""


class PlanTooLarge(Exception):
    """The plan has more than MAX_PLAN_COLUMNS columns, or an expression with more than MAX_LEAVES parts."""


class Lineage:
    """The lineage of a table's rows, computed in the background. A failure to compute it never fails the run."""

    def __init__(self, key: str, rows: "DataFrame") -> None:
        self._key = key
        self._result: Future[dict[str, Any]] = Future()
        Thread(target=self._compute, args=(rows, self._result), daemon=True).start()

    def result(self) -> dict[str, Any] | None:
        """The lineage, in the format of the run record. If it is not available, the reason is logged and None is
        returned."""
        try:
            return self._result.result(MAX_WAIT_SECONDS)
        except TimeoutError:
            reason = f"Spark did not return the plan within {MAX_WAIT_SECONDS:g} s after the tables were checked"
        except (PlanTooLarge, TooManySources):
            reason = "the query is too large"
        except Exception as error:
            reason = f"{type(error).__name__}: {excerpt(error, 200)}"
        LOG.info(f"{self._key}: the run record has no column lineage: {reason}", extra={"step": "make"})
        return None

    def _compute(self, rows: "DataFrame", result: "Future[dict[str, Any]]") -> None:
        try:
            result.set_result(lineage_of(rows))
        except BaseException as error:
            result.set_exception(error)


def lineage_of(rows: "DataFrame") -> dict[str, Any]:
    """The sources of each column, and the columns that determine which rows exist.

    The plan is read as a single JSON text, because each call to Java takes a fraction of a millisecond, and a plan can
    have thousands of parts. Raises PlanTooLarge or TooManySources.
    """
    plan = rows._jdf.queryExecution().analyzed()
    _require_small([plan])
    return column_lineage(json.loads(plan.toJSON()), rows.columns)


def _require_small(plans: Sequence[Any]) -> None:
    """Raise PlanTooLarge if the JSON of the plans would be too large for the memory of the driver."""
    pending = list(plans)
    columns = 0
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while pending:
        plan = pending.pop()
        columns += 1 + plan.output().size()
        if columns > MAX_PLAN_COLUMNS or time.monotonic() > deadline:
            raise PlanTooLarge
        expressions = plan.expressions()
        for index in range(min(expressions.size(), MAX_CHECKED_EXPRESSIONS)):
            if expressions.apply(index).collectLeaves().size() > MAX_LEAVES:
                raise PlanTooLarge
        for below in (plan.children(), plan.subqueries()):
            pending += [below.apply(index) for index in range(below.size())]
