"""The input datasets of a run, and the publications that the run reads."""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from etl_runtime.job.arguments import InputName, Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import with_names
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.store import Store

LOG = logging.getLogger(__name__)

MAX_CONCURRENT_REQUESTS = 16
MAX_PUBLICATION_SECONDS = 120  # a publication only copies objects within S3
POLL_SECONDS = 3
MAX_READS = 3  # maximum attempts to read the inputs, in case they publish while the run reads them


@dataclass(frozen=True)
class Input:
    """An input dataset and the content of its published.json."""

    name: InputName
    published: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        return str(self.published["run_id"])

    @property
    def tables(self) -> dict[str, Mapping[str, Any]]:
        """The tables, keyed by their names in Athena, such as `pp_dw_bronze.zipcodes`."""
        return {f"{self.name.database}.{table['name']}": table for table in self.published["tables"].values()}

    def described(self) -> dict[str, Any]:
        """The entry in the run record. `originals` are the files that the input was built from, directly or
        indirectly."""
        own = [source["raw"] for source in self.published["sources"]]
        return {
            "dataset": self.name.dataset,
            "run_id": self.run_id,
            "published_at": self.published["published_at"],
            "originals": sorted(
                {*own, *(raw for each in self.published.get("inputs", []) for raw in each["originals"])}
            ),
        }


def read_inputs(names: Names, store: Store) -> list[Input]:
    """Read the last publication of each input. If an input is being published, waits until the publication is complete.

    Raises RunFailed if an input has not been published, or if its publication is incomplete.
    """
    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        return list(pool.map(lambda name: _read_input(name, names.bucket, store), names.inputs))


def republished(inputs: Sequence[Input], names: Names, store: Store) -> list[str]:
    """The inputs that have published, or begun to publish, since they were read."""

    def has_changed(read: Input) -> bool:
        if read.published.get("table_format") == "iceberg":  # only its snapshot must still exist
            return bool(changed_files(read.published, names.bucket, store))
        current = store.read_json(f"{read.name.runs}published.json")
        return current is None or current["run_id"] != read.run_id or bool(changed_files(current, names.bucket, store))

    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        changed = list(pool.map(has_changed, inputs))
    return [read.name.dataset for read, is_changed in zip(inputs, changed, strict=True) if is_changed]


def changed_files(published: Mapping[str, Any], bucket: str, store: Store) -> dict[str, str]:
    """Find the listed files that another run has replaced or that no longer exist. Returns a dictionary that maps each
    of these files to the ID of the other run, or to "" if the file no longer exists.

    The file of a Parquet table with a single file has the same key in every run, so each publication replaces it. The
    objects of Iceberg tables have unique keys.
    """
    files = [f"s3://{bucket}/{file}" for table in published["tables"].values() for file in table["files"]]
    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        metadata = list(pool.map(store.metadata, files))
    run_ids = {file: (found or {}).get("run-id", "") for file, found in zip(files, metadata, strict=True)}
    if published.get("table_format") == "iceberg":
        return {file: "" for file, found in zip(files, metadata, strict=True) if found is None}
    return {file: run_id for file, run_id in run_ids.items() if run_id != published["run_id"]}


def note_inputs(inputs: Sequence[Input], record: RunRecord) -> list[dict[str, Any]]:
    """Log the publications of the inputs, and add them to the run record. Returns the entries in the record."""
    for each in inputs:
        record.log("inputs", f"{each.name.dataset} of run {each.run_id}, published {each.published['published_at']}")
    described = [each.described() for each in inputs]
    record.note({"inputs": described})
    return described


def require_same_inputs(inputs: Sequence[Input], names: Names, store: Store) -> None:
    """Raise RunFailed if an input has published since it was read, because the rules would compare rows with the new
    publication."""
    if changed := republished(inputs, names, store):
        raise RunFailed(
            ErrorCode.INPUT_CHANGED,
            f"The {with_names('input', changed)} published new data while this run was checking its rules. Run again.",
            retryable=True,
        ) from None


def input_changed(changed: Sequence[str], names: Names) -> RunFailed:
    """The error for a run whose inputs published new data during each attempt to read them."""
    return RunFailed(
        ErrorCode.INPUT_CHANGED,
        f"The {with_names('input', changed)} published new data during each of the {MAX_READS} attempts to read "
        f"the inputs. Schedule {names.dataset} for another time, and run again.",
        retryable=True,
    )


def _read_input(name: InputName, bucket: str, store: Store) -> Input:
    deadline = time.monotonic() + MAX_PUBLICATION_SECONDS
    while True:
        published = store.read_json(f"{name.runs}published.json")
        if published is None:
            raise RunFailed(
                ErrorCode.INPUT_NOT_PUBLISHED,
                f"The input {name.dataset} has not been published ({name.runs}published.json does not exist). "
                f"Run {name.dataset} first.",
            )
        changed = changed_files(published, bucket, store)
        if not changed:
            return Input(name, published)
        file, run_id = next(iter(changed.items()))
        what = f"run {run_id} has replaced it" if run_id else "it does not exist"
        if time.monotonic() > deadline:
            raise RunFailed(
                ErrorCode.INPUT_INCOMPLETE,
                f"The published data of the input {name.dataset} is incomplete: published.json lists {file} of run "
                f"{published['run_id']}, but {what}. Run {name.dataset} again to complete the publication, then run "
                "this dataset.",
                retryable=True,
            )
        LOG.info(f"waiting until {name.dataset} is published ({file}: {what})")
        time.sleep(POLL_SECONDS)
