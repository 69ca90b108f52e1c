"""The originals → parts in staging: whole records, counted, at a steady use of memory."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType

from etl_runtime.arguments import Names
from etl_runtime.assign import assign
from etl_runtime.container import Member, members
from etl_runtime.counted import counted
from etl_runtime.endpoints import Endpoint
from etl_runtime.errors import RunFailed
from etl_runtime.fetch import Original
from etl_runtime.file_format import FileFormat
from etl_runtime.part import Part
from etl_runtime.pieces import answer_pieces, pieces, type_of
from etl_runtime.store import Store

SAMPLES_A_TABLE = 64
MOST_TIMES_LARGER, FREE_BYTES = 300, 1 << 30  # of a table's text against its download: beyond it is an archive made to fill disks
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
    rules: FileFormat,
    mapping: Mapping[str, str],
    endpoints: Mapping[str, Endpoint],
    names: Names,
    staging: str,
    store: Store,
    say: Callable[[str], None],
) -> dict[str, UnpackedTable]:
    """Cut what the originals hold into parts under `staging`, by table. `endpoints` are those of an API, by table.

    Raises RunFailed where a file cannot be read, holds no records, belongs to no table, or unpacks to what no honest file does.
    """
    tables = {key: UnpackedTable([], []) for key in names.tables}
    most_bytes = FREE_BYTES + MOST_TIMES_LARGER * sum(original.size for original in originals)
    with ExitStack() as opened, _Uploads(store) as uploads:
        found = {original.name: opened.enter_context(members(original)) for original in originals}
        assigned = assign(found, mapping, names.tables)
        for member, key in assigned:
            endpoint = endpoints.get(key)
            records = _unpack_member(member, rules, endpoint, tables[key], f"{staging}parts/{key}/", uploads, most_bytes, say)
            say(f"{member.name} → {key}: {counted(records, 'record')}")
        taken = {member for member, _ in assigned}
        left_out = [member.name for inside in found.values() for member in inside if member not in taken]
    if left_out:
        say(f"left out: {', '.join(left_out)}")
    for key, table in tables.items():
        if len(table.sources) == 1 and (likely := [mark for mark in ",;|\t" if mark in table.sources[0] and mark != rules.delimiter]):
            say(f"{key} has one column, {json.dumps(table.sources[0])}. Is the delimiter {json.dumps(likely[0])}?")
    return tables


def _unpack_member(
    member: Member,
    rules: FileFormat,
    endpoint: Endpoint | None,
    table: UnpackedTable,
    folder: str,
    uploads: "_Uploads",
    most_bytes: int,
    say: Callable[[str], None],
) -> int:
    """Cut one file into parts of its table. Returns how many records it has."""
    type = "json" if endpoint else type_of(member, rules)
    if table.parts and table.parts[0].type != type:
        raise RunFailed(
            f"{member.name} is {type} and {table.parts[0].member} is {table.parts[0].type}: one table is made of files of one type. "
            "Give them two tables in file_table_mapping, or declare file_format.type."
        )
    parts: list[Part] = []
    samples: list[bytes] = []  # of the first parts
    records = 0
    blank_last = True
    for piece in answer_pieces(member, endpoint) if endpoint else pieces(member, replace(rules, type=type), say):
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
        what = "a header and no" if rules.header and type in ("csv", "fixed_width") else "no"
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

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown()
        if error is None:
            for upload in self._waiting:
                upload.result()
