"""The originals of a run, and where in raw/ each is kept: from the dataset's source, a script's own, or those of an earlier run."""

import hashlib
import logging
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any
from urllib.parse import quote

from etl_runtime.job.arguments import Job, Names
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.secret_value import read_secret
from etl_runtime.job.store import SUPERSEDED, Store
from etl_runtime.source.api.endpoints import endpoints_of
from etl_runtime.source.api.fetch_endpoints import Api
from etl_runtime.source.files.bucket_files import BucketReader
from etl_runtime.source.files.dated_files import fetch_all, with_own_names
from etl_runtime.source.files.fetch import BLOCK_BYTES, Validators, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original
from etl_runtime.web.auth import credentials_of
from etl_runtime.web.client import HttpClient, public
from etl_runtime.web.rate_limiter import RateLimiter

LOG = logging.getLogger(__name__)

LOOKBACK_DAYS = 7


@dataclass(frozen=True)
class KeptOriginal:
    """An original, and its place in raw/. `there` is whether an earlier run has put it there."""

    original: Original
    raw: str
    there: bool

    def described(self) -> dict[str, Any]:
        """What the run's record and published.json say of it."""
        return {
            "url": public(self.original.url),
            "raw": self.raw,
            "size_bytes": self.original.size,
            "sha256": self.original.sha256,
            "etag": self.original.etag,
            "last_modified": self.original.last_modified,
        }


class Fetching:
    """The services for a custom fetch: the argument of the function that a script passes to `run_bronze`.

    Example:
        def fetch(source: Fetching) -> None:
            password = source.secret("vendor/ftp", "password")
            (source.folder / "orders.csv").write_bytes(download(password))
    """

    def __init__(self, folder: Path, document: DatasetDocument) -> None:
        self.folder = folder
        """An empty folder. Every file that the fetch writes to it, also in subfolders, is an original: it is kept in raw/
        and read with the format that the dataset document declares."""
        self.document = document
        """The dataset document as a dictionary."""

    def secret(self, name: str, key: str | None = None) -> str:
        """Read a secret from AWS Secrets Manager. From then on its value is redacted in logs, errors and run records.

        Args:
            name: The name or the ARN of the secret. The job's role must be allowed to read it.
            key: A key, if the secret is a JSON object. By default, the entire secret is returned.

        Returns:
            The value, without leading and trailing whitespace.

        Raises:
            RunFailed: SECRET_NOT_FOUND, SECRET_ACCESS_DENIED or SECRET_UNAVAILABLE: the secret cannot be read.
                SECRET_INVALID: the secret is empty or binary, or has no such key.

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
"""A script's own way to the files."""


def gather(
    job: Job,
    record: RunRecord,
    known: Mapping[str, Validators],
    store: Store,
    on_response: Callable[[], object],
    own: Fetch | None = None,
) -> list[KeptOriginal] | None:
    """The run's originals, None where the source has nothing new. `on_response` is called when a download begins.

    They are those that an earlier run kept, or what the script's `own` fetch, the API or the addresses of the document give.
    """
    document = job.document

    if job.options.from_run:
        on_response()
        return [_fetch_kept(source, store) for source in _kept_sources(job.options.from_run, job.names, store)]
    fetched: list[Original] | None
    if own:
        on_response()
        fetched = _fetch_own(own, document)
    elif "api_endpoints" in document:
        fetched = Api(endpoints_of(document), FetchContext(client_of(document), on_response)).fetch()
    elif "source_url" in document:
        context = FetchContext(client_of(document), on_response)
        buckets = BucketReader(store, document.get("source_files", "newest") == "newest")
        lookback_days = document.get("lookback_days", LOOKBACK_DAYS)
        fetched = fetch_all(_addresses(document), datetime.now(UTC).date(), lookback_days, known, context, buckets)
    else:
        raise RunFailed(
            "The dataset has neither source_url nor api_endpoints: its script has to give a fetch to run_bronze."
        )
    folder = f"{job.names.raw}run_id={record.run_id}/"
    return (
        None
        if fetched is None
        else [KeptOriginal(original, folder + original.name, there=False) for original in fetched]
    )


