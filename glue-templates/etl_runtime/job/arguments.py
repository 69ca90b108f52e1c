"""The arguments of a job, which the stack sets."""

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import with_names
from etl_runtime.job.store import Store
from etl_runtime.job.suggestion import did_you_mean

GATES: Mapping[str, ErrorCode] = {
    "required_columns": ErrorCode.GATE_REQUIRED_COLUMNS,
    "null_share": ErrorCode.GATE_CRITICAL_NULL_THRESHOLD,
    "min_rows": ErrorCode.GATE_EXPECTED_RECORD_COUNT_MIN,
    "shrink": ErrorCode.GATE_MAX_SHRINK,
    "missing_columns": ErrorCode.GATE_MISSING_COLUMNS,
    "all_null_columns": ErrorCode.GATE_ALL_NULL_COLUMNS,
    "rescued": ErrorCode.GATE_MAX_RESCUED_SHARE,
    "frozen": ErrorCode.GATE_SCHEMA_CONTRACT,
    "business_key": ErrorCode.GATE_BUSINESS_KEY,
    "rules": ErrorCode.GATE_RULES,
    "history": ErrorCode.GATE_HISTORY,
    "churn": ErrorCode.GATE_CHURN,
}
"""The error code of each quality gate, keyed by gate name. In run_options, `{"allow": ["shrink"]}` allows a gate to
fail."""

RUN_OPTIONS = ("force", "allow", "reset_contract", "from_run", "date", "rollback_to")
"""The keys of the argument run_options."""

ARGUMENTS = ("JOB_NAME", "dataset_config", "names", "run_options")
"""The argument names to pass to `getResolvedOptions`. A test compares them with the arguments that the stack sets."""


@dataclass(frozen=True)
class TableName:
    """The name of a table in Athena, and the `s3://…/` folder of its files."""

    name: str
    location: str


@dataclass(frozen=True)
class InputName:
    """An input: a dataset whose published tables this dataset reads.

    `dataset` has the form layer/dataset, `database` is the database of its tables, and `runs` is the `s3://…/` folder
    of its published.json.
    """

    dataset: str
    database: str
    runs: str


@dataclass(frozen=True)
class Names:
    """The computed names of one dataset in one layer. Locations are `s3://` URIs that end with a slash.

    raw: The folder of the original files. Only bronze datasets have it.
    sql: The URI of the query. Only derived datasets have it.
    definition: A hash of the document, the script and the query. A pipeline compares it with the hash in
        published.json. Only derived datasets have it.
    crawler: The name of the crawler. Only datasets with Parquet tables have one.
    snapshot_retention_hours: Only datasets with Iceberg tables use it.
    event_source: If it is set, a successful run with warnings sends an EventBridge event.
    metrics_namespace: If it is set, a run sends metrics.
    lineage_namespace: The namespace of the tables and the job. If it is set, a run writes OpenLineage events.
    number_of_workers, dpu_per_worker: Settings of the job. With `auto_scaling`, the number of workers is the maximum
        that a run starts.
    """

    layer: str
    dataset: str
    bucket: str
    job: str
    database: str
    staging: str
    runs: str
    tables: Mapping[str, TableName]
    timeout_minutes: int
    crawler: str = ""
    raw: str = ""
    inputs: tuple[InputName, ...] = ()
    sql: str = ""
    event_source: str | None = None
    metrics_namespace: str | None = None
    lineage_namespace: str | None = None
    definition: str = ""
    snapshot_retention_hours: float = 168
    auto_scaling: bool = False
    number_of_workers: int | None = None
    dpu_per_worker: int | None = None

    def executor_cores(self) -> int:
        """The number of cores of all workers except the driver, or 0 if the workers are not known. A DPU has four
        cores.

        Spark only knows the cores of the executors that have started. With auto scaling, only a few have started at
        first.
        """
        return 4 * (self.dpu_per_worker or 0) * max((self.number_of_workers or 0) - 1, 0)


@dataclass(frozen=True)
class RunOptions:
    """Options of a single run.

    force: Rebuild the tables even if the source is unchanged.
    allow: Quality gates that may fail.
    reset_contract: Ignore the published columns and types, and infer them again.
    from_run: Rebuild the tables from the originals that the run with this ID stored. No request is sent to the source.
    date: The date that replaces the placeholders in source_url, instead of the run date.
    rollback_to: Make the publication of the run with this ID current again. The run reads no source and writes no rows.
    """

    force: bool = False
    allow: frozenset[str] = frozenset()
    reset_contract: bool = False
    from_run: str = ""
    date: datetime.date | None = None
    rollback_to: str = ""


