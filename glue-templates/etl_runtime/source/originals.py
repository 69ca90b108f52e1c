"""The originals of a run: from the dataset's source, from a custom fetch, or from an earlier run."""

import hashlib
import logging
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any
from urllib.parse import quote

from etl_runtime.job.arguments import Job, Names
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.progress import DownloadProgress
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.secret_value import read_secret
from etl_runtime.job.store import SUPERSEDED, Store
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.source.api.endpoints import endpoints_of
from etl_runtime.source.api.fetch_endpoints import fetch_endpoints
from etl_runtime.source.files.bucket_files import BucketReader
from etl_runtime.source.files.dated_files import fetch_all, has_date, with_unique_names
from etl_runtime.source.files.fetch import BLOCK_BYTES, Validators, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.source.files.source_dates import LOOKBACK_DAYS as USUAL_LOOKBACK_DAYS
from etl_runtime.source.records_contract import RecordsContract
from etl_runtime.web.auth import credentials_of
from etl_runtime.web.client import HttpClient, without_query
from etl_runtime.web.rate_limiter import RateLimiter

LOG = logging.getLogger(__name__)

LOOKBACK_DAYS = 7


@dataclass(frozen=True)
class KeptOriginal:
    """An original and its key in raw/. `is_stored` means that an earlier run has already stored it under this key."""

    original: Original
    raw: str
    is_stored: bool

    def described(self) -> dict[str, Any]:
        """The entry of this original under `sources` in the run record and in published.json."""
        return {
            "url": without_query(self.original.url),
            "raw": self.raw,
            "size_bytes": self.original.size,
            "sha256": self.original.sha256,
            "etag": self.original.etag,
            "last_modified": self.original.last_modified,
            **({"source_date": self.original.source_date.isoformat()} if self.original.source_date else {}),
        }


class Fetching:
    """The argument of a custom fetch function: the folder for its files, the dataset document, secrets and the job log.

    Example:
        def fetch(source: Fetching) -> None:
            password = source.secret("vendor/ftp", "password")
            (source.folder / "orders.csv").write_bytes(download(password))
    """

    def __init__(self, folder: Path, document: DatasetDocument) -> None:
        self.folder = folder
        """An empty folder. Every file that the fetch function writes to it, including subfolders, is an original: it is
        stored in raw/ and read in the format that the dataset document declares."""
        self.document = document
        """The dataset document as a dictionary."""

    def secret(self, name: str, key: str | None = None) -> str:
        """Read a secret from AWS Secrets Manager. Afterwards, its value is redacted in logs, errors and run records.

        Args:
            name: The name or the ARN of the secret. The job's role must be allowed to read it.
            key: The key to read if the secret is a JSON object. By default, the entire secret is returned.

        Returns:
            The value, without leading and trailing whitespace.

        Raises:
            RunFailed: SECRET_NOT_FOUND, SECRET_ACCESS_DENIED or SECRET_UNAVAILABLE if the secret cannot be read.
                SECRET_INVALID if the secret is empty or binary, or has no such key.

        Example:
            password = source.secret("vendor/ftp", "password")
        """
        return read_secret(name, key)

    def log(self, text: str) -> None:
        """Write a line to the job's log. Values of secrets that this run has read are redacted.

        Args:
            text: The line.

        Example:
            source.log("downloading orders.csv")
        """
        LOG.info(text)


Fetch = Callable[[Fetching], None]
"""A custom fetch function, which writes files to `Fetching.folder`."""


