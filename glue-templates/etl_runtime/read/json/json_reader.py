"""A cursor in JSON documents that are read in blocks, with constant memory."""

import json
import re
from collections.abc import Iterator
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read.json.json_strings import ByteMask, inside_strings
from etl_runtime.read.text.record_ends import LF, MAX_RECORD_BYTES, Mask, Offsets, Records

WINDOW_BYTES = 2 << 20  # the text and its derived arrays fit into a CPU cache
FIRST_SKIP_BYTES = 4 << 10  # most values outside of the path are small
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
SPACE, TAB, COMMA_BYTE = 0x20, 0x09, 0x2C
RECORD_SEPARATOR = b"\x1e"
IS_SEPARATOR = np.isin(np.arange(256), list(b" \t\n\r,\x1e"))


def line_starts(ends: Offsets) -> Offsets:
    return np.append(np.int64(0), ends[:-1])[: len(ends)]


def require_length(chunks: list[bytes], name: str, record: int) -> None:
    if sum(map(len, chunks)) > MAX_RECORD_BYTES:
        raise RunFailed(
            ErrorCode.RECORD_TOO_LONG,
            f"{name}: record {record:,} is longer than {MAX_RECORD_BYTES >> 20} MB. "
            "If the actual records are inside this record, set file_format.records to their path. "
            "Otherwise, ask the data provider for smaller records.",
        )


