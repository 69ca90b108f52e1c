"""Finds where records end in delimited text. This is needed to count the records and to split the text.

The grammar is the same as in the Arrow CSV reader. A quote opens a quoted field only at the start of the field. A
doubled quote inside a quoted field is a literal quote. An escape makes the next byte literal. A record ends at LF, CR
LF or CR outside of quotes. Empty lines are not records. A line that starts with the comment character outside of quotes
is a comment.

A field with text after its closing quote is not a quoted field: its quotes are literal. Arrow would drop them, so the
field is rewritten here as a quoted field.
"""

import codecs
import json
import logging
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.plural import plural
from etl_runtime.read.text.merged_records import SAMPLE_RECORDS, MergedRecord, find_merged_record

LOG = logging.getLogger(__name__)

MAX_RECORD_BYTES = 256 << 20
MAX_SHOWN_CHARACTERS = 80
MAX_BUFFERED_BYTES = 16 << 20  # of a long record, before its end is searched for again
LF, CR = 0x0A, 0x0D
DOS_END_OF_FILE = b"\x1a"  # DOS programs append it to text
QUOTE_FIX = 'Correct the file, or set file_format.quote ("" if the file has no quoted fields).'

Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """A batch of complete records: their text, and the end offset of each line, including empty lines."""

    text: bytes
    ends: Offsets

    @classmethod
    def of(cls, lines: Sequence[bytes]) -> "Records":
        """Create a batch of these lines, each with its line ending."""
        return cls(b"".join(lines), np.cumsum([len(line) for line in lines], dtype=np.int64))

    def count(self) -> int:
        """The number of records. Empty lines are not counted."""
        return int(len(self.ends) - self._blank().sum())

    def first(self) -> bytes | None:
        """The first record, with its line ending, or None if all lines are empty."""
        filled = np.flatnonzero(~self._blank())
        return None if not len(filled) else self.text[self._starts()[filled[0]] : self.ends[filled[0]]]

    def after_first(self, count: int = 1) -> "Records":
        """The records after the first `count`."""
        index = int(np.flatnonzero(~self._blank())[count - 1])
        split = int(self.ends[index])
        return Records(self.text[split:], self.ends[index + 1 :] - split)

    def without_last(self, count: int) -> "Records":
        """All but the last `count` records."""
        filled = np.flatnonzero(~self._blank())
        remaining = self.ends[: filled[len(filled) - count]] if count else self.ends
        return Records(self.text[: remaining[-1]] if len(remaining) else b"", remaining)

    def without_copies(self, record: bytes) -> "Records":
        """Remove the records that are equal to `record`, with or without a byte order mark."""
        if record not in self.text:
            return self
        starts = self._starts()
        found = [
            int(np.searchsorted(starts, copy.start(), side="right")) - 1
            for copy in re.finditer(re.escape(record), self.text)
        ]
        copies = [line for line in dict.fromkeys(found) if self._is(record, int(starts[line]), int(self.ends[line]))]
        chunks, done = [], 0
        for line in copies:
            chunks.append(self.text[done : starts[line]])
            done = int(self.ends[line])
        chunks.append(self.text[done:])
        return Records(b"".join(chunks), np.cumsum(np.delete(self.ends - starts, copies)))

    def _is(self, record: bytes, start: int, end: int) -> bool:
        return self.text[start:end].rstrip(b"\r\n").removeprefix(codecs.BOM_UTF8) == record

    def head(self, max_bytes: int) -> bytes:
        """The first records: as many as fit in `max_bytes`, but at least one."""
        fitting = int(np.searchsorted(self.ends, max_bytes, side="right"))
        return self.text[: self.ends[max(fitting, 1) - 1]] if len(self.ends) else b""

    def _starts(self) -> Offsets:
        return np.concatenate((np.zeros(1, np.int64), self.ends[:-1])) if len(self.ends) else self.ends

    def _blank(self) -> Mask:
        first = np.frombuffer(self.text, np.uint8)[self._starts()]
        blank: Mask = (first == LF) | (first == CR)
        return blank


