"""Looks at a source and says how a bronze dataset would read it.

    python look.py [--delimiter D] [--encoding E] [--no-header] SOURCE TABLE

SOURCE is the address of a file, or a file on this machine; TABLE is what its table is called. Of text and JSON Lines the first 16 MB are
read; archives, JSON and Parquet as a whole. Standard output gets one JSON object: `document`, keys of the dataset's config.json;
`found`, lines for people; `size_bytes`, about what the data takes unpacked; `is_whole`, whether all of it was read.
Exit code 2 and one line on standard error: the source cannot be read.
"""

import argparse
import csv
import io
import json
import re
import sys
import zlib
from bz2 import BZ2Decompressor
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from parent import end_with_parent

from etl_runtime.assign import suggested_mapping
from etl_runtime.cells import Guess
from etl_runtime.columns import clean_names
from etl_runtime.container import BZIP2_MARK, GZIP_MARK, Member, looks_like_data, members
from etl_runtime.errors import RunFailed
from etl_runtime.fetch import Original, fetch, file_name
from etl_runtime.file_format import FileFormat, file_format
from etl_runtime.hints import hint
from etl_runtime.pieces import NUMBER, pieces
from etl_runtime.read_part import read_part
from etl_runtime.text import MARKS
from etl_runtime.told_type import HEAD_BYTES, told_type
from etl_runtime.unpack import Part, counted

SAMPLE_BYTES = 16 << 20
DELIMITERS = (",", ";", "\t", "|", "^", "~")
LINES = 300  # tell the delimiter and the header
DECLARABLE = re.compile(r"string|bigint|double|boolean|date|timestamp|decimal\(\d+,\d+\)")
KEY_NAME = re.compile(r"(^|_)(id|code|key|no|num|number|uuid|guid)$")
FEWEST_ROWS_OF_A_KEY = 20


