"""Where records end in delimited text, and so how many there are.

One grammar, the same that Arrow's CSV kernel reads: a quote opens only at the start of a field, a doubled quote inside is a
quote, and a record ends at LF, CR LF or CR outside of quotes. An empty line is no record.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from etl_runtime.errors import RunFailed

LONGEST_RECORD_BYTES = 256 << 20
LF, CR = 0x0A, 0x0D

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Records:
    """A run of whole records: their text, and the offset behind the end of each line (empty lines among them)."""

    text: bytes
    ends: Offsets

    def count(self) -> int:
        """How many records there are, without the empty lines."""
        return int(len(self.ends) - self._blank().sum())

    def first(self) -> bytes | None:
        """The first record that is no empty line, with its line end."""
        filled = np.flatnonzero(~self._blank())
        return None if not len(filled) else self.text[self._starts()[filled[0]] : self.ends[filled[0]]]

    def after_first(self) -> "Records":
        """What follows the record that `first` gives."""
        index = int(np.flatnonzero(~self._blank())[0])
        cut = int(self.ends[index])
        return Records(self.text[cut:], self.ends[index + 1 :] - cut)

    def head(self, most_bytes: int) -> bytes:
        """The records that fit into `most_bytes`, and at least one."""
        fitting = int(np.searchsorted(self.ends, most_bytes, side="right"))
        return self.text[: self.ends[max(fitting, 1) - 1]] if len(self.ends) else b""

    def _starts(self) -> Offsets:
        return np.concatenate((np.zeros(1, np.int64), self.ends[:-1])) if len(self.ends) else self.ends

    def _blank(self) -> npt.NDArray[np.bool_]:
        first = np.frombuffer(self.text, np.uint8)[self._starts()]
        blank: npt.NDArray[np.bool_] = (first == LF) | (first == CR)
        return blank


def cut_at_record_ends(blocks: Iterator[bytes], delimiter: bytes, quote: bytes, name: str) -> Iterator[Records]:
    """Cut a stream of text into runs of whole records; a record that has begun in one block ends in a later one.

    Raises RunFailed where a quote opens and never closes.
    """
    rest = b""
    lines = 0
    for block in blocks:
        text = rest + block
        ends = record_ends(text, delimiter, quote)
        if len(ends):
            cut = int(ends[-1])
            yield Records(text[:cut], ends)
            lines += len(ends)
            rest = text[cut:]
        else:
            rest = text
        if len(rest) > LONGEST_RECORD_BYTES:
            raise RunFailed(f"{name}: record {lines + 1:,} is longer than {LONGEST_RECORD_BYTES >> 20} MB. {_QUOTE_REMEDY}")
    if rest:
        text = rest if rest.endswith((b"\n",)) else rest + b"\n"
        ends = record_ends(text, delimiter, quote)
        cut = int(ends[-1]) if len(ends) else 0
        if cut < len(text):
            raise RunFailed(f"{name}: a quote opens in record {lines + len(ends) + 1:,} and never closes. {_QUOTE_REMEDY}")
        yield Records(text, ends)


_QUOTE_REMEDY = 'Mend the file, or declare file_format.quote ("" where the file does not quote).'


def record_ends(text: bytes, delimiter: bytes, quote: bytes) -> Offsets:
    """The offsets behind the end of each whole line of `text`, which begins at the start of a record.

    A CR at the very end is not counted: an LF may follow it.
    """
    content = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(content == LF)
    if b"\r" in text:
        returns = np.flatnonzero(content[:-1] == CR)
        lone = returns[content[returns + 1] != LF]
        if len(lone):
            ends = np.sort(np.concatenate((ends, lone)))
    if quote and quote in text:
        quotes = np.flatnonzero(content == quote[0])
        if not _quotes_pair_up(content, quotes, delimiter, quote):
            return _scanned_ends(text, delimiter, quote)
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return ends + 1


def _quotes_pair_up(content: npt.NDArray[np.uint8], quotes: Offsets, delimiter: bytes, quote: bytes) -> bool:
    """Whether every odd quote opens a field and every even one closes it, or is one half of a doubled quote.

    Then, and only then, a line end lies outside of quotes where the number of quotes before it is even.
    """
    neighbours = np.zeros(256, np.bool_)
    neighbours[[delimiter[0], quote[0], LF, CR]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = content[opening[opening > 0] - 1]
    after = content[closing[closing < len(content) - 1] + 1]
    return bool(neighbours[before].all() and neighbours[after].all())


def _scanned_ends(text: bytes, delimiter: bytes, quote: bytes) -> Offsets:
    """The same, record by record, for text with stray quotes."""
    match = _record_pattern(delimiter, quote).scanner(text).match  # type: ignore[attr-defined]
    ends = []
    while found := match():
        ends.append(found.end())
    if ends and ends[-1] == len(text) and text.endswith(b"\r"):
        ends.pop()
    return np.array(ends, np.int64)


@lru_cache
def _record_pattern(delimiter: bytes, quote: bytes) -> re.Pattern[bytes]:
    d, q = re.escape(delimiter), re.escape(quote)
    field = rb"(?:%b(?:[^%b]++|%b%b)*+%b[^%b\r\n]*+|(?!%b)[^%b\r\n]*+)" % (q, q, q, q, q, d, q, d)
    return re.compile(rb"%b(?:%b%b)*+(?:\r\n?|\n)" % (field, d, field))