@dataclass(frozen=True)
class Job:
    """The input of one run: the dataset document, the dataset's names and the run options."""

    document: DatasetDocument
    names: Names
    options: RunOptions
    job_run_id: str


def read_arguments(resolved: Mapping[str, Any], store: Store) -> Job:
    """Read the Job from the result of `getResolvedOptions`.

    Raises RunFailed if an argument is invalid or the document is not in the bucket.
    """
    names = read_names(resolved["names"])
    document = store.read_json(resolved["dataset_config"])
    if document is None:
        raise RunFailed(
            ErrorCode.DOCUMENT_NOT_FOUND,
            f"The dataset document {resolved['dataset_config']} does not exist. Deploy the dataset's stack again.",
        )
    return Job(
        cast(DatasetDocument, document),
        names,
        _run_options(resolved["run_options"]),
        str(resolved.get("JOB_RUN_ID") or ""),
    )


def read_names(text: str) -> Names:
    """Read the argument `names`. Raises RunFailed if it is invalid."""
    raw_names = _json_object("names", text, ErrorCode.ARGUMENTS_INVALID)
    try:
        tables = {key: TableName(**table) for key, table in raw_names.pop("tables").items()}
        inputs = tuple(InputName(**each) for each in raw_names.pop("inputs", ()))
        return Names(tables=tables, inputs=inputs, **raw_names)
    except (KeyError, TypeError, AttributeError) as error:
        raise RunFailed(
            ErrorCode.ARGUMENTS_INVALID,
            f"The argument --names does not match this version of the job ({error}). Deploy the dataset's stack again.",
        ) from error


def _run_options(text: str) -> RunOptions:
    given = _json_object("run_options", text, ErrorCode.RUN_OPTIONS_INVALID)
    unknown = sorted(given.keys() - set(RUN_OPTIONS))
    if unknown:
        raise _invalid_option(
            f"run_options has the unknown {with_names('key', unknown)}. {did_you_mean(unknown[0], RUN_OPTIONS)}"
            f"Supported keys: {', '.join(RUN_OPTIONS)}."
        )
    allow = given.get("allow", [])
    if not isinstance(allow, list) or not all(isinstance(gate, str) and gate in GATES for gate in allow):
        names = [allow] if isinstance(allow, str) else [each for each in allow if isinstance(each, str)]
        unknown_gate = next((name for name in names if name not in GATES), "")
        raise _invalid_option(
            f"run_options.allow is {json.dumps(allow)}. {did_you_mean(unknown_gate, GATES)}"
            f"Set it to a list of gates: {', '.join(GATES)}."
        )
    for name in ("force", "reset_contract"):
        if not isinstance(given.get(name, False), bool):
            raise _invalid_option(f"run_options.{name} is {json.dumps(given[name])}. Set it to true or false.")
    from_run, rollback_to = _run_id(given, "from_run"), _run_id(given, "rollback_to")
    if rollback_to and len(given) > 1:
        raise _invalid_option(
            f"run_options has rollback_to and the {with_names('key', sorted(given.keys() - {'rollback_to'}))}. Remove "
            "the other keys: a rollback reads no source and writes no rows."
        )
    return RunOptions(
        given.get("force", False),
        frozenset(allow),
        given.get("reset_contract", False),
        from_run,
        _source_date(given["date"], from_run) if "date" in given else None,
        rollback_to,
    )


def _run_id(given: Mapping[str, Any], name: str) -> str:
    run_id = given.get(name, "")
    if not isinstance(run_id, str) or not re.fullmatch(r"[A-Za-z0-9-]*", run_id):
        raise _invalid_option(
            f"run_options.{name} is {json.dumps(run_id)}. "
            "Set it to the ID of a run, for example 20261123T012048123Z-3f9a1c."
        )
    return run_id


def _source_date(text: object, from_run: str) -> datetime.date:
    if from_run:
        raise _invalid_option("run_options has from_run and date. Remove date: the date of that run is used again.")
    try:
        if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            raise ValueError
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise _invalid_option(
            f"run_options.date is {json.dumps(text)}. Set it to a date that exists, for example 2026-11-02."
        ) from None


def _invalid_option(message: str) -> RunFailed:
    return RunFailed(ErrorCode.RUN_OPTIONS_INVALID, message)


def _json_object(name: str, text: str, code: ErrorCode) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RunFailed(code, f"The argument {name} is not valid JSON: {error}. Pass a JSON object.") from error
    if not isinstance(value, dict):
        raise RunFailed(code, f"The argument {name} is not a JSON object (found {text[:80]}). Pass a JSON object.")
    return value