@dataclass(frozen=True)
class Lines:
    """The end offsets of records and comments in a text, and replacement text, keyed by line number.

    Comments are removed. `all_ends` are the end offsets of all lines, including lines inside quotes.
    """

    ends: Offsets
    edits: dict[int, bytes]
    all_ends: Offsets

    @property
    def comments(self) -> int:
        return sum(not edit for edit in self.edits.values())

    def records(self, text: bytes) -> Records:
        """The records with the edits applied."""
        if not self.edits:
            return Records(text[: int(self.ends[-1])], self.ends)
        lengths = np.diff(self.ends, prepend=0)
        chunks, done = [], 0
        for line, edit in sorted(self.edits.items()):
            chunks += [text[done : self.ends[line] - lengths[line]], edit]
            done = int(self.ends[line])
            lengths[line] = len(edit)
        chunks.append(text[done : int(self.ends[-1])])
        return Records(b"".join(chunks), np.cumsum(lengths[lengths > 0]))


def split_at_record_ends(blocks: Iterator[bytes], file_format: FileFormat, name: str) -> Iterator[Records]:
    """Split a stream of text into batches of complete records, without comments. A record may span several blocks.

    Raises RunFailed if a quote is not closed, if the text ends with an escape, or if a record is too long.
    """
    remainder = b""
    more: list[bytes] = []  # blocks of a long record, collected so that its end is not searched for after each block
    records = comments = 0
    refuse_merged = _MergedRecords(file_format, name).refuse
    for block in chain(blocks, [b""]):
        more.append(block)
        if block and sum(map(len, more)) < min(len(remainder), MAX_BUFFERED_BYTES):
            continue
        text = remainder + b"".join(more)
        more.clear()
        lines = record_lines(text, file_format)
        if len(lines.ends):
            refuse_merged(text, lines, records)
            yield lines.records(text)
            records += len(lines.ends) - lines.comments
            comments += lines.comments
            remainder = text[int(lines.ends[-1]) :]
        else:
            remainder = text
        if len(remainder) > MAX_RECORD_BYTES:
            raise RunFailed(
                ErrorCode.RECORD_TOO_LONG,
                f"{name}: record {records + 1:,} is longer than {MAX_RECORD_BYTES >> 20} MB. {QUOTE_FIX}",
            )
    if remainder and not remainder.strip(DOS_END_OF_FILE):
        LOG.info(f"{name}: skipped the DOS end-of-file character 0x1A")
    elif remainder:
        text, lines = _last_lines(remainder, file_format)
        if not len(lines.ends) or lines.ends[-1] < len(text):
            at = records + len(lines.ends) - lines.comments + 1
            if file_format.escape and remainder.endswith(file_format.escape.encode()):
                raise RunFailed(
                    ErrorCode.TEXT_INVALID,
                    f"{name}, record {at:,}: the file ends with the escape character {file_format.escape}. "
                    "The file may be truncated. Check the source, or correct file_format.escape.",
                )
            raise RunFailed(
                ErrorCode.QUOTE_NOT_CLOSED, f"{name}, record {at:,}: a quoted field is not closed. {QUOTE_FIX}"
            )
        refuse_merged(text, lines, records)
        yield lines.records(text)
        comments += lines.comments
    if comments:
        LOG.info(f"{name}: skipped {plural(comments, 'comment line')}")


