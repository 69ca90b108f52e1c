"""Split JSON Lines into batches of records.

If a document is not on a line of its own, the rest of the file is read as a sequence of documents.
"""

import json
import logging
import re
from collections.abc import Iterator
from itertools import chain

import numpy as np

from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json.json_reader import SPACE, TAB, JsonReader, line_starts, require_length
from etl_runtime.read.json.json_strings import inside_strings
from etl_runtime.read.text.record_ends import CR, LF, Records

LOG = logging.getLogger(__name__)

CLOSING, OPENING = b"}{"
ADJACENT = re.compile(rb"\}\{")
RECORD_SEPARATORS = re.compile(rb"^\x1e", re.MULTILINE)  # RFC 7464
DOCUMENTS = b"{["
OPENINGS, CLOSINGS = list(b"{["), list(b"}]")
CONTINUATIONS = list(b"}],")
"""Characters that can begin a line only inside or after a multi-line document."""
MAX_INDENTATION = 1000


def json_lines(blocks: Iterator[bytes], name: str) -> Iterator[Records]:
    """Yield the records of JSON Lines. Each non-blank line is a record.

    Starting with the first line that is not exactly one document, each document is a record, regardless of its line
    breaks.
    """
    head = next(blocks, b"")
    while head.isspace():
        head = next(blocks, b"")
    if head.lstrip().startswith(b"["):
        LOG.info(
            f"{name}: each document is a list, so the table has one column. If the lists are rows, set file_format to "
            '{"orient": "values"}. If the first row is a record, also set column_names.'
        )
    if _is_sequence(head):
        reader = JsonReader(chain([head], blocks), name)
        reader.next_document()
        yield from reader.documents(DOCUMENTS)
    else:
        yield from _complete_lines(chain([head], blocks), name)


def begins_with_list(blocks: Iterator[bytes]) -> bool:
    """Whether the first document is a list."""
    return next((block.lstrip().startswith(b"[") for block in blocks if not block.isspace()), False)


def _is_sequence(head: bytes) -> bool:
    """Whether the file is a sequence of documents. This is the case if its first line contains several documents, or if
    its first document spans several lines."""
    text = head.decode(errors="ignore").lstrip(" \t\r\n")
    line, line_end, _ = text.partition("\n")
    if not line.startswith(("{", "[")):
        return line.startswith("\x1e")  # a record separator
    try:
        _, end = json.JSONDecoder().raw_decode(line)
    except ValueError:
        return bool(line_end)  # without a line end, the first document can be longer than the head
    except RecursionError:
        return False
    return bool(line[end:].strip())


def _complete_lines(blocks: Iterator[bytes], name: str) -> Iterator[Records]:
    chunks: list[bytes] = []
    lines = 0
    for block in blocks:
        split = block.rfind(b"\n") + 1
        chunks.append(block[:split] if split else block)
        if split:
            text, rest = b"".join(chunks), block[split:]
            batch = _lines(text)
            if _has_continued_document(batch, rest):
                reader = JsonReader(chain([text + rest], blocks), name, records=lines)
                reader.next_document()
                yield from reader.documents(DOCUMENTS)
                return
            yield batch
            lines += len(batch.ends)
            chunks = [rest]
        require_length(chunks, name, lines + 1)
    if rest := b"".join(chunks):
        yield _lines(rest + b"\n")


def _has_continued_document(lines: Records, rest: bytes) -> bool:
    """Whether a document certainly spans several lines, or is followed by a comma. `rest` is the text that follows the
    lines.

    Returns False for a truncated line, because the task that parses the line reports the error.
    """
    text, ends = bytes(lines.text), lines.ends
    if not len(ends):
        return False
    content = np.frombuffer(text, np.uint8)
    starts = line_starts(ends)
    first, last = content[starts], content[ends - 2]
    last = np.where(last == CR, content[np.maximum(ends - 3, 0)], last)
    if np.isin(first, CONTINUATIONS).any():
        return True
    for line in np.flatnonzero(np.isin(first, OPENINGS) & ~np.isin(last, CLOSINGS)).tolist():
        if text[starts[line] : ends[line]].rstrip().endswith((b"{", b"[", b",", b":")):
            return True
        following = text[ends[line] : ends[line] + MAX_INDENTATION] if line + 1 < len(ends) else rest[:MAX_INDENTATION]
        if following.lstrip().startswith((b"}", b"]", b",", b":", b'"')):
            return True
    return False


def _lines(text: bytes) -> Records:
    """Complete lines, without blank lines. Adjacent objects on one line are split, because the line break between them
    is missing."""
    if b"\x1e" in text:
        text = RECORD_SEPARATORS.sub(b" ", text)
    content = np.frombuffer(text, np.uint8)
    if ((content[:-1] == CLOSING) & (content[1:] == OPENING)).any():  # several times as fast as a search for }{
        text = _split_objects(text)
        content = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(content == LF) + 1
    starts = line_starts(ends)
    indented = np.flatnonzero((content[starts] == SPACE) | (content[starts] == TAB)).tolist()
    blank = [line for line in indented if not text[starts[line] : ends[line]].strip(b" \t\r\n")]
    if not blank:
        return Records(text, ends)
    filled = np.delete(np.arange(len(ends)), blank).tolist()
    return _lines(b"".join(text[starts[line] : ends[line]] for line in filled))


def _split_objects(text: bytes) -> bytes:
    """Insert a line break between objects on the same line."""
    in_string = inside_strings(text)
    adjacent = {match.start() for match in ADJACENT.finditer(text) if not in_string[match.start()]}
    if not adjacent:
        return text
    lines = text.split(b"\n")
    begins = np.cumsum([0, *(len(line) + 1 for line in lines)])
    for index in np.unique(np.searchsorted(begins, sorted(adjacent), side="right") - 1).tolist():
        try:
            split = JsonReader(iter([lines[index]]), "").documents(DOCUMENTS)
            lines[index] = b"".join(records.text for records in split).rstrip(b"\n")
        except RunFailed:
            pass  # the task that parses the line reports the error
    return b"\n".join(lines)