def gather(
    job: Job,
    record: RunRecord,
    known: Mapping[str, Validators],
    store: Store,
    on_response: Callable[[], object],
    custom_fetch: Fetch | None = None,
    records: RecordsContract | None = None,
    table_values: Mapping[str, Sequence[str]] | None = None,
) -> list[KeptOriginal] | None:
    """Return the originals of the run, or None if the source has not changed since the run that stored the validators
    in `known`.

    If `from_run` is set, the originals come from that earlier run. Otherwise, they come from `custom_fetch` if there is
    one, or from the API or the URLs in the document. `on_response` is called when a download starts. `records` defines
    where the records are in API responses. `table_values` contains the `for_each` values that come from tables, as JSON
    text, keyed by endpoint.
    """
    if job.options.from_run:
        on_response()
        return [_fetch_stored(source, store) for source in _stored_sources(job.options.from_run, job.names, store)]
    requested = _requested_date(job, custom_fetch is not None)
    originals = _fetch(
        job.document,
        known,
        store,
        on_response,
        custom_fetch,
        records or RecordsContract(),
        table_values or {},
        requested,
    )
    if originals is None:
        return None
    folder = f"{job.names.raw}run_id={record.run_id}/"
    return [KeptOriginal(original, folder + original.name, is_stored=False) for original in originals]


def _fetch(
    document: DatasetDocument,
    known: Mapping[str, Validators],
    store: Store,
    on_response: Callable[[], object],
    custom_fetch: Fetch | None,
    records: RecordsContract,
    table_values: Mapping[str, Sequence[str]],
    requested: date | None,
) -> list[Original] | None:
    if custom_fetch:
        on_response()
        return _fetch_custom(custom_fetch, document)
    if "api_endpoints" in document:
        context = FetchContext(client_of(document), on_response, records, table_values)
        return fetch_endpoints(endpoints_of(document), context)
    if "source_url" in document:
        context = FetchContext(client_of(document), on_response)
        buckets = BucketReader(store, document.get("source_files", "newest") == "newest")
        source_dates = document.get("source_dates")
        default = USUAL_LOOKBACK_DAYS[source_dates["every"]] if source_dates else LOOKBACK_DAYS
        lookback_days = 0 if requested else document.get("lookback_days", default)
        day = requested or datetime.now(UTC).date()
        return fetch_all(_source_urls(document), day, lookback_days, known, context, buckets, source_dates)
    raise RunFailed(
        ErrorCode.SOURCE_NOT_CONFIGURED,
        "The dataset has neither source_url nor api_endpoints. Set one of them, or pass a fetch function to "
        "run_bronze in your script.",
    )


def _requested_date(job: Job, has_custom_fetch: bool) -> date | None:
    """The date in the run options. Raises RunFailed if the date would have no effect."""
    requested = job.options.date
    if requested is None:
        return None
    if has_custom_fetch or not any(has_date(url) for url in _source_urls(job.document)):
        raise RunFailed(
            ErrorCode.RUN_OPTIONS_INVALID,
            f"run_options.date is {requested}, but no source_url of {job.names.dataset} contains a date "
            "placeholder. Remove run_options.date, or add a placeholder such as {yyyy-MM-dd} to source_url.",
        )
    return requested


def client_of(document: DatasetDocument) -> HttpClient:
    """The HTTP client of a dataset. Raises RunFailed if the dataset's secret cannot be read."""
    trusted_urls = [*_source_urls(document), *(url for each in endpoints_of(document) for url in each.urls)]
    credentials = credentials_of(document["auth"]) if "auth" in document else None
    return HttpClient(document.get("headers"), credentials, RateLimiter(document.get("rate_limit")), trusted_urls)


def _source_urls(document: DatasetDocument) -> list[str]:
    source = document.get("source_url", [])
    return [source] if isinstance(source, str) else source


