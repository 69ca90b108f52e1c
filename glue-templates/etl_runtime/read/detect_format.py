"""Detects the type of a data file if the dataset does not declare the type."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat, FileType
from etl_runtime.read.text.decode import byte_order_mark, is_parquet

EXTENSIONS: dict[str, FileType] = {
    ".json": "json",
    ".geojson": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".psv": "csv",
}
ADJACENT_DOCUMENTS = re.compile(
    r'\s*,?\s*\{\s*["}]|\s*\[\s*[\[{]'
)  # JSON documents one after another, without a line break
DELIMITER_OF_EXTENSION = {".tsv": "\t", ".tab": "\t", ".psv": "|"}
"""The delimiter that a file extension stands for. A `.csv` file may use any delimiter; the default is a comma."""
HEAD_BYTES = 1 << 20  # sufficient to detect the type
# The start of valid JSON. A CSV header may also start with a bracket, as in [id],[name].
JSON_START = re.compile(r'\{\s*(["}]|$)|\[\s*([\[\]{"]|-?\d|(true|false|null)\b|$)')


def detect_format(name: str, head: bytes, file_format: FileFormat) -> FileType:
    """Return the declared type. If there is none, infer it from magic bytes, the file extension and the content. The
    fallback is csv.

    `head` contains the first HEAD_BYTES of the file, or the entire file if it is shorter.
    """
    if file_format.type:
        return file_format.type
    if is_parquet(head):
        return "parquet"
    return EXTENSIONS.get(_extension(name)) or _by_content(head, file_format.encoding)


def delimiter_of(name: str) -> str:
    """The delimiter of a file whose format is not declared."""
    return with_delimiter_of(name, FileFormat()).delimiter


def with_delimiter_of(name: str, file_format: FileFormat) -> FileFormat:
    """Set the delimiter that the file extension implies, unless the format declares a delimiter."""
    if file_format.is_delimiter_declared or file_format.type == "fixed_width":
        return file_format
    return replace(file_format, delimiter=DELIMITER_OF_EXTENSION.get(_extension(name), file_format.delimiter))


def _extension(name: str) -> str:
    name = re.sub(r"\.(gz|bz2)$", "", name.lower())
    return name[name.rfind(".") :] if "." in name else ""


def refuse_json(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Return the blocks unchanged. Raises RunFailed if they contain JSON instead of delimited text."""
    for block in blocks:
        text = block[:HEAD_BYTES].decode(errors="ignore").lstrip()
        if (found := _json_type(text)) and _is_json(text):
            raise RunFailed(
                ErrorCode.FILE_FORMAT_MISMATCH,
                f"{name} is read as delimited text, but contains JSON. If the file is correct, "
                f"set file_format.type to {found}. Otherwise, check the source.",
            )
        yield block
        break
    yield from blocks


def _by_content(head: bytes, encoding: str | None) -> FileType:
    bom, codec = byte_order_mark(head)
    try:
        text = head[len(bom) :].decode(codec or encoding or "utf-8", errors="ignore").lstrip()
    except LookupError:  # the reader reports the invalid file_format.encoding
        return "csv"
    return _json_type(text) or "csv"


def _json_type(text: str) -> FileType | None:
    """The type `json` or `jsonl`, or None if the text does not start like either type."""
    if not JSON_START.match(text):
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return "json"  # the text is longer than the head, or invalid, which the reader reports
    line, _, rest = text[end:].partition("\n")
    if line.strip():
        return "json" if ADJACENT_DOCUMENTS.match(text[end:]) else None
    is_lines = text[0] == "{" and rest.lstrip().startswith("{") and "\n" not in text[:end]
    return "jsonl" if is_lines else "json"


def _is_json(text: str) -> bool:
    """Whether the text, which may be truncated, is valid JSON up to its end. For example, [0-10),5 is not."""
    try:
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        partial_word = text[error.pos :].rstrip()
        return error.msg.startswith("Unterminated string") or any(
            word.startswith(partial_word) for word in ("true", "false", "null", "-")
        )
    except RecursionError:
        pass
    return True
