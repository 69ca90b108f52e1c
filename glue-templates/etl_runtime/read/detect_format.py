"""Which type of file a member is, where the dataset does not say."""

import json
import re
from collections.abc import Iterator

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat, FileType
from etl_runtime.read.text.decode import BOMS, is_parquet

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
HEAD_BYTES = 1 << 20  # of a member are enough to tell its type
# As JSON goes on behind its first bracket; a header may begin with one too, as in [id],[name].
JSON_START = re.compile(r'\{\s*(["}]|$)|\[\s*([\[\]{"]|-?\d|(true|false|null)\b|$)')


def detect_format(name: str, head: bytes, file_format: FileFormat) -> FileType:
    """The type of the member `name` that begins with `head`: as declared, else by its ending, its first bytes, else csv.

    `head` should have HEAD_BYTES or the whole member.
    """
    if file_format.type:
        return file_format.type
    if is_parquet(head):
        return "parquet"
    extension = name[name.rfind(".") :].lower() if "." in name else ""
    return EXTENSIONS.get(extension) or _by_content(head, file_format.encoding)


def refuse_json(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The blocks of delimited text as they are. Raises RunFailed where they are JSON instead."""
    for block in blocks:
        text = block[:HEAD_BYTES].decode(errors="ignore").lstrip()
        if (found := _json_type(text)) and _is_json(text):
            raise RunFailed(
                f"{name} is to be read as delimited text, but it holds JSON. Look at it; declare file_format.type {found} if it is right."
            )
        yield block
        break
    yield from blocks


def _by_content(head: bytes, encoding: str | None) -> FileType:
    bom, codec = next(((bom, codec) for bom, codec in BOMS if head.startswith(bom)), (b"", encoding or "utf-8"))
    try:
        text = head[len(bom) :].decode(codec, errors="ignore").lstrip()
    except LookupError:  # reading it says what is wrong with file_format.encoding
        return "csv"
    return _json_type(text) or "csv"


def _json_type(text: str) -> FileType | None:
    """json or jsonl, or None where the text does not begin like either."""
    if not JSON_START.match(text):
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return "json"  # it goes on behind the head, or is damaged: reading it says so
    line, _, rest = text[end:].partition("\n")
    if line.strip():
        return None
    is_lines = text[0] == "{" and rest.lstrip().startswith("{") and "\n" not in text[:end]
    return "jsonl" if is_lines else "json"


def _is_json(text: str) -> bool:
    """Whether the text is JSON as far as it goes. One that only begins like it may be delimited text: [0-10),5."""
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