def _fetch_custom(fetch: Fetch, document: DatasetDocument) -> list[Original]:
    """The files that a custom fetch function writes to its folder, sorted by name. Raises RunFailed if there are
    none."""
    with TemporaryDirectory(prefix="medallion-") as name, ExitStack() as unless_complete:
        folder = Path(name)
        fetch(Fetching(folder, document))
        originals = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            file = unless_complete.enter_context(NamedTemporaryFile(prefix="medallion-"))
            with path.open("rb") as stream:
                copyfileobj(stream, file, BLOCK_BYTES)
            file.flush()
            path.unlink()
            name_in_raw = file_name(f"/{quote(path.name)}")
            originals.append(Original(file, name_in_raw, f"file:{path.name}", file.tell(), _sha256(file), None, None))
        if not originals:
            raise RunFailed(
                ErrorCode.SOURCE_EMPTY,
                "The fetch function of the script wrote no file to Fetching.folder. The published table is unchanged. "
                "Write at least one file to this folder.",
                retryable=True,
            )
        unless_complete.pop_all()
    return with_unique_names(originals)


@contextmanager
def on_disk(originals: Sequence[KeptOriginal]) -> Iterator[list[Original]]:
    """Provide the downloaded files, and delete them at the end of the block."""
    try:
        yield [kept.original for kept in originals]
    finally:
        for kept in originals:
            kept.original.file.close()


def keep(kept: KeptOriginal, store: Store) -> None:
    """Store the original in raw/ with a tag that lets it expire. When the run publishes, the tag is removed."""
    if not kept.is_stored:
        store.upload(kept.original.path, kept.raw, tags=SUPERSEDED)


def stored_inputs(run_id: str, names: Names, store: Store) -> list[dict[str, Any]]:
    """The inputs in a run record: the publications that contain the for_each values of that run."""
    inputs: list[dict[str, Any]] = (store.read_json(f"{names.runs}run_id={run_id}.json") or {}).get("inputs", [])
    return inputs


def _stored_sources(run_id: str, names: Names, store: Store) -> list[dict[str, Any]]:
    """The sources in a run record. Raises RunFailed if there is no such run, or if it stored no originals."""
    record = store.read_json(f"{names.runs}run_id={run_id}.json")
    if record is None:
        stored = [
            uri.removeprefix(names.raw).partition("/")[0].removeprefix("run_id=") for uri in store.list(names.raw)
        ]
        run_ids = list(dict.fromkeys(stored))
        runs = ", ".join(run_ids[-5:]) or "none"
        raise RunFailed(
            ErrorCode.ORIGINAL_NOT_FOUND,
            f"from_run is {run_id}, but {names.dataset} has no record of this run. {did_you_mean(run_id, run_ids)}"
            f"Latest runs with originals: {runs}.",
        )
    sources: list[dict[str, Any]] = record.get("sources", [])
    if not sources:
        raise RunFailed(
            ErrorCode.ORIGINAL_NOT_FOUND,
            f"Run {run_id} of {names.dataset} stored no originals (its status is {record['status']}). Set "
            "from_run to another run.",
        )
    return sources


def _fetch_stored(source: dict[str, Any], store: Store) -> KeptOriginal:
    """The original of an earlier run. Raises RunFailed if it was deleted or changed."""
    uri = source["raw"]
    file = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
    with DownloadProgress(uri) as progress:
        exists = store.download(uri, file, lambda received: progress.add(received, source["size_bytes"]))
    if not exists:
        file.close()
        raise RunFailed(
            ErrorCode.ORIGINAL_NOT_FOUND,
            f"{uri} does not exist. Superseded originals expire: see the retention prop of EtlCore. Set from_run to "
            "another run.",
        )
    file.flush()
    if (found := _sha256(file)) != source["sha256"]:
        file.close()
        raise RunFailed(
            ErrorCode.ORIGINAL_CHANGED,
            f"{uri} was changed after the run: its SHA-256 is {found}, but the run record has {source['sha256']}. "
            "Set from_run to another run.",
        )
    original = Original(
        file,
        posixpath.basename(uri),
        source["url"],
        source["size_bytes"],
        source["sha256"],
        source["etag"],
        source["last_modified"],
        source_date=date.fromisoformat(source["source_date"]) if "source_date" in source else None,
    )
    return KeptOriginal(original, uri, is_stored=True)


def _sha256(file: Any) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()