@dataclass
class Table:
    """What was seen of one file of data."""

    member: str
    key: str
    rows: int = 0
    guesses: dict[str, Guess] = field(default_factory=dict)
    texts: dict[str, list[pa.Array]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """A file of data as far as it is read."""

    member: Member
    is_whole: bool
    head: bytes


def look(source: str, table: str, declared: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """What there is. Raises RunFailed where it cannot be read."""
    original = _original(source, say)
    with original.file, members(original) as found:
        data = found if len(found) == 1 else [each for each in found if looks_like_data(each.name)]
        if not data:
            raise RunFailed(f"{original.name} holds no file of data. It holds: {', '.join(each.name for each in found) or 'nothing'}.")
        mapping = suggested_mapping([each.name for each in data]) if len(data) > 1 else {data[0].name: table}
        samples = [_sample(each, original) for each in data]
        document: dict[str, Any] = {"file_format": _format(samples, declared)}
        rules = file_format(document)  # type: ignore[arg-type]
        tables = [_seen(sample, mapping[sample.member.name], rules, say) for sample in samples]
        size = sum(_unpacked_bytes(each, original) for each in data)
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
    return {"document": document, "found": _told(original, samples, tables, document), "size_bytes": size, "is_whole": is_whole}


def _original(source: str, say: Callable[[str], None]) -> Original:
    if not re.match("https?://", source):
        return _local(Path(source))
    original = fetch(source, say, most_bytes=SAMPLE_BYTES)
    if original is None:
        raise RunFailed(f"{source}: the server sent nothing.")
    if original.total is None or _can_be_cut(original):
        return original
    original.file.close()
    say(f"{original.name}: all of its {original.total / 1e6:,.0f} MB are needed to look into it")
    whole = fetch(source, say)
    if whole is None:
        raise RunFailed(f"{source}: the server sent nothing.")
    return whole


def _local(path: Path) -> Original:
    if not path.is_file():
        raise RunFailed(f"{path} is neither an address that begins with http:// or https:// nor a file here.")
    copy = NamedTemporaryFile(prefix="medallion-")  # noqa: SIM115 - the Original owns it
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            copy.write(block)
    copy.flush()
    return Original(copy, file_name(path.resolve().as_uri()), path.resolve().as_uri(), path.stat().st_size, "", None, None)


def _can_be_cut(original: Original) -> bool:
    """Whether the first part of the file can be read without the rest. It then is made plain and whole again."""
    with original.path.open("rb") as stream:
        head = stream.read()
    plain = _inflated(head)
    if head.startswith(b"PK") or told_type(
        original.name.removesuffix(".gz").removesuffix(".bz2"), plain[:HEAD_BYTES], FileFormat()
    ) not in (
        "csv",
        "jsonl",
    ):
        return False
    original.file.seek(0)
    original.file.truncate()
    original.file.write(plain[: plain.rfind(b"\n") + 1] or plain)
    original.file.flush()
    return True


def _inflated(head: bytes) -> bytes:
    if head.startswith(GZIP_MARK):
        return zlib.decompressobj(wbits=31).decompress(head, SAMPLE_BYTES)
    if BZIP2_MARK.match(head):
        return BZ2Decompressor().decompress(head, SAMPLE_BYTES)
    return head


def _sample(member: Member, original: Original) -> Sample:
    with member.open() as stream:
        head = stream.read(SAMPLE_BYTES + 1)
    is_whole = len(head) <= SAMPLE_BYTES and original.total is None
    kind = told_type(member.name, head[:HEAD_BYTES], FileFormat())
    if kind not in ("csv", "jsonl"):
        return Sample(member, True, head)
    cut = head if len(head) <= SAMPLE_BYTES else head[: head.rfind(b"\n") + 1] or head
    return Sample(Member(member.name, lambda: io.BytesIO(cut)), is_whole, cut)


def _unpacked_bytes(member: Member, original: Original) -> int:
    """About what a file takes unpacked: of one that was not read to its end, by the share of the download that was."""
    size = 0
    with member.open() as stream:
        while block := stream.read(1 << 20):
            size += len(block)
    return size if original.total is None else int(size * original.total / max(1, original.size))


def _format(samples: Sequence[Sample], declared: dict[str, Any]) -> dict[str, Any]:
    """What file_format has to say, beyond what the job finds out by itself."""
    text = next((each for each in samples if told_type(each.member.name, each.head[:HEAD_BYTES], FileFormat()) == "csv"), None)
    if text is None:
        return declared
    found = dict(declared)
    encoding = declared.get("encoding") or _encoding(text.head)
    if encoding:
        found["encoding"] = encoding
    lines = _decoded(text.head, encoding).splitlines()[:LINES]
    delimiter = declared.get("delimiter") or _delimiter(lines)
    if delimiter != ",":
        found["delimiter"] = delimiter
    if "header" not in declared and not _has_header(lines, delimiter):
        found["header"] = False
    return found


def _encoding(head: bytes) -> str | None:
    """None for UTF-8 and for what a byte-order mark tells; else the usual one of old files, which any byte but five fits."""
    if any(head.startswith(mark) for mark, _ in MARKS):
        return None
    try:
        head[: head.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError:
        return "latin-1" if set(head) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "cp1252"
    return None


def _decoded(head: bytes, encoding: str | None) -> str:
    mark, codec = next(((mark, codec) for mark, codec in MARKS if head.startswith(mark)), (b"", encoding or "utf-8"))
    try:
        return head[len(mark) :].decode(codec, "replace")
    except LookupError as error:
        raise RunFailed(f"--encoding is {encoding}, which Python does not know. Use a name such as utf-8, cp1252 or latin-1.") from error


def _delimiter(lines: Sequence[str]) -> str:
    """The one that cuts most lines into the same number of fields, more than one; the comma where none does."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(record) for record in csv.reader(lines, delimiter=delimiter, strict=False) if record)
        if not widths:
            return (0, 0)
        width, count = widths.most_common(1)[0]
        return (round(count / sum(widths.values()), 1) if width > 1 else 0, width)

    best = max(DELIMITERS, key=score)
    return best if score(best)[0] > 0.5 else ","


def _has_header(lines: Sequence[str], delimiter: str) -> bool:
    """A header names each column once, and none with a number, a date or nothing; and it is no record like those below it."""
    first, *rest = [record for record in csv.reader(lines, delimiter=delimiter) if record] or [[]]
    cells = [cell.strip() for cell in first]
    named = cells[:-1] if len(cells) > 1 and not cells[-1] else cells
    if not all(named) or len({cell.lower() for cell in named}) < len(named):
        return False
    if any(NUMBER.fullmatch(cell) and not re.fullmatch(r"(19|20)\d\d", cell) for cell in named):
        return False
    return not any(re.fullmatch(r"\d{4}-\d\d-\d\d.*", cell) for cell in named) and cells not in rest[:5]


def _seen(sample: Sample, key: str, rules: FileFormat, say: Callable[[str], None]) -> Table:
    """All that was read of a file, column by column."""
    table = Table(sample.member.name, key)
    kind = told_type(sample.member.name, sample.head[:HEAD_BYTES], rules)
    typed = FileFormat(**{**rules.__dict__, "type": kind})
    for piece in pieces(sample.member, typed, say):
        sources = piece.sources[:-1] if piece.blank_last else piece.sources
        part = Part("", kind, sample.member.name, sources, len(piece.body), piece.records, table.rows + 1)
        read = read_part(bytes(piece.body), part, typed)
        table.rows += read.rows
        for source, cells in read.columns.items():
            guess = cells.guess()
            table.guesses[source] = table.guesses[source].merged(guess) if source in table.guesses else guess
            table.texts.setdefault(source, []).append(cells.as_text().cast(pa.string()))
    if not table.rows:
        raise RunFailed(f"{sample.member.name} holds no records.")
    return table


def _column_schema(table: Table) -> dict[str, dict[str, str]]:
    """What to write of each column: its name in the table, and the type that keeps every value seen."""
    names = clean_names(table.guesses, {})
    schema = {}
    for source, guess in table.guesses.items():
        better = hint(pa.concat_arrays(table.texts[source]), guess.best) or {}
        if not DECLARABLE.fullmatch(guess.best.type) or " or " in better.get("format", ""):
            better = {} if DECLARABLE.fullmatch(guess.best.type) else {"type": ""}
        kind = better.get("type", guess.best.type)
        column = {"target_name": names[source]}
        if kind and not guess.unseen:
            column |= {"type": kind}
        if "format" in better:
            column |= {"format": better["format"]}
        schema[source] = column
    return schema


def _business_key(table: Table) -> list[str]:
    """The first column that is there and other in every row, and is called like a key or stands first."""
    names = clean_names(table.guesses, {})
    for position, (source, guess) in enumerate(table.guesses.items()):
        is_called_so = position == 0 or KEY_NAME.search(names[source])
        if table.rows >= FEWEST_ROWS_OF_A_KEY and is_called_so and guess.best.type in ("bigint", "string"):
            text = pa.concat_arrays(table.texts[source])
            if text.null_count == 0 and len(pc.unique(text)) == len(text) == table.rows:
                return [names[source]]
    return []


def _told(original: Original, samples: Sequence[Sample], tables: Iterable[Table], document: dict[str, Any]) -> list[str]:
    lines = []
    declared = document.get("file_format", {})
    for sample, table in zip(samples, tables, strict=True):
        kind = told_type(sample.member.name, sample.head[:HEAD_BYTES], FileFormat())
        how: list[str] = [kind]
        if kind == "csv":
            delimiter = declared.get("delimiter", ",")
            how += [f"delimiter {json.dumps(delimiter)}", declared.get("encoding", "utf-8")]
            how += ["header" if declared.get("header", True) else "no header"]
        amount = counted(table.rows, "record") if sample.is_whole else f"the first {counted(table.rows, 'record')}"
        inside = "" if sample.member.name == original.name else f" in {original.name}"
        lines.append(f"{sample.member.name}{inside} → {table.key}: {', '.join(how)}; {amount}, {counted(len(table.guesses), 'column')}")
        key = document.get("business_key") or document.get("business_keys", {}).get(table.key)
        if key:
            lines.append(f"{table.key}: no two rows have the same {', '.join(key)}: taken for the business key")
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
    declared = {key: value for key in ("delimiter", "encoding") if (value := getattr(arguments, key)) is not None}
    if arguments.no_header:
        declared["header"] = False
    try:
        found = look(arguments.source, arguments.table, declared, lambda text: print(text, file=sys.stderr, flush=True))
    except RunFailed as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    json.dump(found, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
