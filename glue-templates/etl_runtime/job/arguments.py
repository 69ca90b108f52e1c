"""The arguments of a job: what the stack hands over."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store

GATES = (
    "required_columns",
    "null_share",
    "min_rows",
    "shrink",
    "rescued",
    "frozen",
    "business_key",
    "rules",
    "history",
)
"""The gates that a run may be allowed to fail: run_options {"allow": ["shrink"]}."""

ARGUMENTS = ("JOB_NAME", "dataset_config", "names", "run_options")
"""Asked of `getResolvedOptions`. The stack passes the same names; a test compares the two."""


@dataclass(frozen=True)
class TableName:
    """A table as Athena names it, and the `s3://…/` folder of its files."""

    name: str
    location: str


@dataclass(frozen=True)
class InputName:
    """A dataset that gold reads, as layer/dataset: the database of its tables, and the `s3://…/` folder where it says what is published."""

    dataset: str
    database: str
    runs: str


@dataclass(frozen=True)
class Names:
    """The computed names of one dataset in one layer. Locations are `s3://` URIs that end with a slash.

    `raw` is of bronze; `inputs` and `sql`, the URI of the query, of gold. `metrics_namespace` is where the run's metrics go; without it,
    it has none.
    """

    layer: str
    dataset: str
    bucket: str
    job: str
    crawler: str
    database: str
    staging: str
    runs: str
    tables: Mapping[str, TableName]
    timeout_minutes: int
    raw: str = ""
    inputs: tuple[InputName, ...] = ()
    sql: str = ""
    metrics_namespace: str | None = None


@dataclass(frozen=True)
class RunOptions:
    """What the person who started the run asks for, once.

    `force`: work although the source is unchanged. `allow`: gates that may fail.
    `reset_contract`: forget the published types and columns, and guess anew. `from_run`: make the tables anew of the originals that
    the run of this id has kept, without asking the source.
    """

    force: bool = False
    allow: frozenset[str] = frozenset()
    reset_contract: bool = False
    from_run: str = ""


@dataclass(frozen=True)
class Job:
    """One run's orders: the dataset's document, its names, and what the person who started it asked for."""

    document: DatasetDocument
    names: Names
    options: RunOptions
    job_run_id: str


def read_arguments(resolved: Mapping[str, Any], store: Store) -> Job:
    """Make a Job of what `getResolvedOptions` returns.

    Raises RunFailed where an argument is not what the stack writes, or the document is not in the bucket.
    """
    raw_names = _json_object("names", resolved["names"])
    try:
        tables = {key: TableName(**table) for key, table in raw_names.pop("tables").items()}
        inputs = tuple(InputName(**each) for each in raw_names.pop("inputs", ()))
        names = Names(tables=tables, inputs=inputs, **raw_names)
    except (KeyError, TypeError, AttributeError) as error:
        raise RunFailed(
            f"The argument names is not what this job expects ({error}). Deploy the dataset's stack again."
        ) from error
    document = store.read_json(resolved["dataset_config"])
    if document is None:
        raise RunFailed(f"There is no document at {resolved['dataset_config']}. Deploy the dataset's stack again.")
    return Job(
        cast(DatasetDocument, document),
        names,
        _run_options(resolved["run_options"]),
        str(resolved.get("JOB_RUN_ID") or ""),
    )


def _run_options(text: str) -> RunOptions:
    given = _json_object("run_options", text)
    unknown = given.keys() - {"force", "allow", "reset_contract", "from_run"}
    if unknown:
        raise RunFailed(
            f"run_options holds {', '.join(sorted(unknown))}. It takes force, allow, reset_contract and from_run."
        )
    allow = given.get("allow", [])
    if not isinstance(allow, list) or not set(allow) <= set(GATES):
        raise RunFailed(f"allow of run_options is {json.dumps(allow)}. It takes a list of gates: {', '.join(GATES)}.")
    for name in ("force", "reset_contract"):
        if not isinstance(given.get(name, False), bool):
            raise RunFailed(f"{name} of run_options is {json.dumps(given[name])}. It takes true or false.")
    from_run = given.get("from_run", "")
    if not isinstance(from_run, str) or not re.fullmatch(r"[A-Za-z0-9-]*", from_run):
        raise RunFailed(
            f"from_run of run_options is {json.dumps(from_run)}. It takes the id of a run, as 20261123T012048123Z-3f9a1c."
        )
    return RunOptions(given.get("force", False), frozenset(allow), given.get("reset_contract", False), from_run)


def _json_object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RunFailed(f"The argument {name} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise RunFailed(f"The argument {name} is not a JSON object: {text[:80]}")
    return value
