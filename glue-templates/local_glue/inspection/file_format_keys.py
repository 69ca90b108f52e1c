"""Finds the `file_format` keys to declare, for settings that the job does not detect by itself."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.detect_format import HEAD_BYTES, delimiter_of, detect_format
from etl_runtime.read.json.json_reader import JsonReader
from etl_runtime.read.json.json_records import json_records, refuse_row_documents
from etl_runtime.read.json.records_place import detect_place
from etl_runtime.read.text.decode import utf8_blocks
from etl_runtime.source.record_shape import RecordShape, UndeclaredShape
from inspection.encoding import decode, detect_encoding
from inspection.header import MAX_ROWS, has_header
from inspection.layout import (
    MAX_IRREGULAR_SHARE,
    Layout,
    detect_dialect,
    detect_layout,
    read_layout,
    text_lines,
    units_rows,
)
from inspection.sample import Sample

LAYOUT_LINES = 300
COMMENT = "#"
WHITESPACE = b" \t\r\n\0"  # also covers whitespace in UTF-16, whose bytes include \0


def common_keys(
    samples: Sequence[Sample], declared: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Sample], dict[str, str]]:
    """Select the largest group of files that have the same `file_format` keys, because a dataset has one `file_format`.

    Returns the keys, the files, and the reasons why the other files are skipped, keyed by file name. Files
    without records fit any `file_format`. Raises RunFailed if the two largest groups have the same total size.
    """
    keys = {sample.member.name: _keys(sample, declared) for sample in samples if _has_records(sample)}
    sizes: dict[str, int] = {}
    for sample in samples:
        if sample.member.name in keys:
            needed = json.dumps(keys[sample.member.name])
            sizes[needed] = sizes.get(needed, 0) + (sample.member.size or len(sample.head))
    if not keys:
        return _keys(samples[0], declared), list(samples), {}
    largest, *others = sorted(sizes, key=lambda needed: -sizes[needed])
    if others and sizes[others[0]] == sizes[largest]:
        tied = (largest, others[0])
        first, second = (next(name for name in keys if json.dumps(keys[name]) == each) for each in tied)
        raise RunFailed(
            ErrorCode.FILE_FORMAT_MISMATCH,
            f"{first} needs file_format {json.dumps(keys[first])} and {second} needs {json.dumps(keys[second])}. All "
            "files of a dataset must have the same file_format. Write one config.json for each format, with the same "
            "source_url and only the files of that format in file_table_mapping.",
        )
    skipped = {
        name: "needs another dataset " + (f"with file_format {json.dumps(found)}" if found else "without file_format")
        for name, found in keys.items()
        if json.dumps(found) != largest
    }
    common: dict[str, Any] = json.loads(largest)
    return common, [sample for sample in samples if sample.member.name not in skipped], skipped


def _has_records(sample: Sample) -> bool:
    """Whether a text file has more than one line. Files of other types count as having records."""
    return sample.type != "csv" or re.search(rb"[\r\n]", sample.head.strip(WHITESPACE)) is not None


def _layout_of(name: str, lines: Sequence[str], declared: Mapping[str, Any]) -> Layout:
    """The layout with the declared delimiter. If no delimiter is declared, the delimiter of a file extension such as
    .tsv is used if it fits, otherwise the delimiter that fits best."""
    if "delimiter" in declared:
        return detect_layout(lines, [declared["delimiter"]])
    extension = delimiter_of(name)
    if extension != FileFormat().delimiter:
        layout = detect_layout(lines, [extension])
        if layout.width > 1 and layout.share > 1 - MAX_IRREGULAR_SHARE:
            return layout
    return detect_layout(lines)


def _keys(sample: Sample, declared: Mapping[str, Any]) -> dict[str, Any]:
    keys = dict(declared)
    if sample.type != "csv":
        detected = detect_format(sample.member.name, sample.head[:HEAD_BYTES], FileFormat())
        if sample.type == "json" or sample.head.lstrip().startswith(b"["):
            keys |= _shape_keys(sample)
        return keys if sample.type == detected else {**keys, "type": sample.type}
    encoding = declared.get("encoding") or detect_encoding(sample.head)
    if encoding:
        keys["encoding"] = encoding
    text = decode(sample.head, encoding)
    lines = text_lines(text)[:LAYOUT_LINES]
    layout = _layout_of(sample.member.name, lines, declared)
    dialect = detect_dialect(text, layout)
    if dialect.delimiter != delimiter_of(sample.member.name):
        keys["delimiter"] = dialect.delimiter
    if dialect.escape:
        keys["escape"] = dialect.escape
    if not dialect.quote:
        keys["quote"] = dialect.quote
    layout = read_layout(lines, dialect)
    titles = [line for line in lines[: layout.title_lines] if line.strip()]
    if titles and all(line.startswith(COMMENT) for line in titles) and not _has_records_like_comments(text, layout):
        keys["comment"] = COMMENT
    elif titles:
        keys["skip_rows"] = layout.title_lines
    if "header" not in declared and not has_header(layout.records):
        keys["header"] = False
    if keys.get("header", True) and (units := units_rows(layout.records)):
        keys["skip_rows_after_header"] = units
    return keys


def _has_records_like_comments(text: str, layout: Layout) -> bool:
    """Whether a line after the title lines begins like a comment, but is the header or a record with a value such as
    #1."""
    below = text_lines(text)[layout.title_lines :]
    delimiters = layout.width - 1
    return any(line.startswith(COMMENT) and line.count(layout.file_format.delimiter) >= delimiters for line in below)


def _shape_keys(sample: Sample) -> dict[str, Any]:
    """Return the `file_format` keys for JSON records that are not a list of objects."""
    name = sample.member.name

    def blocks() -> Iterator[bytes]:
        with sample.member.open() as stream:
            yield from utf8_blocks(stream, None, name)

    try:
        detect_place(JsonReader(blocks(), name), "", optional=False)
        refuse_row_documents(blocks, name)
    except UndeclaredShape as error:
        keys = dict(error.entry)
        is_headerless = keys.get("orient") == "values" and not has_header(_rows(blocks, name, keys.get("records")))
        return {**keys, "header": False} if is_headerless else keys
    return {}


def _rows(open_blocks: Callable[[], Iterator[bytes]], name: str, records: str | None) -> list[list[str]]:
    """The first rows of JSON records that are lists."""
    rows: list[list[str]] = []
    try:
        for batch in json_records(open_blocks, name, records, shape=RecordShape("values", has_header=False)):
            lines = bytes(batch.text).splitlines()[: MAX_ROWS + 1]
            rows += [["" if value is None else str(value) for value in json.loads(line).values()] for line in lines]
            if len(rows) > MAX_ROWS:
                break
    except (RunFailed, ValueError):  # the error is reported later, when the sample is read
        pass
    return rows
