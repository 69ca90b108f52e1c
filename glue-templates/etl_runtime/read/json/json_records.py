"""JSON and JSON Lines → runs of records, one JSON value a line, at a steady use of memory.

Only what leads to the records is looked at byte by byte. The records themselves are cut apart by their brackets and commas; each
is parsed strictly in its task.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from etl_runtime.job.errors import RunFailed
from etl_runtime.read.json.json_strings import inside_strings
from etl_runtime.read.text.record_ends import LF, MAX_RECORD_BYTES, Offsets, Records

LOG = logging.getLogger(__name__)

WINDOW_BYTES = 2 << 20  # what a processor's cache holds with all that is made of it
FIRST_SKIP_BYTES = 4 << 10  # most values beside the way are small
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
    """The records of one JSON document: the elements of a list, or one object. `open_blocks` gives its UTF-8 text, each time anew.

    `records` is file_format.records: keys joined by dots, $ for the document itself. Without it the records are the document where
    it is a list, else the one list of objects in it, else the document: `say` tells which. Raises RunFailed where the path leads
    nowhere, where several lists could be meant, and where the brackets of the document do not match or more follows behind it.
    """
    path = _detect_path(JsonReader(open_blocks(), name)) if records is None else keys_of(records)
    reader = JsonReader(open_blocks(), name)
    if not reader.peek():
        raise RunFailed(f"{name} is empty. The published table stays as it is.", retryable=True)
    yield from records_at(reader, path)
    reader.finish()


def json_lines(blocks: Iterator[bytes], name: str) -> Iterator[Records]:
    """The records of JSON Lines: every line that is not blank."""
    chunks: list[bytes] = []
    lines = 0
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        chunks.append(block[:cut] if cut else block)
        if cut:
            batch = _lines(b"".join(chunks))
            yield batch
            lines += len(batch.ends)
            chunks = [block[cut:]]
        _require_length(chunks, name, lines + 1)
    if rest := b"".join(chunks):
        yield _lines(rest + b"\n")


def _lines(text: bytes) -> Records:
    """Whole lines, without those that hold nothing but blanks."""
    content = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(content == LF) + 1
    starts = _starts(ends)
    indented = np.flatnonzero((content[starts] == SPACE) | (content[starts] == TAB)).tolist()
    blank = [line for line in indented if not text[starts[line] : ends[line]].strip(b" \t\r\n")]
    if not blank:
        return Records(text, ends)
    kept = np.delete(np.arange(len(ends)), blank).tolist()
    return _lines(b"".join(text[starts[line] : ends[line]] for line in kept))


def _starts(ends: Offsets) -> Offsets:
    return np.append(np.int64(0), ends[:-1])[: len(ends)]


def _require_length(chunks: list[bytes], name: str, record: int) -> None:
    if sum(map(len, chunks)) > MAX_RECORD_BYTES:
        raise RunFailed(
            f"{name}: record {record:,} is longer than {MAX_RECORD_BYTES >> 20} MB. "
            "Declare file_format.records where the records lie deeper, or ask the source for smaller ones."
        )


def keys_of(records: str) -> tuple[str, ...]:
    keys = tuple(records.split("."))
    return keys[1:] if keys[0] == "$" else keys


def _detect_path(reader: "JsonReader") -> tuple[str, ...]:
    """The path to the records where none is declared."""
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
    # An empty list counts only where no other holds objects: a source without news today has no other shape than yesterday.
    found = [key for key, first in lists.items() if first == b"{"] or [
        key for key, first in lists.items() if first is None
    ]
    if len(found) > 1:
        raise RunFailed(
            f"{reader.name} holds several lists: {_key_list(found)}. Declare the right one as file_format.records."
        )
    if not found:
        LOG.info(f"{reader.name}: the document is one object without a list of objects, so it is the one record")
        return ()
    left_out = [key for key in [*lists, *others] if key != found[0]]
    LOG.info(
        f"{reader.name}: the records are the list {found[0]}"
        + (f"; left out: {_key_list(left_out)}" if left_out else "")
    )
    return (found[0],)


def records_at(reader: "JsonReader", path: tuple[str, ...], parents: tuple[str, ...] = ()) -> Iterator[Records]:
    """The records that `path` leads to from the value at the cursor, which is behind it afterwards. `way` led to the cursor."""
    first = reader.peek()
    if not path:
        if first == b"[":
            yield from reader.elements()
        elif first == b"{":
            yield reader.record()
        else:
            where = f"{reader.selector} {'.'.join(parents)} leads to" if parents else "the document is"
            reader.fail(f"{where} {reader.scalar()}, neither a list nor an object. Look at the source.", retryable=True)
        return
    declared = ".".join((*parents, *path))
    if first != b"{":
        what = "a list, where the path has to end" if first == b"[" else "no object"
        reader.fail(
            f"{reader.selector} is {declared}, but {'.'.join(parents) or 'the document'} is {what}. Look at the source, or mend the path.",
            retryable=True,
        )
    matched_key = None
    keys = []
    for key in reader.members():
        keys.append(key)
        steps = next(
            (steps for steps in range(1, len(path) + 1) if key == ".".join(path[:steps])), 0
        )  # a key may hold dots
        if not steps or reader.peek() == b"n":
            reader.skip()
            continue
        if matched_key is not None:
            reader.fail(f"two keys lead the way to the records, {matched_key} and {key}. Mend the file.")
        matched_key = key
        yield from records_at(reader, path[steps:], (*parents, key))
    if matched_key is None:
        reader.fail(
            f"{reader.selector} is {declared}, but {path[0]} is missing or null. The keys there: {_key_list(keys)}. "
            "Look at the source, or mend the path.",
            retryable=True,
        )


def _key_list(keys: list[str]) -> str:
    more = f" and {len(keys) - MAX_KEYS_SHOWN:,} more" if len(keys) > MAX_KEYS_SHOWN else ""
    return (", ".join(keys[:MAX_KEYS_SHOWN]) or "none") + more


class JsonReader:
    """A cursor on a JSON document that comes in blocks."""

    def __init__(self, blocks: Iterator[bytes], name: str, selector: str = "file_format.records") -> None:
        self.name = name
        self.selector = selector  # what declares the way to the records
        self._blocks = blocks
        self._text = b""
        self._at = 0
        self._records = 0  # read so far
        self._in_records = False

    def fail(self, what: str, *, retryable: bool = False) -> NoReturn:
        raise RunFailed(f"{self.name}: {what}", retryable=retryable)

    def peek(self) -> bytes:
        """The byte at the cursor, behind blanks; nothing at the end of the document."""
        while True:
            self._at = BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def finish(self) -> None:
        """Fail where more follows."""
        if self.peek():
            behind = f" behind record {self._records:,}" if self._records else ""
            self.fail(
                f"the document ends{behind}, but then comes {self._found()}. Mend the file; "
                "where every line is a document of its own, declare file_format.type jsonl."
            )

    def members(self) -> Iterator[str]:
        """The keys of the object at the cursor, with the cursor at the key's value. The caller must get past it."""
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
        """Get past the value at the cursor, without a look inside."""
        first = self.peek()
        if first in CLOSING:
            self._take(first)
            self._skip_rest(first)
        else:
            self.scalar()

    def skip_list(self) -> bytes | None:
        """Get past the list at the cursor. Returns what its first element begins with."""
        self._take(b"[")
        first = self.peek()
        self._skip_rest(b"[")
        return None if first == b"]" else first

    def scalar(self) -> str:
        """The text, number or word at the cursor, as it is written."""
        if self.peek() == b'"':
            return json.dumps(self._string(), ensure_ascii=False)
        token = self._match(SCALAR)
        try:
            json.loads(token, parse_constant=_no_constant, parse_int=str)
        except ValueError:
            self.fail(f"{_shown(token)} is no JSON{self._where()}. Mend the file.")
        return token.decode()

    def record(self) -> Records:
        """The object at the cursor as the one record."""
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
                cut = int(ends[-1])
                yield self._batch(bytes(content[:cut]), ends)
                chunks = [bytes(content[cut:])]
            else:
                chunks.append(text)
            _require_length(chunks, self.name, self._records + 1)
        last = b"".join(chunks) + b"\n"
        yield self._batch(last, np.array([len(last)], np.int64))
        self._in_records = False

    def _batch(self, text: bytes, ends: Offsets) -> Records:
        """Elements, a line each. Raises RunFailed where a comma has none before it or behind it."""
        content = np.frombuffer(text, np.uint8)
        at = _starts(ends)
        number = np.arange(len(ends)) + self._records + 1
        for _ in range(64):  # an indentation
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
            self.fail(f"record {empty[0]:,} is empty: there is a comma too many. Mend the file.")

    def _skip_rest(self, opening: bytes) -> None:
        for _ in self._until_closed(opening, FIRST_SKIP_BYTES):
            pass

    def _until_closed(self, opening: bytes, window: int) -> Iterator[tuple[bytes, Offsets]]:
        """The text up to the bracket that closes the one before the cursor, in pieces of one line, with the offsets of the commas
        between its values. `window` bytes are looked at first, then ever more. The cursor is behind the bracket afterwards."""
        depth, inside = 1, False
        while True:
            text = self._text[self._at : self._at + window].rstrip(b"\\")
            window = min(window * 4, WINDOW_BYTES)
            in_string = inside_strings(text, inside)
            kinds = np.frombuffer(text.translate(SIGNIFICANT), np.uint8) & (in_string - np.uint8(1))
            places = np.flatnonzero(kinds != 0)
            kinds = kinds[places]
            depths = depth + np.cumsum(
                (kinds == OPEN).astype(np.int8) - (kinds == CLOSE).astype(np.int8), dtype=np.int64
            )
            closed = np.flatnonzero(depths == 0)[:1]
            end = int(places[closed[0]]) if len(closed) else len(text)
            commas = places[(kinds == COMMA) & (depths == 1)]
            commas = commas[commas < end]
            self._refuse_line_breaks(text[:end], in_string[:end], commas)
            self._at += end
            if len(closed) and (found := text[end : end + 1]) != CLOSING[opening]:
                self.fail(
                    f"{_shown(found)} closes what {_shown(opening)} opened{self._where(len(commas))}. Mend the file."
                )
            yield text[:end].translate(TO_BLANKS), commas
            if len(closed):
                self._at += 1
                return
            if len(text):
                inside, depth = bool(in_string[-1]), int(depths[-1]) if len(depths) else depth
            if self._at + window > len(self._text) and not self._more() and not text:
                self.fail(
                    f"the document ends{self._where()} before its brackets close: it is cut off. Fetch it again.",
                    retryable=True,
                )

    def _refuse_line_breaks(self, text: bytes, in_string: npt.NDArray[np.uint8], commas: Offsets) -> None:
        content = np.frombuffer(text, np.uint8)
        for line_break in b"\n\r":
            if line_break in text and len(broken := np.flatnonzero((content == line_break) & (in_string == 1))):
                self.fail(
                    f"a line break inside of a text{self._where(int(np.searchsorted(commas, broken[0])))}. Mend the file."
                )

    def _where(self, further: int = 0) -> str:
        return f" in record {self._records + further + 1:,}" if self._in_records else ""

    def _take(self, expected: bytes) -> None:
        if self.peek() != expected:
            self.fail(f"{_shown(expected)} should come{self._where()}, but there is {self._found()}. Mend the file.")
        self._at += 1

    def _string(self) -> str:
        if self.peek() != b'"':
            self.fail(
                f"a key in double quotes should come{self._where()}, but there is {self._found()}. Mend the file."
            )
        token = self._match(STRING)
        try:
            text: str = json.loads(token)
        except ValueError as error:
            self.fail(f"{_shown(token)} is no JSON: {error}. Mend the file.")
        return text

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        """What matches at the cursor, which goes behind it."""
        while True:
            found = pattern.match(self._text, self._at)
            if (found and found.end() < len(self._text)) or not self._more():
                break
            _require_length([self._text], self.name, 1)
        if not found:
            self.fail(f"a value should come{self._where()}, but there is {self._found()}. Mend the file.")
        self._at = found.end()
        return found[0]

    def _found(self) -> str:
        while len(self._text) <= self._at + SHOWN_BYTES and self._more():
            pass
        return _shown(self._text[self._at : self._at + SHOWN_BYTES + 1]) or "its end: it is cut off"

    def _more(self) -> bool:
        """Take the next block. False at the end of the document."""
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
