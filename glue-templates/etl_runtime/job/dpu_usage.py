"""The DPU-seconds that a run uses, as AWS Glue bills them."""

import logging
import time

from etl_runtime.job.arguments import Names
from etl_runtime.job.spark import active_spark_context

LOG = logging.getLogger(__name__)

MIN_SECONDS = 60
"""AWS Glue bills a run for at least one minute: https://aws.amazon.com/glue/pricing/"""

DRIVER = "driver"
"""The ID of the driver in Spark's list of executors."""


def dpu_seconds(names: Names, seconds: float) -> float | None:
    """Return the DPU-seconds of a run that took `seconds`. Returns None for a local run, or if an earlier version of
    the library deployed the job.

    This is an estimate, because AWS Glue also bills the time that it needs to start and stop the session.
    https://docs.aws.amazon.com/glue/latest/dg/auto-scaling.html
    """
    if names.number_of_workers is None or names.dpu_per_worker is None:
        return None
    billed = max(seconds, MIN_SECONDS)
    worker_seconds = names.number_of_workers * billed
    if names.auto_scaling:
        try:
            worker_seconds = min(worker_seconds, billed + _executor_seconds())
        except Exception as error:  # such as a Java process that was killed
            LOG.info(
                f"Spark's list of executors cannot be read ({type(error).__name__}), so dpu_seconds assumes that all "
                "workers ran until the end.",
                extra={"step": "run"},
            )
    return round(names.dpu_per_worker * worker_seconds, 1)


def _executor_seconds() -> float:
    """The sum of the lifetimes of the executors. Spark lists all active executors and the last 100 that were
    removed."""
    context = active_spark_context()
    if context is None:
        return 0
    executors = context._jsc.sc().statusStore().executorList(False)  # noqa: SLF001
    now = time.time() * 1000
    lifetimes: list[float] = []
    for index in range(executors.size()):
        executor = executors.apply(index)
        if executor.id() != DRIVER:
            removed = executor.removeTime()
            ended = removed.get().getTime() if removed.isDefined() else now
            lifetimes.append(ended - executor.addTime().getTime())
    return sum(lifetimes) / 1000