@dataclass
class _MergedRecords:
    """Reports the first record of a file that consists of several records merged by stray quotes."""

    file_format: FileFormat
    name: str
    sample: list[bytes] = field(default_factory=list)
    is_reported: bool = False

    def refuse(self, text: bytes, lines: Lines, records_before: int) -> None:
        """Raise RunFailed for a merged record. If the document declares the quote character, only log the record."""
        if len(self.sample) < SAMPLE_RECORDS:
            self._add_to_sample(text, lines.ends, records_before)
        if self.is_reported or len(lines.all_ends) == len(lines.ends):
            return
        found = find_merged_record(text, lines.all_ends, lines.ends, self.file_format, self.sample)
        if not found:
            return
        comments = sum(not edit for line, edit in lines.edits.items() if line < found.index)
        message = self._message(found, records_before + found.index + 1 - comments)
        if not self.file_format.is_quote_declared:
            raise RunFailed(
                ErrorCode.QUOTE_MERGES_RECORDS,
                f"{message} The published table does not change. If the quotes are part of the values, set "
                'file_format.quote to "". If the line breaks are part of a value, set file_format.quote '
                f"to {json.dumps(self.file_format.quote)}.",
            )
        self.is_reported = True
        LOG.warning(f'{message} If the quotes are part of the values, set file_format.quote to "".')

    def _add_to_sample(self, text: bytes, ends: Offsets, records_before: int) -> None:
        above = int(self.file_format.header) + self.file_format.skip_rows_after_header
        bounds = [0, *ends[: above + SAMPLE_RECORDS].tolist()]
        records = [text[start:end] for start, end in pairwise(bounds)]
        self.sample += records[max(0, above - records_before) :]

    def _message(self, found: MergedRecord, record: int) -> str:
        line = found.lines[0].replace(self.file_format.delimiter_byte, self.file_format.delimiter.encode())
        shown = line.decode(errors="replace")
        shown = shown if len(shown) <= MAX_SHOWN_CHARACTERS else f"{shown[:MAX_SHOWN_CHARACTERS]}…"
        return (
            f"{self.name}, record {record:,}: a quoted field contains line breaks, but each of its "
            f"{len(found.lines):,} lines is a complete record. It begins with {json.dumps(shown, ensure_ascii=False)}."
        )


def _last_lines(remainder: bytes, file_format: FileFormat) -> tuple[bytes, Lines]:
    """Read the end of a text, where the last line may have no line ending."""
    text = remainder if remainder.endswith(b"\n") else remainder + b"\n"
    lines = record_lines(text, file_format)
    if (
        file_format.escape and text == remainder and (not len(lines.ends) or lines.ends[-1] < len(text))
    ):  # the text ends with an escaped line ending
        text += b"\n"
        lines = record_lines(text, file_format)
    return text, lines


def without_first(batches: Iterator[Records], count: int, name: str) -> Iterator[Records]:
    """Yield the batches without the first `count` records after the header. Raises RunFailed if there are fewer."""
    remaining = count
    for batch in batches:
        skipped = min(remaining, batch.count()) if remaining else 0
        remaining -= skipped
        yield batch.after_first(skipped) if skipped else batch
    if remaining:
        raise RunFailed(
            ErrorCode.FILE_FORMAT_MISMATCH,
            f"{name} has {plural(count - remaining, 'record')} after the header, but "
            f"file_format.skip_rows_after_header is {count:,}. The published table does not change. "
            "Check the source, or correct file_format.skip_rows_after_header.",
            retryable=True,
        )
    if count:
        LOG.info(f"{name}: skipped {plural(count, 'record')} after the header")


def without_last(batches: Iterator[Records], count: int, name: str) -> Iterator[Records]:
    """Yield the batches without the last `count` records. Only the batches that contain these records are buffered.

    Raises RunFailed if there are fewer records.
    """
    held: deque[Records] = deque()
    records = 0
    for batch in batches:
        held.append(batch)
        records += batch.count()
        while records - held[0].count() >= count:
            records -= held[0].count()
            yield held.popleft()
    if records < count:
        raise RunFailed(
            ErrorCode.FILE_FORMAT_MISMATCH,
            f"{name} has {plural(records, 'record')}, but file_format.skip_footer is {count:,}. "
            "The published table does not change. Check the source, or correct file_format.skip_footer.",
            retryable=True,
        )
    if records > count:  # only the first buffered batch has records to keep
        yield held[0].without_last(held[0].count() - (records - count))
    LOG.info(f"{name}: skipped {plural(count, 'record')} at the end")