class JsonReader:
    """A cursor in a sequence of JSON documents, usually one, that is read in blocks.

    Documents may be separated by whitespace, a comma or a record separator (RFC 7464), or may follow each other
    directly.
    """

    def __init__(
        self, blocks: Iterator[bytes], name: str, selector: str = "file_format.records", records: int = 0
    ) -> None:
        self.name = name
        self.selector = selector  # the setting that declares the path to the records
        self._blocks = blocks
        self._text = b""
        self._at = 0
        self._documents = 0  # begun so far
        self._records = records  # read so far
        self._in_records = False

    def fail(self, what: str, code: ErrorCode = ErrorCode.JSON_INVALID, *, retryable: bool = False) -> NoReturn:
        raise RunFailed(code, f"{self.name}: {what}", retryable=retryable)

    def peek(self) -> bytes:
        """The next byte that is not whitespace, or no byte at the end of the text."""
        while True:
            self._at = BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def next_document(self) -> bytes:
        """The first byte of the next document, or no byte at the end.

        Raises RunFailed if other text follows a document.
        """
        may_follow = b"," if self._documents else b""
        while (first := self.peek()) and first in (RECORD_SEPARATOR, may_follow):
            may_follow = b"" if first == may_follow else may_follow
            self._at += 1
        if self._documents and first and first not in CLOSING:
            after = f" after record {self._records:,}" if self._records else ""
            self.fail(f"the document ends{after}, but {self.excerpt()} follows. Correct the file.")
        self._documents += 1
        return first

    def members(self) -> Iterator[str]:
        """Yield the keys of the object at the cursor.

        After each key, the cursor is at its value, which the caller must read or skip.
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

    def items(self) -> Iterator[int]:
        """Yield the positions of the elements in the list at the cursor.

        After each position, the cursor is at the element, which the caller must read or skip.
        """
        self._take(b"[")
        position = 0
        while self.peek() != b"]":
            if position:
                self._take(b",")
            yield position
            position += 1
        self._take(b"]")

    def open_list(self) -> bytes:
        """Move the cursor into the list at the cursor. Returns the first byte of its first element, or `]` if it is
        empty."""
        self._take(b"[")
        return self.peek()

    def next_item(self) -> bytes:
        """Move the cursor to the next element of a list. Returns its first byte, or `]` at the end of the list."""
        if self.peek() != b"]":
            self._take(b",")
        return self.peek()

    def excerpt(self) -> str:
        """The text at the cursor, shortened."""
        while len(self._text) <= self._at + SHOWN_BYTES and self._more():
            pass
        return (
            _shown(self._text[self._at : self._at + SHOWN_BYTES + 1]) or "the end of the document, which is truncated"
        )

    def skip_rest_of_object(self) -> None:
        """Skip the remaining members and the end of the object. The cursor must be at the end of a member's value."""
        self._skip_rest(b"{")

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
            require_length(chunks, self.name, 1)
        text = b"".join(chunks) + b"}\n"
        self._records, self._in_records = 1, False
        return Records(text, np.array([len(text)], np.int64))

    def elements(self, opening: bytes = b"[") -> Iterator[Records]:
        """The elements of the list at the cursor, or the members of the object at the cursor with their keys."""
        self._take(opening)
        if self.peek() == CLOSING[opening]:
            self._take(CLOSING[opening])
            return
        self._in_records = True
        chunks: list[bytes] = []
        for text, commas in self._until_closed(opening, WINDOW_BYTES):
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
            require_length(chunks, self.name, self._records + 1)
        last = b"".join(chunks) + b"\n"
        yield self._batch(last, np.array([len(last)], np.int64))
        self._in_records = False

    def documents(self, kinds: bytes) -> Iterator[Records]:
        """All documents from the cursor to the end. `kinds` are the brackets that a document may start with."""
        self._in_records = True
        chunks: list[bytes] = []
        depth, inside, has_comma = 0, False, False
        while True:
            text = self._text[self._at : self._at + WINDOW_BYTES].rstrip(b"\\")
            in_string = inside_strings(text, inside)
            positions, marks = _marks(text, in_string)
            depths = _depths(marks, depth)
            starts = positions[(marks == OPEN) & (depths == 1)]
            ends = positions[(marks == CLOSE) & (depths == 0)] + 1
            outside = _outside(len(text), starts, ends, depth > 0)
            has_comma = self._require_separators(text, outside, starts, ends, kinds, has_comma)
            self._refuse_line_breaks(text, in_string, ends)
            chunks.append(_with_line_ends(text, outside, ends))
            if len(ends):
                lines = b"".join(chunks)
                line_ends = ends + np.arange(1, len(ends) + 1) + (len(lines) - len(chunks[-1]))
                split = int(line_ends[-1])
                self._records += len(ends)
                yield Records(lines[:split], line_ends)
                chunks = [lines[split:]]
            require_length(chunks, self.name, self._records + 1)
            self._at += len(text)
            if len(text):
                inside, depth = bool(in_string[-1]), int(depths[-1]) if len(depths) else depth
            if self._at + WINDOW_BYTES > len(self._text) and not self._more() and not text:
                break
        if depth:
            self._fail_truncated()
        self._in_records = False
        self.next_document()

    def _require_separators(
        self, text: bytes, outside: Mask, starts: Offsets, ends: Offsets, kinds: bytes, has_comma: bool
    ) -> bool:
        """Raise RunFailed if the text contains anything except documents of these kinds and single separators.

        `has_comma` is whether a comma precedes the text. Returns whether a comma precedes the text that follows.
        """
        content = np.frombuffer(text, np.uint8)
        expected = np.isin(content[starts], np.frombuffer(kinds, np.uint8))
        stray = np.append(np.flatnonzero(outside & ~IS_SEPARATOR[content]), starts[~expected])
        commas = np.flatnonzero(outside & (content == COMMA_BYTE))
        gaps = np.searchsorted(ends, commas, side="right")  # the number of documents that end before the comma
        repeated = commas[1:][np.diff(gaps) == 0]
        if has_comma and len(gaps) and gaps[0] == 0:
            repeated = np.append(commas[0], repeated)
        wrong = np.append(stray, repeated)
        if len(wrong):
            at = int(wrong.min())
            self._at += at
            after = self._records + int(np.searchsorted(ends, at, side="right"))
            self.fail(f"the document ends after record {after:,}, but {self.excerpt()} follows. Correct the file.")
        if not len(text) or not outside[-1]:
            return has_comma and not len(text)
        return bool(len(ends) in gaps) or (has_comma and not len(ends))

    def _batch(self, text: bytes, ends: Offsets) -> Records:
        """List elements, one per line. Raises RunFailed if an element is missing before or after a comma."""
        content = np.frombuffer(text, np.uint8)
        at = line_starts(ends)
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
        """Yield, in chunks, the text up to the bracket that closes `opening`, with the offsets of the commas between
        values. Moves the cursor past the closing bracket.

        Line breaks become spaces. The first chunk has `window` bytes; the following chunks are larger.
        """
        depth, inside = 1, False
        while True:
            text = self._text[self._at : self._at + window].rstrip(b"\\")
            window = min(window * 4, WINDOW_BYTES)
            in_string = inside_strings(text, inside)
            positions, significant = _marks(text, in_string)
            depths = _depths(significant, depth)
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
                self._fail_truncated()

    def _refuse_line_breaks(self, text: bytes, in_string: npt.NDArray[np.uint8], commas: Offsets) -> None:
        content = np.frombuffer(text, np.uint8)
        for line_break in b"\n\r":
            if line_break in text and len(broken := np.flatnonzero((content == line_break) & (in_string == 1))):
                self.fail(
                    f"a string contains a line break{self._where(int(np.searchsorted(commas, broken[0])))}. "
                    "Correct the file."
                )

    def _fail_truncated(self) -> NoReturn:
        self.fail(
            f"the document ends{self._where()} before all brackets are closed, so it is truncated. Run again.",
            retryable=True,
        )

    def _where(self, further: int = 0) -> str:
        return f" in record {self._records + further + 1:,}" if self._in_records else ""

    def _take(self, expected: bytes) -> None:
        if self.peek() != expected:
            self.fail(
                f"expected '{_shown(expected)}'{self._where()}, found {self.excerpt()}. Correct the file.",
                retryable=not self.peek(),
            )
        self._at += 1

    def _string(self) -> str:
        if self.peek() != b'"':
            self.fail(f"expected a key in double quotes{self._where()}, found {self.excerpt()}. Correct the file.")
        token = self._match(STRING)
        try:
            text: str = json.loads(token)
        except ValueError as error:
            self.fail(f"{_shown(token)} is not valid JSON: {error}. Correct the file.")
        return text

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        """Match `pattern` at the cursor. Moves the cursor past the match."""
        while True:
            found = pattern.match(self._text, self._at)
            if (found and found.end() < len(self._text)) or not self._more():
                break
            require_length([self._text], self.name, 1)
        if not found:
            self.fail(f"expected a value{self._where()}, found {self.excerpt()}. Correct the file.")
        self._at = found.end()
        return found[0]

    def _more(self) -> bool:
        """Append the next block. Returns False at the end of the text."""
        block = next(self._blocks, None)
        if block is None:
            return False
        self._text = self._text[self._at :] + block
        self._at = 0
        return True


