"""The original → parts in staging: UTF-8, cut at record ends, counted, at a steady use of memory."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType

from etl_runtime.arguments import Names
from etl_runtime.columns import clean_names
from etl_runtime.container import Member, looks_like_data, members
from etl_runtime.csv_kernel import read_fields
from etl_runtime.errors import RunFailed
from etl_runtime.fetch import Original
from etl_runtime.file_format import FileFormat
from etl_runtime.records import Records, cut_at_record_ends
from etl_runtime.store import Store
from etl_runtime.text import utf8_blocks, with_stand_in

PART_BYTES = 32 << 20  # larger parts hardly change the time, and cost memory in the driver and in every task
SAMPLE_BYTES = 256 << 10
SAMPLES_A_TABLE = 64
MOST_TIMES_LARGER, FREE_BYTES = 300, 1 << 30  # of a table's text against its download: beyond it is an archive made to fill disks
UPLOADS_AT_ONCE = 1  # beside the part that is being cut


@dataclass(frozen=True)
class Part:
    """Whole records of one member in staging, without a header. `sources` are its columns of text, in order."""

    uri: str
    type: str
    member: str
    sources: tuple[str, ...]
    bytes: int
    records: int


@dataclass(frozen=True)
class Sample:
    """The first records of a part, for guessing types."""

    type: str
    sources: tuple[str, ...]
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
        """The source's columns: those of the first member, then what later ones add."""
        return list(dict.fromkeys(source for part in self.parts for source in part.sources))


def unpack(
    originals: Sequence[Original],
    rules: FileFormat,
    mapping: Mapping[str, str],
    names: Names,
    staging: str,
    store: Store,
    say: Callable[[str], None],
) -> dict[str, UnpackedTable]:
    """Cut what the originals hold into parts under `staging`, by table.

    Raises RunFailed where a file cannot be read, holds no records, belongs to no table, or unpacks to what no honest file does.
    """
    tables = {key: UnpackedTable([], []) for key in names.tables}
    most_bytes = FREE_BYTES + MOST_TIMES_LARGER * sum(original.size for original in originals)
    with ExitStack() as opened, _Uploads(store) as uploads:
        found = {original.name: opened.enter_context(members(original)) for original in originals}
        assigned = _mapped(found, mapping) if mapping else [(_only_data(*each), next(iter(names.tables))) for each in found.items()]
        for member, key in assigned:
            records = _unpack_member(member, key, rules, tables[key], f"{staging}parts/{key}/", uploads, most_bytes)
            say(f"{member.name} → {key}: {counted(records, 'record')}")
        left_out = [member.name for inside in found.values() for member in inside if member not in [taken for taken, _ in assigned]]
    if left_out:
        say(f"left out: {', '.join(left_out)}")
    for key, table in tables.items():
        if len(table.sources) == 1 and (likely := [mark for mark in ",;|\t" if mark in table.sources[0] and mark != rules.delimiter]):
            say(f"{key} has one column, {json.dumps(table.sources[0])}. Is the delimiter {json.dumps(likely[0])}?")
    return tables


def _only_data(container: str, found: list[Member]) -> Member:
    """The one file of data in a container, where nothing is declared."""
    _require_files(container, found)
    data = found if len(found) == 1 else [member for member in found if looks_like_data(member.name)]
    if len(data) != 1:
        suggestion = json.dumps(_suggested_mapping([member.name for member in found]), ensure_ascii=False)
        raise RunFailed(
            f"{container} holds {len(found)} files, and nothing says which feeds which table. "
            f"Add this to the dataset, without the lines that are no data: file_table_mapping {suggestion}"
        )
    return data[0]


def _mapped(found: Mapping[str, list[Member]], mapping: Mapping[str, str]) -> list[tuple[Member, str]]:
    """Which member of any container feeds which table, by what is declared."""
    for container, inside in found.items():
        _require_files(container, inside)
    every = [member for inside in found.values() for member in inside]
    patterns = [_matching(member.name, mapping) for member in every]
    for pattern in mapping:
        if pattern not in patterns:
            there = ", ".join(member.name for member in every)
            raise RunFailed(f'file_table_mapping "{pattern}" matches no file of {", ".join(found)}. It holds: {there}.', retryable=True)
    return [(member, mapping[matched]) for member, matched in zip(every, patterns, strict=True) if matched]


def _require_files(container: str, found: list[Member]) -> None:
    if not found:
        raise RunFailed(f"{container} holds no file of data. Look at what the source publishes.", retryable=True)
    if any(member.name == "[Content_Types].xml" for member in found):
        raise RunFailed(f"{container} is an Office document, such as a spreadsheet. Ask the source for CSV.")


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
    member: Member, key: str, rules: FileFormat, table: UnpackedTable, folder: str, uploads: "_Uploads", most_bytes: int
) -> int:
    """Cut one file into parts of its table. Returns how many records it has."""
    before = table.records
    with member.open() as stream:
        blocks = utf8_blocks(stream, rules.encoding, member.name)
        if rules.delimiter_byte.decode() != rules.delimiter:
            blocks = with_stand_in(blocks, rules.delimiter.encode(), member.name)
        runs = cut_at_record_ends(blocks, rules.delimiter_byte, rules.quote.encode(), member.name)
        sources, runs = _columns(runs, rules, member.name)
        for text, records, head in _parts(runs):
            uri = f"{folder}part-{len(table.parts):05}.csv"
            uploads.send(uri, text)
            table.parts.append(Part(uri, "csv", member.name, sources, len(text), records))
            if len(table.samples) < SAMPLES_A_TABLE:
                table.samples.append(Sample("csv", sources, head))
            if table.bytes > most_bytes:
                raise RunFailed(
                    f"{member.name} unpacks to more than {most_bytes >> 20:,} MB, {MOST_TIMES_LARGER} times its download. Look at the file."
                )
    if table.records == before:
        raise RunFailed(f"{member.name} holds a header and no records. The published table stays as it is.", retryable=True)
    return table.records - before


def _columns(runs: Iterator[Records], rules: FileFormat, name: str) -> tuple[tuple[str, ...], Iterator[Records]]:
    """The member's columns from its first record, and the runs of records that follow."""
    for run in runs:
        first = run.first()
        if first is None:
            continue
        fields = read_fields(first, rules)
        if rules.header:
            return source_names(fields), _chain(run.after_first(), runs)
        return tuple(f"column_{position}" for position in range(1, len(fields) + 1)), _chain(run, runs)
    raise RunFailed(f"{name} is empty. The published table stays as it is.", retryable=True)


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
