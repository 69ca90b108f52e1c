"""The originals → parts in staging: whole records, counted, at a steady use of memory."""

import json
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType

from etl_runtime.convert.table_mapping import map_tables
from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.plural import plural
from etl_runtime.job.store import Store
from etl_runtime.read.container import Member, members
from etl_runtime.read.part import Part
from etl_runtime.read.split_records import split_api_responses, split_records, type_of
from etl_runtime.source.api.endpoints import Endpoint
from etl_runtime.source.files.original import Original

LOG = logging.getLogger(__name__)

SAMPLES_A_TABLE = 64
MOST_TIMES_LARGER, FREE_BYTES = (
    300,
    1 << 30,
)  # of a table's text against its download: beyond it is an archive made to fill disks
UPLOADS_AT_ONCE = 2
"""Beside the part that is being cut. One could be slower than the cutting: a connection to S3 takes 85-90 MB/s.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-design-patterns.html"""


@dataclass(frozen=True)
class Sample:
    """The first records of a part, for guessing types."""

    part: Part
    body: bytes


@dataclass
class UnpackedTable:
    """What one table is made of. `records` was counted while unpacking, independently of Spark."""

    parts: list[Part]
    samples: list[Sample]

    @property
    def records(self) -> int:
        return sum(part.records for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def sources(self) -> list[str]:
        """The source's columns as far as headers tell: those of the first file, then what later ones add."""
        return list(dict.fromkeys(source for part in self.parts for source in part.sources))


def unpack(
    originals: Sequence[Original],
    file_format: FileFormat,
    mapping: Mapping[str, str],
    endpoints: Mapping[str, Endpoint],
    names: Names,
    staging: str,
    store: Store,
) -> dict[str, UnpackedTable]:
    """Cut what the originals hold into parts under `staging`, by table. `endpoints` are those of an API, by table.

    Raises RunFailed where a file cannot be read, holds no records, belongs to no table, or unpacks to what no honest file does.
    """
    tables = {key: UnpackedTable([], []) for key in names.tables}
    most_bytes = FREE_BYTES + MOST_TIMES_LARGER * sum(original.size for original in originals)
    with ExitStack() as opened, _Uploads(store) as uploads:
        found = {original.name: opened.enter_context(members(original)) for original in originals}
        assigned = map_tables(found, mapping, names.tables)
        for member, key in assigned:
            endpoint = endpoints.get(key)
            records = _unpack_member(
                member, file_format, endpoint, tables[key], f"{staging}parts/{key}/", uploads, most_bytes
            )
            LOG.info(f"{member.name} → {key}: {plural(records, 'record')}")
        taken = {member for member, _ in assigned}
        left_out = [member.name for inside in found.values() for member in inside if member not in taken]
    if left_out:
        LOG.info(f"left out: {', '.join(left_out)}")
    for key, table in tables.items():
        if len(table.sources) == 1 and (
            likely := [mark for mark in ",;|\t" if mark in table.sources[0] and mark != file_format.delimiter]
        ):
            LOG.info(f"{key} has one column, {json.dumps(table.sources[0])}. Is the delimiter {json.dumps(likely[0])}?")
    return tables


def _unpack_member(
    member: Member,
    file_format: FileFormat,
    endpoint: Endpoint | None,
    table: UnpackedTable,
    folder: str,
    uploads: "_Uploads",
    most_bytes: int,
) -> int:
    """Cut one file into parts of its table. Returns how many records it has."""
    type = "json" if endpoint else type_of(member, file_format)
    if table.parts and table.parts[0].type != type:
        raise RunFailed(
            f"{member.name} is {type} and {table.parts[0].member} is {table.parts[0].type}: one table is made of files of one type. "
            "Give them two tables in file_table_mapping, or declare file_format.type."
        )
    parts: list[Part] = []
    samples: list[bytes] = []  # of the first parts
    records = 0
    blank_last = True
    for piece in (
        split_api_responses(member, endpoint) if endpoint else split_records(member, replace(file_format, type=type))
    ):
        uri = f"{folder}part-{len(table.parts) + len(parts):05}"
        uploads.send(uri, piece.body)
        parts.append(Part(uri, type, member.name, piece.sources, len(piece.body), piece.records, records + 1))
        if len(table.samples) + len(samples) < SAMPLES_A_TABLE:
            samples.append(piece.sample)
        records += piece.records
        blank_last = blank_last and piece.blank_last
        if table.bytes + sum(part.bytes for part in parts) > most_bytes:
            raise RunFailed(
                f"{member.name} unpacks to more than {most_bytes >> 20:,} MB, {MOST_TIMES_LARGER} times its download. Look at the file."
            )
    if not records and not endpoint:
        what = "a header and no" if file_format.header and type in ("csv", "fixed_width") else "no"
        raise RunFailed(f"{member.name} holds {what} records. The published table stays as it is.", retryable=True)
    if blank_last:
        parts = [replace(part, sources=part.sources[:-1]) for part in parts]
    table.parts += parts
    table.samples += [Sample(part, sample) for part, sample in zip(parts, samples, strict=False)]
    return records


class _Uploads:
    """Sends parts in the background, a few at a time, so that memory holds a few parts at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(UPLOADS_AT_ONCE)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "_Uploads":
        return self

    def send(self, uri: str, body: bytes | bytearray) -> None:
        while len(self._waiting) >= UPLOADS_AT_ONCE:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._store.write, uri, body))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if error is None:
            for upload in self._waiting:
                upload.result()