def without_header(batches: Iterator[Records], header: bytes, name: str) -> Iterator[Records]:
    """Yield the batches without repeated header records, which occur in concatenated files."""
    value = header.rstrip(b"\r\n")
    repeated = 0
    for batch in batches:
        remaining = batch.without_copies(value)
        repeated += len(batch.ends) - len(remaining.ends)
        yield remaining
    if repeated:
        LOG.info(f"{name}: skipped {plural(repeated, 'repeated header line')}")


def record_lines(text: bytes, file_format: FileFormat) -> Lines:
    """Find the complete records and comments in `text`, which must begin at the start of a record."""
    content = np.frombuffer(text, np.uint8)
    ends = all_ends = line_ends(text)
    quote, escape, comment = file_format.quote.encode(), file_format.escape.encode(), file_format.comment.encode()
    if comment and comment in text and _comment_pattern(comment).search(text):
        return _scan_lines(text, ends, file_format)
    escaped = escaped_mask(content, escape[0]) if escape and escape in text else None
    if quote and quote in text:
        quotes = np.flatnonzero(content == quote[0])
        if escaped is not None:
            quotes = quotes[~escaped[quotes]]
        if not _quotes_pair_up(content, quotes, escaped, file_format):
            return _scan_lines(text, ends, file_format)
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    if escaped is not None:
        ends = ends[~escaped[ends - 1]]
    return Lines(ends, {}, all_ends)


def first_record(text: bytes, file_format: FileFormat) -> bytes:
    """The first complete record in a text, with its line ending. Empty if the text has no complete record."""
    start = len(text) - len(text.lstrip(b"\r\n"))
    found = _record_pattern(file_format, strict=False).match(text, start)
    return found[0] if found else b""


def line_ends(text: bytes) -> Offsets:
    """The offsets after LF, CR LF and CR, including those inside quotes.

    A CR at the end of the text is ignored, because an LF may follow.
    """
    content = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(content == LF)
    if b"\r" in text:
        returns = np.flatnonzero(content[:-1] == CR)
        lone = returns[content[returns + 1] != LF]
        if len(lone):
            ends = np.sort(np.concatenate((ends, lone)))
    return ends + 1


def escaped_mask(content: npt.NDArray[np.uint8], escape: int) -> Mask:
    """The mask of escaped bytes. In a sequence of escapes, the first, third, … escape the next byte."""
    escapes = np.flatnonzero(content == escape)
    order = np.arange(len(escapes))
    run_starts = np.concatenate(([True], np.diff(escapes) > 1))
    within = order - np.maximum.accumulate(np.where(run_starts, order, 0))
    escaped = np.zeros(len(content) + 1, np.bool_)
    escaped[escapes[within % 2 == 0] + 1] = True
    return escaped


