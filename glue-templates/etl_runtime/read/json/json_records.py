"""Split JSON and JSON Lines into batches of records, one JSON value per line, with constant memory.

Only the path to the records is parsed here. The records are split at brackets and commas, and each Spark task parses
its records strictly.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.json.json_strings import inside_strings
from etl_runtime.read.text.record_ends import LF, MAX_RECORD_BYTES, Offsets, Records

LOG = logging.getLogger(__name__)

WINDOW_BYTES = 2 << 20  # the text and the arrays derived from it fit into a CPU cache
FIRST_SKIP_BYTES = 4 << 10  # most values outside of the path are small
MAX_KEYS_SHOWN = 20
SHOWN_BYTES = 40
OPEN, CLOSE, COMMA = 2, 4, 8
SIGNIFICANT = bytes(
    OPEN if byte in b"[{" else CLOSE if byte in b"]}" else COMMA if byte in b"," else 0 for byte in range(256)
)
CLOSING = {b"[": b"]", b"{": b"}"}
TO_BLANKS = bytes.maketrans(b"\n\r", b"  ")
BLANKS = re.compile(rb"[ \t\n\r]*+")
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
SCALAR = re.compile(rb'[^ \t\n\r,:\[\]{}"]++')
NON_BLANK = re.compile(rb"[^ \t]")
SPACE, TAB = 0x20, 0x09


def json_records(open_blocks: Callable[[], Iterator[bytes]], name: str, records: str | None) -> Iterator[Records]:
    """The records of one JSON document: the elements of a list, or one object.

    Each call of `open_blocks` starts at the beginning.

    `records` is file_format.records: keys separated by dots, or $ for the document itself. If it is None, the records
    are the document if that is a list, else the only list of objects in it, else the document; a log line names the
    choice. Raises RunFailed if the path does not exist, if several lists match, if brackets do not match, or if more
    text follows the document.
    """
    path = _detect_path(JsonReader(open_blocks(), name)) if records is None else keys_of(records)
    reader = JsonReader(open_blocks(), name)
    if not reader.peek():
        raise RunFailed(
            ErrorCode.FILE_EMPTY,
            f"{name} is empty. The published table does not change. Check the source.",
            retryable=True,
        )
    yield from records_at(reader, path)
    reader.finish()


def json_lines(blocks: Iterator[bytes], name: str) -> Iterator[Records]:
    """The records of JSON Lines: each line that is not blank."""
    chunks: list[bytes] = []
    lines = 0
    for block in blocks:
        split = block.rfind(b"\n") + 1
        chunks.append(block[:split] if split else block)
        if split:
            batch = _lines(b"".join(chunks))
            yield batch
            lines += len(batch.ends)
            chunks = [block[split:]]
        _require_length(chunks, name, lines + 1)
    if rest := b"".join(chunks):
        yield _lines(rest + b"\n")


def _lines(text: bytes) -> Records:
    """Complete lines, without blank lines."""
    content = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(content == LF) + 1
    starts = _starts(ends)
    indented = np.flatnonzero((content[starts] == SPACE) | (content[starts] == TAB)).tolist()
    blank = [line for line in indented if not text[starts[line] : ends[line]].strip(b" \t\r\n")]
    if not blank:
        return Records(text, ends)
    filled = np.delete(np.arange(len(ends)), blank).tolist()
    return _lines(b"".join(text[starts[line] : ends[line]] for line in filled))


def _starts(ends: Offsets) -> Offsets:
    return np.append(np.int64(0), ends[:-1])[: len(ends)]


def _require_length(chunks: list[bytes], name: str, record: int) -> None:
    if sum(map(len, chunks)) > MAX_RECORD_BYTES:
        raise RunFailed(
            ErrorCode.RECORD_TOO_LONG,
            f"{name}: record {record:,} is longer than {MAX_RECORD_BYTES >> 20} MB. "
            "If the records are nested deeper, set file_format.records. "
            "Otherwise ask the data provider for smaller records.",
        )


def keys_of(records: str) -> tuple[str, ...]:
    keys = tuple(records.split("."))
    return keys[1:] if keys[0] == "$" else keys


def _detect_path(reader: "JsonReader") -> tuple[str, ...]:
    """The path to the records if file_format.records is not set."""
    if reader.peek() != b"{":
        return ()
    lists: dict[str, bytes | None] = {}
    others = []
    for key in reader.members():
        if reader.peek() == b"[":
            lists[key] = reader.skip_list()
        else:
            reader.skip()
            others.append(key)
    reader.finish()
    # An empty list matches only if no other list contains objects, so a run without new records reads the same list.
    found = [key for key, first in lists.items() if first == b"{"] or [
        key for key, first in lists.items() if first is None
    ]
    if len(found) > 1:
        raise RunFailed(
            ErrorCode.JSON_RECORDS_AMBIGUOUS,
            f"{reader.name} contains several lists: {_key_list(found)}. Set file_format.records to one of them.",
        )
    if not found:
        LOG.info(f"{reader.name}: the document is an object without a list of objects, so it is the only record")
        return ()
    ignored = [key for key in [*lists, *others] if key != found[0]]
    LOG.info(
        f"{reader.name}: the records are in the list {found[0]}"
        + (f"; ignored: {_key_list(ignored)}" if ignored else "")
    )
    return (found[0],)


def records_at(reader: "JsonReader", path: tuple[str, ...], parents: tuple[str, ...] = ()) -> Iterator[Records]:
    """The records at `path`, relative to the value at the cursor. Moves the cursor after this value.

    `parents` is the path of the cursor.
    """
    first = reader.peek()
    if not path:
        if first == b"[":
            yield from reader.elements()
        elif first == b"{":
            yield reader.record()
        else:
            where = f"{reader.selector} {'.'.join(parents)}" if parents else "the document"
            reader.fail(
                f"{where} is {reader.scalar()}, neither a list nor an object. Check the source.",
                ErrorCode.JSON_RECORDS_NOT_FOUND,
                retryable=True,
            )
        return
    declared = ".".join((*parents, *path))
    if first != b"{":
        what = "a list, not an object" if first == b"[" else "not an object"
        reader.fail(
            f"{reader.selector} is {declared}, but {'.'.join(parents) or 'the document'} is {what}. "
            f"Check the source, or correct {reader.selector}.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
            retryable=True,
        )
    matched_key = None
    keys = []
    for key in reader.members():
        keys.append(key)
        steps = next(
            (steps for steps in range(1, len(path) + 1) if key == ".".join(path[:steps])), 0
        )  # a key may contain dots
        if not steps or reader.peek() == b"n":
            reader.skip()
            continue
        if matched_key is not None:
            reader.fail(
                f"{reader.selector} {declared} matches two keys, {matched_key} and {key}. Correct the file.",
                ErrorCode.JSON_RECORDS_AMBIGUOUS,
            )
        matched_key = key
        yield from records_at(reader, path[steps:], (*parents, key))
    if matched_key is None:
        reader.fail(
            f"{reader.selector} is {declared}, but {path[0]} is missing or null. The keys are: {_key_list(keys)}. "
            f"Check the source, or correct {reader.selector}.",
            ErrorCode.JSON_RECORDS_NOT_FOUND,
            retryable=True,
        )


def _key_list(keys: list[str]) -> str:
    more = f" and {len(keys) - MAX_KEYS_SHOWN:,} more" if len(keys) > MAX_KEYS_SHOWN else ""
    return (", ".join(keys[:MAX_KEYS_SHOWN]) or "none") + more


class JsonReader:
    """A cursor in a JSON document that is read in blocks."""

    def __init__(self, blocks: Iterator[bytes], name: str, selector: str = "file_format.records") -> None:
        self.name = name
        self.selector = selector  # the setting that declares the path to the records
        self._blocks = blocks
        self._text = b""
        self._at = 0
        self._records = 0  # read so far
        self._in_records = False

    def fail(self, what: str, code: ErrorCode = ErrorCode.JSON_INVALID, *, retryable: bool = False) -> NoReturn:
        raise RunFailed(code, f"{self.name}: {what}", retryable=retryable)

    def peek(self) -> bytes:
        """The next byte that is not whitespace. Empty at the end of the document."""
        while True:
            self._at = BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def finish(self) -> None:
        """Fail if more text follows."""
        if self.peek():
            after = f" after record {self._records:,}" if self._records else ""
            self.fail(
                f"the document ends{after}, but {self._found()} follows. Correct the file. "
                "If each line is a separate document, set file_format.type to jsonl."
            )

    def members(self) -> Iterator[str]:
        """The keys of the object at the cursor.

        The cursor is at the value of the key, and the caller must read or skip it.
        """
        self._take(b"{")
        if self.peek() == b"}":
            self._take(b"}")
            return
        while True:
            key = self._string()
            self._take(b":")
            yield key
            if self.peek() == b"}":
                self._take(b"}")
                return
            self._take(b",")

    def skip(self) -> None:
        """Skip the value at the cursor without parsing it."""
        first = self.peek()
        if first in CLOSING:
            self._take(first)
            self._skip_rest(first)
        else:
            self.scalar()

    def skip_list(self) -> bytes | None:
        """Skip the list at the cursor. Returns the first byte of its first element, or None if the list is empty."""
        self._take(b"[")
        first = self.peek()
        self._skip_rest(b"[")
        return None if first == b"]" else first

    def scalar(self) -> str:
        """The string, number or literal at the cursor, as JSON text."""
        if self.peek() == b'"':
            return json.dumps(self._string(), ensure_ascii=False)
        token = self._match(SCALAR)
        try:
            json.loads(token, parse_constant=_no_constant, parse_int=str)
        except ValueError:
            self.fail(f"{_shown(token)} is not valid JSON{self._where()}. Correct the file.")
        return token.decode()

    def record(self) -> Records:
        """The object at the cursor as the only record."""
        self._take(b"{")
        self._in_records = True
        chunks = [b"{"]
        for text, _ in self._until_closed(b"{", WINDOW_BYTES):
            chunks.append(text)
            _require_length(chunks, self.name, 1)
        text = b"".join(chunks) + b"}\n"
        self._records, self._in_records = 1, False
        return Records(text, np.array([len(text)], np.int64))

    def elements(self) -> Iterator[Records]:
        """The elements of the list at the cursor."""
        self._take(b"[")
        if self.peek() == b"]":
            self._take(b"]")
            return
        self._in_records = True
        chunks: list[bytes] = []
        for text, commas in self._until_closed(b"[", WINDOW_BYTES):
            if len(commas):
                carried = sum(map(len, chunks))
                content = bytearray(b"".join([*chunks, text]))
                np.frombuffer(content, np.uint8)[commas + carried] = LF
                ends = commas + carried + 1
                split = int(ends[-1])
                yield self._batch(bytes(content[:split]), ends)
                chunks = [bytes(content[split:])]
            else:
                chunks.append(text)
            _require_length(chunks, self.name, self._records + 1)
        last = b"".join(chunks) + b"\n"
        yield self._batch(last, np.array([len(last)], np.int64))
        self._in_records = False

    def _batch(self, text: bytes, ends: Offsets) -> Records:
        """List elements, one per line. Raises RunFailed if an element is missing before or after a comma."""
        content = np.frombuffer(text, np.uint8)
        at = _starts(ends)
        number = np.arange(len(ends)) + self._records + 1
        for _ in range(64):  # typical indentation
            blank = (content[at] == SPACE) | (content[at] == TAB)
            self._refuse_empty_records(number[content[at] == LF])
            at, number = at[blank] + 1, number[blank]
            if not len(at):
                break
        deep = [NON_BLANK.search(text, start) for start in at.tolist()]
        self._refuse_empty_records(number[[found is None or found[0] == b"\n" for found in deep]] if deep else number)
        self._records += len(ends)
        return Records(text, ends)

    def _refuse_empty_records(self, empty: npt.NDArray[np.int64]) -> None:
        if len(empty):
            self.fail(f"record {empty[0]:,} is empty, because of an extra comma. Correct the file.")

    def _skip_rest(self, opening: bytes) -> None:
        for _ in self._until_closed(opening, FIRST_SKIP_BYTES):
            pass

    def _until_closed(self, opening: bytes, window: int) -> Iterator[tuple[bytes, Offsets]]:
        """The text up to the bracket that closes `opening`, in chunks, and the offsets of the commas between values.

        Line breaks become spaces.

        The first chunk has `window` bytes, and the following chunks are larger. Moves the cursor after the closing
        bracket.
        """
        depth, inside = 1, False
        while True:
            text = self._text[self._at : self._at + window].rstrip(b"\\")
            window = min(window * 4, WINDOW_BYTES)
            in_string = inside_strings(text, inside)
            significant = np.frombuffer(text.translate(SIGNIFICANT), np.uint8) & (in_string - np.uint8(1))
            positions = np.flatnonzero(significant != 0)
            significant = significant[positions]
            depths = depth + np.cumsum(
                (significant == OPEN).astype(np.int8) - (significant == CLOSE).astype(np.int8), dtype=np.int64
            )
            closed = np.flatnonzero(depths == 0)[:1]
            end = int(positions[closed[0]]) if len(closed) else len(text)
            commas = positions[(significant == COMMA) & (depths == 1)]
            commas = commas[commas < end]
            self._refuse_line_breaks(text[:end], in_string[:end], commas)
            self._at += end
            if len(closed) and (found := text[end : end + 1]) != CLOSING[opening]:
                self.fail(
                    f"'{_shown(opening)}' is closed by '{_shown(found)}'{self._where(len(commas))}. Correct the file."
                )
            yield text[:end].translate(TO_BLANKS), commas
            if len(closed):
                self._at += 1
                return
            if len(text):
                inside, depth = bool(in_string[-1]), int(depths[-1]) if len(depths) else depth
            if self._at + window > len(self._text) and not self._more() and not text:
                self.fail(
                    f"the document ends{self._where()} before all brackets are closed, so it is truncated. Run again.",
                    retryable=True,
                )

    def _refuse_line_breaks(self, text: bytes, in_string: npt.NDArray[np.uint8], commas: Offsets) -> None:
        content = np.frombuffer(text, np.uint8)
        for line_break in b"\n\r":
            if line_break in text and len(broken := np.flatnonzero((content == line_break) & (in_string == 1))):
                self.fail(
                    f"a string contains a line break{self._where(int(np.searchsorted(commas, broken[0])))}. "
                    "Correct the file."
                )

    def _where(self, further: int = 0) -> str:
        return f" in record {self._records + further + 1:,}" if self._in_records else ""

    def _take(self, expected: bytes) -> None:
        if self.peek() != expected:
            self.fail(f"expected '{_shown(expected)}'{self._where()}, found {self._found()}. Correct the file.")
        self._at += 1

    def _string(self) -> str:
        if self.peek() != b'"':
            self.fail(f"expected a key in double quotes{self._where()}, found {self._found()}. Correct the file.")
        token = self._match(STRING)
        try:
            text: str = json.loads(token)
        except ValueError as error:
            self.fail(f"{_shown(token)} is not valid JSON: {error}. Correct the file.")
        return text

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        """The match of `pattern` at the cursor. Moves the cursor after it."""
        while True:
            found = pattern.match(self._text, self._at)
            if (found and found.end() < len(self._text)) or not self._more():
                break
            _require_length([self._text], self.name, 1)
        if not found:
            self.fail(f"expected a value{self._where()}, found {self._found()}. Correct the file.")
        self._at = found.end()
        return found[0]

    def _found(self) -> str:
        while len(self._text) <= self._at + SHOWN_BYTES and self._more():
            pass
        return (
            _shown(self._text[self._at : self._at + SHOWN_BYTES + 1]) or "the end of the document, which is truncated"
        )

    def _more(self) -> bool:
        """Append the next block. False at the end of the document."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self._text = self._text[self._at :] + block
        self._at = 0
        return True


def _shown(text: bytes) -> str:
    return text.decode() if len(text) <= SHOWN_BYTES else text[:SHOWN_BYTES].decode(errors="ignore") + "…"


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)
