"""The original → parts in staging: UTF-8, cut at record ends, counted, at a steady use of memory."""

import codecs
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import TracebackType
from typing import BinaryIO

from etl_runtime import csv_kernel, fixed_width_kernel
from etl_runtime.arguments import Names
from etl_runtime.columns import clean_names
from etl_runtime.container import Member, looks_like_data, members
from etl_runtime.errors import RunFailed
from etl_runtime.fetch import Original
from etl_runtime.file_format import FileFormat
from etl_runtime.records import Records, cut_at_record_ends, without_last
from etl_runtime.store import Store
from etl_runtime.text import utf8_blocks, with_stand_in, without_first_lines
from etl_runtime.told_type import refuse_json

UTF8_MARK = codecs.BOM_UTF8  # in front of a header that stands below other lines
PART_BYTES = 32 << 20  # larger parts hardly change the time, and cost memory in the driver and in every task
SAMPLE_BYTES = 256 << 10
SAMPLES_A_TABLE = 64
MOST_TIMES_LARGER, FREE_BYTES = 300, 1 << 30  # of a table's text against its download: beyond it is an archive made to fill disks
UPLOADS_AT_ONCE = 1  # beside the part that is being cut


@dataclass(frozen=True)
class Part:
    """Whole records of one member in staging, without a header. `sources` are its columns, in order."""

    uri: str
    member: str
    sources: tuple[str, ...]
    bytes: int
    records: int


@dataclass(frozen=True)
class Sample:
    """The first records of a part, for guessing types."""

    sources: tuple[str, ...]
    text: bytes


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
        """The source's columns: those of the first member, then what later ones add."""
        return list(dict.fromkeys(source for part in self.parts for source in part.sources))


def unpack(
    original: Original, rules: FileFormat, mapping: Mapping[str, str], names: Names, staging: str, store: Store, say: Callable[[str], None]
) -> dict[str, UnpackedTable]:
    """Cut what `original` holds into parts under `staging`, by table.

    Raises RunFailed where a file cannot be read, holds no records, belongs to no table, or unpacks to what no honest file does.
    """
    tables = {key: UnpackedTable([], []) for key in names.tables}
    most_bytes = FREE_BYTES + MOST_TIMES_LARGER * original.size
    with members(original) as found, _Uploads(store) as uploads:
        for member, key in _assigned(found, mapping, original.name, next(iter(names.tables))):
            records = _unpack_member(member, key, rules, tables[key], f"{staging}parts/{key}/", uploads, most_bytes, say)
            say(f"{member.name} → {key}: {counted(records, 'record')}")
        fed = {part.member for table in tables.values() for part in table.parts}
        left_out = [member.name for member in found if member.name not in fed]
    if left_out:
        say(f"left out: {', '.join(left_out)}")
    for key, table in tables.items():
        if len(table.sources) == 1 and (likely := [mark for mark in ",;|\t" if mark in table.sources[0] and mark != rules.delimiter]):
            say(f"{key} has one column, {json.dumps(table.sources[0])}. Is the delimiter {json.dumps(likely[0])}?")
    return tables


def _assigned(found: list[Member], mapping: Mapping[str, str], container: str, only_table: str) -> list[tuple[Member, str]]:
    """Which member feeds which table."""
    if not found:
        raise RunFailed(f"{container} holds no file of data. Look at what the source publishes.", retryable=True)
    names = [member.name for member in found]
    if "[Content_Types].xml" in names:
        raise RunFailed(f"{container} is an Office document, such as a spreadsheet. Ask the source for CSV.")
    if not mapping:
        data = found if len(found) == 1 else [member for member in found if looks_like_data(member.name)]
        if len(data) != 1:
            suggestion = json.dumps(_suggested_mapping(names), ensure_ascii=False)
            raise RunFailed(
                f"{container} holds {len(found)} files, and nothing says which feeds which table. "
                f"Add this to the dataset, without the lines that are no data: file_table_mapping {suggestion}"
            )
        return [(data[0], only_table)]
    patterns = [_matching(name, mapping) for name in names]
    for pattern in mapping:
        if pattern not in patterns:
            raise RunFailed(f'file_table_mapping "{pattern}" matches no file of {container}. It holds: {", ".join(names)}.', retryable=True)
    return [(member, mapping[matched]) for member, matched in zip(found, patterns, strict=True) if matched]


def _matching(name: str, mapping: Mapping[str, str]) -> str | None:
    """The key of the mapping that a file falls under: its own name before a glob. Raises RunFailed where two globs match."""
    own_names = (name, name.rpartition("/")[2])
    exact = [pattern for pattern in mapping if pattern in own_names]
    globs = [pattern for pattern in mapping if any(fnmatchcase(own_name, pattern) for own_name in own_names)]
    if not exact and len(globs) > 1:
        raise RunFailed(
            f"{name} matches {' and '.join(json.dumps(glob) for glob in globs)} of file_table_mapping. Make one of them narrower."
        )
    return next(iter(exact or globs), None)


def _suggested_mapping(names: list[str]) -> dict[str, str]:
    """A mapping to paste: a table of its own for each file, named after it."""
    bases = {name: name.rpartition("/")[2].partition(".")[0] for name in names}
    unique = dict(zip(names, source_names(list(bases.values())), strict=True))
    tables = clean_names(unique.values(), {})
    return {name: tables[unique[name]] for name in names}