def _quotes_pair_up(
    content: npt.NDArray[np.uint8], quotes: Offsets, escaped: Mask | None, file_format: FileFormat
) -> bool:
    """Whether each quote opens or closes a field, or is part of a doubled quote.

    If so, a line ending is outside of quotes if and only if the number of quotes before it is even.
    """
    neighbours = np.zeros(256, np.bool_)
    neighbours[[file_format.delimiter_byte[0], ord(file_format.quote), LF, CR]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = opening[opening > 0] - 1
    after = content[closing[closing < len(content) - 1] + 1]
    paired = bool(neighbours[content[before]].all() and neighbours[after].all())
    return paired if escaped is None else paired and not escaped[before].any()


def _scan_lines(text: bytes, ends: Offsets, file_format: FileFormat) -> Lines:
    """Like `record_lines`, but with regular expressions, for text with stray quotes or comments."""
    strict, loose = _record_pattern(file_format, strict=True), _record_pattern(file_format, strict=False)
    special, comment = _special_pattern(file_format), file_format.comment.encode()
    line_ends: list[int] = ends.tolist()
    remaining = np.ones(len(line_ends), np.bool_)
    edits: dict[int, bytes] = {}
    done = 0
    while found := special.search(text, done):
        line = bisect_right(line_ends, found.start())
        start = max(done, line_ends[line - 1] if line else 0)
        if comment and text.startswith(comment, start):
            end = line_ends[line] if line < len(line_ends) else None
            edit: bytes | None = b""
        else:
            record = strict.match(text, start)
            edit = None
            if not record and (record := loose.match(text, start)):
                edit = _quote_fields(record[0], file_format)
            end = record.end() if record else None
        last = bisect_right(line_ends, end) - 1 if end else -1
        if last < line or line_ends[last] != end:  # the record continues after the text
            remaining[line:] = False
            break
        remaining[line:last] = False
        if edit is not None:
            edits[last] = edit
        done = end
    places = np.cumsum(remaining) - 1
    return Lines(ends[remaining], {int(places[line]): edit for line, edit in edits.items()}, ends)


def _quote_fields(record: bytes, file_format: FileFormat) -> bytes:
    """Rewrite each field that has text after its closing quote as a quoted field."""
    quote, escape = file_format.quote.encode(), file_format.escape.encode()

    def quote_field(field: re.Match[bytes]) -> bytes:
        value = field["quoted"]
        if not value or not field["tail"]:
            return field[0]
        value += field["tail"]
        if escape:
            value = value.replace(escape, escape * 2)
        return b"%b%b%b" % (quote, value.replace(quote, quote * 2), quote) + field["end"]

    return field_pattern(file_format).sub(quote_field, record)


@lru_cache
def _record_pattern(file_format: FileFormat, strict: bool) -> re.Pattern[bytes]:
    """A pattern for a record with its line ending. If `strict`, no field has text after its closing quote."""
    quoted, plain, delimiter = _patterns(file_format)
    tail = b"" if strict else plain
    field = rb"(?:%b%b|(?!%b)%b)" % (quoted, tail, re.escape(file_format.quote.encode()), plain) if quoted else plain
    return re.compile(rb"%b(?:%b%b)*+(?:\r\n?|\n)" % (field, delimiter, field), re.DOTALL)


@lru_cache
def field_pattern(file_format: FileFormat) -> re.Pattern[bytes]:
    """A pattern for a field with its delimiter or line ending. The group `tail` matches the text after the closing
    quote of the group `quoted`."""
    quoted, plain, delimiter = _patterns(file_format)
    return re.compile(
        rb"(?:(?P<quoted>%b)(?P<tail>%b)|%b)(?P<end>%b|\r\n?|\n)" % (quoted, plain, plain, delimiter), re.DOTALL
    )


@lru_cache
def _special_pattern(file_format: FileFormat) -> re.Pattern[bytes]:
    """A pattern for quotes, escapes and comments. The next line ending after a match may be part of the record."""
    specials = b"|".join(re.escape(each.encode()) for each in (file_format.quote, file_format.escape) if each)
    comment = _comment_pattern(file_format.comment.encode()).pattern if file_format.comment else b""
    return re.compile(b"|".join(part for part in (specials, comment) if part))


@lru_cache
def _comment_pattern(comment: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:\A|(?<=[\r\n]))%b" % re.escape(comment))


def _patterns(file_format: FileFormat) -> tuple[bytes, bytes, bytes]:
    """The patterns for a quoted field (empty if quotes are disabled), an unquoted field, and the delimiter."""
    delimiter, quote, escape = (
        re.escape(each)
        for each in (file_format.delimiter_byte, file_format.quote.encode(), file_format.escape.encode())
    )
    plain = rb"(?:[^%b%b\r\n]++|%b.)*+" % (delimiter, escape, escape) if escape else rb"[^%b\r\n]*+" % delimiter
    body = rb"[^%b%b]++|%b%b" % (quote, escape, quote, quote) + (rb"|%b." % escape if escape else b"")
    return (rb"%b(?:%b)*+%b" % (quote, body, quote) if quote else b""), plain, delimiter