def client_of(document: DatasetDocument) -> HttpClient:
    """The client for the requests of a dataset. Raises RunFailed where its secret cannot be read."""
    homes = [*_addresses(document), *(each.url for each in endpoints_of(document))]
    credentials = credentials_of(document["auth"]) if "auth" in document else None
    return HttpClient(document.get("headers"), credentials, RateLimiter(document.get("rate_limit")), homes)


def _addresses(document: DatasetDocument) -> list[str]:
    source = document.get("source_url", [])
    return [source] if isinstance(source, str) else source


def _fetch_own(fetch: Fetch, document: DatasetDocument) -> list[Original]:
    """What a script's own fetch put into its folder, in the order of the names. Raises RunFailed where that is nothing."""
    with TemporaryDirectory(prefix="medallion-") as name, ExitStack() as unless_whole:
        folder = Path(name)
        fetch(Fetching(folder, document))
        originals = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            file = unless_whole.enter_context(NamedTemporaryFile(prefix="medallion-"))
            with path.open("rb") as stream:
                copyfileobj(stream, file, BLOCK_BYTES)
            file.flush()
            path.unlink()
            name_in_raw = file_name(f"/{quote(path.name)}")
            originals.append(Original(file, name_in_raw, f"file:{path.name}", file.tell(), _sha256(file), None, None))
        if not originals:
            raise RunFailed(
                "The script's fetch put no file into its folder. The published table stays as it is.", retryable=True
            )
        unless_whole.pop_all()
    return with_own_names(originals)


@contextmanager
def on_disk(originals: Sequence[KeptOriginal]) -> Iterator[list[Original]]:
    """The files themselves, removed in the end."""
    try:
        yield [kept.original for kept in originals]
    finally:
        for kept in originals:
            kept.original.file.close()


def keep(kept: KeptOriginal, store: Store) -> None:
    """Into raw/, tagged to expire until the run is published."""
    if not kept.there:
        store.upload(kept.original.path, kept.raw, tags=SUPERSEDED)


def _kept_sources(run_id: str, names: Names, store: Store) -> list[dict[str, Any]]:
    """What the record of a run says of its sources. Raises RunFailed where there is no such run, or it kept nothing."""
    record = store.read_json(f"{names.runs}run_id={run_id}.json")
    if record is None:
        kept = [uri.removeprefix(names.raw).partition("/")[0].removeprefix("run_id=") for uri in store.list(names.raw)]
        runs = ", ".join(list(dict.fromkeys(kept))[-5:]) or "none"
        raise RunFailed(
            f"from_run is {run_id}, and {names.dataset} has no record of such a run. The last ones with originals: {runs}."
        )
    sources: list[dict[str, Any]] = record.get("sources", [])
    if not sources:
        raise RunFailed(
            f"Run {run_id} of {names.dataset} kept no original: it ended as {record['status']}. Choose another from_run."
        )
    return sources


def _fetch_kept(source: dict[str, Any], store: Store) -> KeptOriginal:
    """One of them as a file, proved to be what was kept. Raises RunFailed where it is gone or has changed."""
    uri = source["raw"]
    file = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
    if not store.download(uri, file):
        file.close()
        raise RunFailed(
            f"{uri} is gone: superseded originals are deleted after a time (retention of EtlCore). Choose another from_run."
        )
    file.flush()
    if (found := _sha256(file)) != source["sha256"]:
        file.close()
        raise RunFailed(f"{uri} is not what the run kept: its SHA-256 is {found}, then it was {source['sha256']}.")
    about = (source["url"], source["size_bytes"], source["sha256"], source["etag"], source["last_modified"])
    return KeptOriginal(Original(file, posixpath.basename(uri), *about), uri, there=True)


def _sha256(file: Any) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()