def _unpack_member(
    member: Member,
    key: str,
    rules: FileFormat,
    table: UnpackedTable,
    folder: str,
    uploads: "_Uploads",
    most_bytes: int,
    say: Callable[[str], None],
) -> int:
    """Cut one file into parts of its table. Returns how many records it has."""
    before = table.records
    first_part, first_sample = len(table.parts), len(table.samples)
    with member.open() as stream:
        sources, runs, may_drop_last = _columns(_text_runs(stream, rules, member.name, say), rules, member.name)
        if rules.skip_footer:
            runs = without_last(runs, rules.skip_footer, member.name, say)
        for text, records, head in _parts(runs):
            uri = f"{folder}part-{len(table.parts):05}.csv"
            uploads.send(uri, text)
            table.parts.append(Part(uri, member.name, sources, len(text), records))
            if len(table.samples) < SAMPLES_A_TABLE:
                table.samples.append(Sample(sources, head))
            if table.bytes > most_bytes:
                raise RunFailed(
                    f"{member.name} unpacks to more than {most_bytes >> 20:,} MB, {MOST_TIMES_LARGER} times its download. Look at the file."
                )
            may_drop_last = may_drop_last and not _has_values(text, rules, len(sources))
    if table.records == before:
        raise RunFailed(f"{member.name} holds a header and no records. The published table stays as it is.", retryable=True)
    if may_drop_last:
        table.parts[first_part:] = [replace(part, sources=sources[:-1]) for part in table.parts[first_part:]]
        table.samples[first_sample:] = [replace(sample, sources=sources[:-1]) for sample in table.samples[first_sample:]]
    return table.records - before


def _text_runs(stream: BinaryIO, rules: FileFormat, name: str, say: Callable[[str], None]) -> Iterator[Records]:
    """The records of a text, as UTF-8 and without what the rules leave out above and between them."""
    blocks = utf8_blocks(stream, rules.encoding, name)
    if rules.type != "fixed_width":
        blocks = refuse_json(blocks, name)
    if rules.skip_rows:
        blocks = without_first_lines(blocks, rules.skip_rows, name, say)
    if rules.delimiter_byte.decode() != rules.delimiter:
        blocks = with_stand_in(blocks, rules.delimiter.encode(), rules.escape.encode(), name)
    return cut_at_record_ends(blocks, rules, name, say)


def _columns(runs: Iterator[Records], rules: FileFormat, name: str) -> tuple[tuple[str, ...], Iterator[Records], bool]:
    """The member's columns from its first record, and the runs of records that follow.

    And whether the last column is there only because of a delimiter at the end of the header, so that it may go where it has no value.
    """
    kernel = fixed_width_kernel if rules.type == "fixed_width" else csv_kernel
    for run in runs:
        first = run.first()
        if first is None:
            continue
        fields = kernel.read_fields(first.removeprefix(UTF8_MARK), rules)
        if rules.header:
            unnamed = kernel is csv_kernel and len(fields) > 1 and not fields[-1]
            return source_names(fields), _chain(run.after_first(), runs), unnamed
        return tuple(f"column_{position}" for position in range(1, len(fields) + 1)), _chain(run, runs), False
    raise RunFailed(f"{name} is empty. The published table stays as it is.", retryable=True)


def _has_values(text: bytes, rules: FileFormat, width: int) -> bool:
    """Whether a record has a value in the last of `width` columns."""
    last = csv_kernel.read_table(text, rules, width).columns[-1]
    return bool(last.null_count < len(last))


def source_names(header: list[str]) -> tuple[str, ...]:
    """A header's cells as unique names: an empty cell is named by its position, a repeated one gets its count."""
    names: dict[str, None] = {}
    counts: dict[str, int] = {}
    for position, cell in enumerate(header, start=1):
        name = base = cell.strip() or f"column_{position}"
        while name in names:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base} {counts[base]}"
        names[name] = None
    return tuple(names)


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _chain(first: Records, rest: Iterator[Records]) -> Iterator[Records]:
    yield first
    yield from rest


def _parts(runs: Iterator[Records]) -> Iterator[tuple[bytes, int, bytes]]:
    """Runs of records joined to parts: (text, records, the first records)."""
    texts: list[bytes] = []
    records = 0
    head = b""
    for run in runs:
        if not len(run.ends):
            continue
        head = head or run.head(SAMPLE_BYTES)
        texts.append(run.text)
        records += run.count()
        if sum(map(len, texts)) >= PART_BYTES:
            yield b"".join(texts), records, head
            texts, records, head = [], 0, b""
    if records:
        yield b"".join(texts), records, head


class _Uploads:
    """Sends parts in the background, a few at a time, so that memory holds a few parts at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(UPLOADS_AT_ONCE)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "_Uploads":
        return self

    def send(self, uri: str, text: bytes) -> None:
        while len(self._waiting) >= UPLOADS_AT_ONCE:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._store.write, uri, text, "text/csv"))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown()
        if error is None:
            for upload in self._waiting:
                upload.result()
