"""Looks at a source and says how a bronze dataset would read it.

    python inspect_source.py [--delimiter D] [--encoding E] [--no-header] SOURCE TABLE

SOURCE is the address of a file, or a file on this machine; TABLE is what its table is called. Of text and JSON Lines the first 16 MB are
read; archives, JSON and Parquet as a whole. Standard output gets one JSON object: `document`, keys of the dataset's config.json;
`found`, lines for people; `size_bytes`, about what the data takes unpacked; `is_whole`, whether all of it was read.
Exit code 2 and one line on standard error: the source cannot be read.
"""

import argparse
import csv
import io
import json
import logging
import re
import sys
import zlib
from bz2 import BZ2Decompressor
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from parent import end_with_parent

from etl_runtime.columns.cells import Inference
from etl_runtime.columns.names import clean_names
from etl_runtime.columns.type_hints import hint
from etl_runtime.convert.table_mapping import suggested_mapping
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat, FileType, file_format_of
from etl_runtime.job.plural import plural
from etl_runtime.read.container import BZIP2_MAGIC, GZIP_MAGIC, Member, has_data_extension, members
from etl_runtime.read.detect_format import HEAD_BYTES, detect_format
from etl_runtime.read.part import Part
from etl_runtime.read.read_part import read_part
from etl_runtime.read.split_records import NUMBER, split_records
from etl_runtime.read.text.decode import BOMS
from etl_runtime.source.files.fetch import fetch, file_name
from etl_runtime.source.files.fetch_context import FetchContext
from etl_runtime.source.files.original import Original

LOG = logging.getLogger(__name__)

