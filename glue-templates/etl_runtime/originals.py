"""The originals of a run, and where in raw/ each is kept: fetched from the source, or those that an earlier run kept."""

import hashlib
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import NamedTemporaryFile
from typing import Any

from etl_runtime.arguments import Job, Names
from etl_runtime.errors import RunFailed
from etl_runtime.fetch import BLOCK_BYTES, Original, Validators, public
from etl_runtime.publish import SUPERSEDED
from etl_runtime.sources import fetch_all
from etl_runtime.store import Store

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


def gather(
    job: Job, run_id: str, known: Mapping[str, Validators], store: Store, say: Callable[[str], None], on_answer: Callable[[], object]
) -> list[KeptOriginal] | None:
    """The run's originals, None where the source has nothing new. `on_answer` is called when a download begins."""
    if job.options.from_run:
        on_answer()
        return [_fetch_kept(source, store) for source in _kept_sources(job.options.from_run, job.names, store)]
    url = job.document["source_url"]
    fetched = fetch_all(
        [url] if isinstance(url, str) else url,
        datetime.now(UTC).date(),
        job.document.get("lookback_days", LOOKBACK_DAYS),
        known,
        say,
        on_answer,
    )
    folder = f"{job.names.raw}run_id={run_id}/"
    return None if fetched is None else [KeptOriginal(original, folder + original.name, there=False) for original in fetched]


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
        raise RunFailed(f"from_run is {run_id}, and {names.dataset} has no record of such a run. The last ones with originals: {runs}.")
    sources: list[dict[str, Any]] = record.get("sources", [])
    if not sources:
        raise RunFailed(f"Run {run_id} of {names.dataset} kept no original: it ended as {record['status']}. Choose another from_run.")
    return sources


def _fetch_kept(source: dict[str, Any], store: Store) -> KeptOriginal:
    """One of them as a file, proved to be what was kept. Raises RunFailed where it is gone or has changed."""
    uri = source["raw"]
    file = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
    if not store.download(uri, file):
        file.close()
        raise RunFailed(f"{uri} is gone: superseded originals are deleted after a time (retention of EtlCore). Choose another from_run.")
    file.flush()
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    if digest.hexdigest() != source["sha256"]:
        file.close()
        raise RunFailed(f"{uri} is not what the run kept: its SHA-256 is {digest.hexdigest()}, then it was {source['sha256']}.")
    about = (source["url"], source["size_bytes"], source["sha256"], source["etag"], source["last_modified"])
    return KeptOriginal(Original(file, posixpath.basename(uri), *about), uri, there=True)