def _marks(text: bytes, in_string: ByteMask) -> tuple[Offsets, ByteMask]:
    """The positions of brackets and commas outside of strings, and the character at each position."""
    significant = np.frombuffer(text.translate(SIGNIFICANT), np.uint8) & (in_string - np.uint8(1))
    positions = np.flatnonzero(significant != 0)
    return positions, significant[positions]


def _depths(marks: ByteMask, depth: int) -> Offsets:
    """The number of open brackets after each mark."""
    depths: Offsets = depth + np.cumsum(
        (marks == OPEN).astype(np.int8) - (marks == CLOSE).astype(np.int8), dtype=np.int64
    )
    return depths


def _outside(length: int, starts: Offsets, ends: Offsets, is_open: bool) -> Mask:
    """Whether each byte is outside of all documents. `is_open` is whether the text begins inside a document."""
    steps = np.zeros(length + 1, np.int8)
    steps[starts] += 1
    steps[ends] -= 1
    outside: Mask = np.cumsum(steps[:-1], dtype=np.int8) + np.int8(is_open) <= 0
    return outside


def _with_line_ends(text: bytes, outside: Mask, ends: Offsets) -> bytes:
    """Put each document on one line. All other line breaks and the separators are replaced with spaces."""
    content = np.frombuffer(text.translate(TO_BLANKS), np.uint8).copy()
    content[outside] = SPACE
    return np.insert(content, ends, LF).tobytes()


def _shown(text: bytes) -> str:
    return text.decode() if len(text) <= SHOWN_BYTES else text[:SHOWN_BYTES].decode(errors="ignore") + "…"


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)