SAMPLE_BYTES = 16 << 20
CHUNK_BYTES = 64 << 10
DELIMITERS = (",", ";", "\t", "|", "^", "~")
LINES = 300  # tell the delimiter and the header
MOST_TITLES = 20  # lines above the header
DECLARABLE = re.compile(r"string|bigint|double|boolean|date|timestamp|decimal\(\d+,\d+\)")
KEY_NAME = re.compile(r"(^|_)(id|code|key|no|num|number|uuid|guid)$")
FEWEST_ROWS_OF_A_KEY = 20
NO_DATA = re.compile(r"(^|/)(readme|licen[cs]e|changelog)\b[^/]*$", re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d\d-\d\d.*")
YEAR = re.compile(r"(19|20)\d\d")

csv.field_size_limit(SAMPLE_BYTES)


@dataclass
class Table:
    """What was seen of one file of data."""

    member: str
    key: str
    rows: int = 0
    inferences: dict[str, Inference] = field(default_factory=dict)
    texts: dict[str, list[pa.Array]] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """What to call its columns: clean, and none like those that the job adds."""
        names = clean_names(self.inferences, {})
        own = {source: f"source_{name}" if name.startswith("meta_") else name for source, name in names.items()}
        return names if len(set(own.values())) < len(own) else own


@dataclass(frozen=True)
class Sample:
    """A file of data as far as it is read."""

    member: Member
    is_whole: bool
    head: bytes
    kind: FileType


@dataclass(frozen=True)
class Layout:
    """What a delimiter makes of the first lines: the records of the commonest width, the lines above them, how many records are of it."""

    delimiter: str
    records: list[list[str]]
    titles: int
    share: float

    @property
    def width(self) -> int:
        return len(self.records[0]) if self.records else 0

    @property
    def rank(self) -> tuple[bool, float, int, int]:
        return (self.width > 1, round(self.share, 1), -self.titles, self.width)


def inspect_source(source: str, table: str, declared: dict[str, Any]) -> dict[str, Any]:
    """What there is. Raises RunFailed where it cannot be read."""
    original = _original(source)
    with original.file, members(original) as found:
        samples, left_out = _samples(found, original)
        mapping = (
            suggested_mapping([each.member.name for each in samples])
            if len(samples) > 1
            else {samples[0].member.name: table}
        )
        document: dict[str, Any] = {"file_format": _common_format(samples, declared)}
        file_format = file_format_of(document)  # type: ignore[arg-type]
        tables = [_seen(sample, mapping[sample.member.name], file_format) for sample in samples]
        taken = {sample.member.name for sample in samples}
        size = sum(_unpacked_bytes(each, original) for each in found if each.name in taken)
        is_whole = all(sample.is_whole for sample in samples)
    if len(tables) > 1:
        document["file_table_mapping"] = mapping
    if schema := {each.key: columns for each in tables if (columns := _column_schema(each))}:
        document["column_schema"] = schema
    keys = {each.key: key for each in tables if is_whole and (key := _business_key(each))}
    if keys:
        if len(tables) > 1:
            document["business_keys"] = keys
        else:
            document["business_key"] = keys[table]
    if not document["file_format"]:
        del document["file_format"]
    told = [*_told(original, samples, tables, document), *([f"left out: {', '.join(left_out)}"] if left_out else [])]
    return {"document": document, "found": told, "size_bytes": size, "is_whole": is_whole}


def _samples(found: Sequence[Member], original: Original) -> tuple[list[Sample], list[str]]:
    """The files of data, and the names of the others."""
    likely = (
        found
        if len(found) == 1
        else [each for each in found if has_data_extension(each.name) and not NO_DATA.search(each.name)]
    )
    samples = [_sample(each, original) for each in likely]
    filled = samples if len(samples) == 1 else [each for each in samples if each.head.strip()]
    if not filled:
        raise RunFailed(
            f"{original.name} holds no file of data. It holds: {', '.join(each.name for each in found) or 'nothing'}."
        )
    names = {each.member.name for each in filled}
    return filled, [each.name for each in found if each.name not in names]


def _original(source: str) -> Original:
    if not re.match("https?://", source):
        return _local(Path(source))
    original = fetch(source, FetchContext(), max_bytes=SAMPLE_BYTES)
    if original is None:
        raise RunFailed(f"{source}: the server sent nothing.")
    if original.total is None:
        return original
    if sample := _with_sample(original):
        return sample
    original.file.close()
    LOG.info(f"{original.name}: all of its {original.total / 1e6:,.0f} MB are needed to look into it")
    whole = fetch(source, FetchContext())
    if whole is None:
        raise RunFailed(f"{source}: the server sent nothing.")
    return whole


def _local(path: Path) -> Original:
    if not path.is_file():
        raise RunFailed(f"{path} is neither an address that begins with http:// or https:// nor a file here.")
    copy = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
    with path.open("rb") as stream:
        copyfileobj(stream, copy)
    copy.flush()
    return Original(
        copy, file_name(path.resolve().as_uri()), path.resolve().as_uri(), path.stat().st_size, "", None, None
    )


def _with_sample(original: Original) -> Original | None:
    """The same with its first part made plain; None where that cannot be read without the rest."""
    packed = original.path.read_bytes()
    plain, used = _inflated(packed)
    name = original.name.removesuffix(".gz").removesuffix(".bz2")
    if packed.startswith(b"PK") or _kind(name, plain) not in ("csv", "jsonl"):
        return None
    original.file.seek(0)
    original.file.truncate()
    original.file.write(plain)
    original.file.flush()
    return replace(original, size=used)


def _inflated(packed: bytes) -> tuple[bytes, int]:
    """What the first part of a gzip or bzip2 file holds, and how many bytes of it were taken for that. Another file is plain already."""
    new: Callable[[], Any] | None = None
    if packed.startswith(GZIP_MAGIC):
        new = partial(zlib.decompressobj, wbits=31)
    elif BZIP2_MAGIC.match(packed):
        new = BZ2Decompressor
    if new is None:
        return packed, len(packed)
    plain, used, stream = bytearray(), 0, new()
    while used < len(packed) and len(plain) < SAMPLE_BYTES:
        chunk = packed[used : used + CHUNK_BYTES]
        used += len(chunk)
        while chunk:
            plain += stream.decompress(chunk)
            chunk = stream.unused_data
            if stream.eof:
                stream = new()
    return bytes(plain), used


def _kind(name: str, head: bytes) -> FileType:
    """As the job tells it, and JSON Lines under the name of JSON too."""
    kind = detect_format(name, head[:HEAD_BYTES], FileFormat())
    return "jsonl" if kind == "json" and _are_documents(head) else kind


def _are_documents(head: bytes) -> bool:
    """Whether each of the first two lines is an object."""
    lines = [line for line in head[:HEAD_BYTES].splitlines() if line.strip()][:2]
    try:
        return len(lines) == 2 and all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False


def _sample(member: Member, original: Original) -> Sample:
    with member.open() as stream:
        head = stream.read(SAMPLE_BYTES + 1)
    kind = _kind(member.name, head)
    is_whole = len(head) <= SAMPLE_BYTES and original.total is None
    if kind not in ("csv", "jsonl"):
        return Sample(member, True, head, kind)
    cut = head if is_whole else _cut(head)
    return Sample(Member(member.name, lambda: io.BytesIO(cut)), is_whole, cut, kind)


def _cut(head: bytes) -> bytes:
    """The text up to the end of its last whole record: a line break with as many quotes before it as close."""
    codec = next((codec for mark, codec in BOMS if head.startswith(mark)), "utf-8")
    newline, quote, step = "\n".encode(codec), '"'.encode(codec), len("\n".encode(codec))
    quotes, end, last = head.count(quote), len(head), 0
    for _ in range(LINES):
        at = head.rfind(newline, 0, end)
        while at > 0 and at % step:
            at = head.rfind(newline, 0, at)
        if at <= 0:
            break
        last = last or at
        quotes -= head.count(quote, at, end)
        if quotes % 2 == 0:
            return head[: at + step]
        end = at
    return head[: last + step] if last else head


def _unpacked_bytes(member: Member, original: Original) -> int:
    """About what a file takes unpacked: of one that was not read to its end, by the share of the download that was."""
    size = 0
    if member.file:
        size = member.file.stat().st_size
    else:
        with member.open() as stream:
            while block := stream.read(1 << 20):
                size += len(block)
    return size if original.total is None else int(size * original.total / max(1, original.size))


def _common_format(samples: Sequence[Sample], declared: dict[str, Any]) -> dict[str, Any]:
    """What file_format_of has to say of all files. Raises RunFailed where they differ: a dataset reads its files in one way."""
    formats = {sample.member.name: _format(sample, declared) for sample in samples}
    (first, one), *others = formats.items()
    for name, other in others:
        if other != one:
            raise RunFailed(
                f"{first} is read with {json.dumps(one)} and {name} with {json.dumps(other)}: a dataset reads its files in one way. "
                "Unpack them, and add each as a dataset of its own; file_table_mapping then names its file."
            )
    return one


def _format(sample: Sample, declared: dict[str, Any]) -> dict[str, Any]:
    """What file_format_of has to say, beyond what the job finds out by itself."""
    if sample.kind != "csv":
        by_name = detect_format(sample.member.name, sample.head[:HEAD_BYTES], FileFormat())
        return declared if sample.kind == by_name else {**declared, "type": sample.kind}
    found = dict(declared)
    encoding = declared.get("encoding") or _encoding(sample.head)
    if encoding:
        found["encoding"] = encoding
    lines = _decoded(sample.head, encoding).splitlines()[:LINES]
    layout = _layout(lines, [declared["delimiter"]] if "delimiter" in declared else DELIMITERS)
    if layout.delimiter != ",":
        found["delimiter"] = layout.delimiter
    above = [line for line in lines[: layout.titles] if line.strip()]
    if above and all(line.startswith("#") for line in above):
        found["comment"] = "#"
    elif above:
        found["skip_rows"] = layout.titles
    if "header" not in declared and not _has_header(layout.records):
        found["header"] = False
    return found


def _encoding(head: bytes) -> str | None:
    """None for UTF-8 and for what a byte-order mark tells; else the usual one of old files, which any byte but five fits."""
    if any(head.startswith(mark) for mark, _ in BOMS):
        return None
    try:
        head[: head.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError:
        return "latin-1" if set(head) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "cp1252"
    return None


def _decoded(head: bytes, encoding: str | None) -> str:
    mark, codec = next(((mark, codec) for mark, codec in BOMS if head.startswith(mark)), (b"", encoding or "utf-8"))
    try:
        return head[len(mark) :].decode(codec, "replace")
    except LookupError as error:
        raise RunFailed(
            f"--encoding is {encoding}, which Python does not know. Use a name such as utf-8, cp1252 or latin-1."
        ) from error


def _layout(lines: Sequence[str], delimiters: Sequence[str]) -> Layout:
    """By the delimiter that cuts most records into as many fields, more than one, with the fewest lines above them that it does not."""
    return max((_cut_by(lines, delimiter) for delimiter in delimiters), key=lambda layout: layout.rank)


def _cut_by(lines: Sequence[str], delimiter: str) -> Layout:
    records: list[tuple[int, list[str]]] = []  # each with the line that it begins in
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    before = 0
    try:
        for record in reader:
            if record:
                records.append((before, record))
            before = reader.line_num
    except csv.Error:
        if reader.line_num < len(lines):  # else the last record goes on behind these lines
            return Layout(delimiter, [], 0, 0)
    if not records:
        return Layout(delimiter, [], 0, 0)
    width, _ = Counter(len(record) for _, record in records).most_common(1)[0]
    at = next(index for index, (_, record) in enumerate(records) if len(record) == width)
    if at > MOST_TITLES or any(len(record) > width for _, record in records[:at]):
        return Layout(delimiter, [record for _, record in records], 0, 0)
    own = [record for _, record in records[at:]]
    whole = [record for record in own if len(record) == width]
    return Layout(delimiter, whole, records[at][0], len(whole) / len(own))


def _has_header(records: Sequence[Sequence[str]]) -> bool:
    """A header stands above numbers where it has none; or else it names each column once, and is no record like those below it."""
    first, *rest = [[cell.strip() for cell in record] for record in records] or [[]]
    for position, cell in enumerate(first):
        below = [record[position] for record in rest if record[position]]
        if cell and not _is_value(cell) and below and all(map(_is_value, below)):
            return True
    named = first[:-1] if len(first) > 1 and not first[-1] else first
    if not all(named) or len({cell.lower() for cell in named}) < len(named):
        return False
    return not any(_is_value(cell) and not YEAR.fullmatch(cell) for cell in named) and first not in rest[:5]


def _is_value(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or DAY.fullmatch(cell))


def _seen(sample: Sample, key: str, file_format: FileFormat) -> Table:
    """All that was read of a file, column by column."""
    table = Table(sample.member.name, key)
    kind = sample.kind
    typed = replace(file_format, type=kind)
    for piece in split_records(sample.member, typed):
        sources = piece.sources[:-1] if piece.blank_last else piece.sources
        part = Part("", kind, sample.member.name, sources, len(piece.body), piece.records, table.rows + 1)
        read = read_part(bytes(piece.body), part, typed)
        table.rows += read.rows
        for source, cells in read.columns.items():
            infer = cells.infer()
            table.inferences[source] = table.inferences[source].merged(infer) if source in table.inferences else infer
            table.texts.setdefault(source, []).append(cells.as_text().cast(pa.string()))
    if not table.rows:
        raise RunFailed(f"{sample.member.name} holds no records.")
    return table


def _column_schema(table: Table) -> dict[str, dict[str, str]]:
    """What to write of each column: its name in the table, and the type that keeps every value seen."""
    names = table.names
    schema = {}
    for source, infer in table.inferences.items():
        better = hint(pa.concat_arrays(table.texts[source]), infer.best) or {}
        if not DECLARABLE.fullmatch(infer.best.type) or " or " in better.get("format", ""):
            better = {} if DECLARABLE.fullmatch(infer.best.type) else {"type": ""}
        kind = better.get("type", infer.best.type)
        column = {"target_name": names[source]}
        if kind and not infer.unseen:
            column |= {"type": kind}
        if "format" in better:
            column |= {"format": better["format"]}
        schema[source] = column
    return schema


def _business_key(table: Table) -> list[str]:
    """The first column that is there and other in every row, and is called like a key or stands first."""
    names = table.names
    for position, (source, infer) in enumerate(table.inferences.items()):
        is_called_so = position == 0 or KEY_NAME.search(names[source])
        if table.rows >= FEWEST_ROWS_OF_A_KEY and is_called_so and infer.best.type in ("bigint", "string"):
            text = pa.concat_arrays(table.texts[source])
            if text.null_count == 0 and len(pc.unique(text)) == len(text) == table.rows:
                return [names[source]]
    return []


def _told(
    original: Original, samples: Sequence[Sample], tables: Iterable[Table], document: dict[str, Any]
) -> list[str]:
    lines = []
    declared = document.get("file_format", {})
    for sample, table in zip(samples, tables, strict=True):
        how: list[str] = [sample.kind]
        if sample.kind == "csv":
            delimiter = declared.get("delimiter", ",")
            how += [f"delimiter {json.dumps(delimiter)}", declared.get("encoding", "utf-8")]
            how += ["header" if declared.get("header", True) else "no header"]
        amount = plural(table.rows, "record") if sample.is_whole else f"the first {plural(table.rows, 'record')}"
        inside = "" if sample.member.name == original.name else f" in {original.name}"
        lines.append(
            f"{sample.member.name}{inside} → {table.key}: {', '.join(how)}; {amount}, {plural(len(table.inferences), 'column')}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delimiter")
    parser.add_argument("--encoding")
    parser.add_argument("--no-header", action="store_true")
    parser.add_argument("source")
    parser.add_argument("table")
    arguments = parser.parse_args()
    end_with_parent()
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    for logger in (LOG, logging.getLogger("etl_runtime")):  # not of boto3, which logs at this level too
        logger.setLevel(logging.INFO)
    declared = {key: value for key in ("delimiter", "encoding") if (value := getattr(arguments, key)) is not None}
    if arguments.no_header:
        declared["header"] = False
    try:
        found = inspect_source(arguments.source, arguments.table, declared)
    except RunFailed as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    json.dump(found, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
