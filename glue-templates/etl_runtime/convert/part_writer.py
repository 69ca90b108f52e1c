"""Writes the parts of a run: the first parts to the disk of the driver, and the others to staging in S3.

The driver converts its own parts without Spark. For a small source, starting Spark would take longer than the
conversion, and each part in staging has to be uploaded and downloaded. For a large source, the additional cores of the
executors outweigh this overhead.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from etl_runtime.convert.early_conversion import EarlyConversion
from etl_runtime.job.errors import run_failure
from etl_runtime.job.store import Store
from etl_runtime.read import split_records
from etl_runtime.read.part import DRIVER_SCHEME, Part
from etl_runtime.read.split_records import RecordBlock

MAX_DRIVER_BYTES = 2 << 30
"""The maximum size of the parts on the driver. A driver with four cores converts them in about ten seconds."""
MAX_DRIVER_JSON_BYTES = 64 << 20
"""The maximum size of JSON parts on the driver. The driver's threads cannot convert all kinds of JSON in parallel."""
CONCURRENT_UPLOADS = 3
"""The number of concurrent uploads while the next part is read. With fewer, uploads could be the bottleneck: one thread
decompresses 200-250 MB/s, and a connection to S3 reaches 85-90 MB/s.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-design-patterns.html"""


class PartWriter:
    """Writes parts to `folder` on the driver, or to `staging`. When the context exits, all parts have been written.

    If `early` is set, the writer converts some parts on the driver instead of writing them. `on_staged` is called
    before a part is written to staging.
    """

    def __init__(
        self,
        folder: Path,
        staging: str,
        store: Store,
        early: EarlyConversion | None = None,
        on_staged: Callable[[], object] = lambda: None,
    ) -> None:
        self._folder = folder
        self._staging = staging
        self._store = store
        self._early = early
        self._on_staged = on_staged
        self._driver_bytes = 0
        self._driver_json_bytes = 0
        self._driver_parts = 0
        self._pool = ThreadPoolExecutor(CONCURRENT_UPLOADS)
        self._uploads: deque[Future[None]] = deque()

    def __enter__(self) -> "PartWriter":
        return self

    def write(self, table: str, number: int, part: Part, block: RecordBlock, *, is_only_file: bool = False) -> Part:
        """Write part number `number` of a table, and return the part with its URI.

        Waits until an upload or a conversion slot is free, so that only a few parts are in memory. Raises RunFailed if
        the disk is full. `is_only_file` is true if all parts of the table come from one file.
        """
        if not self._fits_on_driver(part):
            return replace(part, uri=self._stage(table, number, block.body))
        early = self._early if is_only_file else None
        if early and (converting := early.start(table, number, part, block)):
            return converting
        part = replace(part, uri=self._keep(block.body))
        if early:
            early.add(table, number, part, block.sample)
        return part

    def _keep(self, body: bytes) -> str:
        file = self._folder / f"part-{self._driver_parts:05}"
        self._driver_parts += 1
        try:
            file.write_bytes(body)
        except OSError as error:
            raise run_failure(error) from error
        return f"{DRIVER_SCHEME}{file}"

    def _stage(self, table: str, number: int, body: bytes) -> str:
        self._on_staged()
        uri = f"{self._staging}parts/{table}/part-{number:05}"
        while len(self._uploads) >= CONCURRENT_UPLOADS:
            self._uploads.popleft().result()
        self._uploads.append(self._pool.submit(self._store.write, uri, body))
        return uri

    def _fits_on_driver(self, part: Part) -> bool:
        """Whether a part stays on the driver. A small part may still fit after a larger part has been staged."""
        is_json, size = part.type in ("json", "jsonl"), part.bytes
        if part.type == "parquet":
            size = max(size, split_records.PART_BYTES)  # a Parquet part is compressed; in memory, it has this size
        if self._driver_bytes + size > MAX_DRIVER_BYTES:
            return False
        if is_json and self._driver_json_bytes + size > MAX_DRIVER_JSON_BYTES:
            return False
        self._driver_bytes += size
        self._driver_json_bytes += size if is_json else 0
        return True

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if error is None:
            for upload in self._uploads:
                upload.result()
