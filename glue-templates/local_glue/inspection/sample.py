"""Reads the first records of each data file in a source."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat, FileType
from etl_runtime.read.container import Member
from etl_runtime.read.data_files import DATA_EXTENSIONS, has_data_extension, is_documentation, is_prose, kind_of_content
from etl_runtime.read.detect_format import HEAD_BYTES, detect_format
from etl_runtime.read.text.decode import byte_order_mark
from etl_runtime.source.files.original import Original

SAMPLE_BYTES = 16 << 20
MAX_LINES_AT_END = 300  # the number of lines in which to search for the end of the last complete record


@dataclass(frozen=True)
class Sample:
    """The part of a data file that the inspection reads.

    `head` and the content of `member` end after a complete record of text or JSON Lines. For other types, `member` is
    the complete file. `member.size` is always the size of the complete file.
    """

    member: Member
    type: FileType
    head: bytes
    is_complete: bool


def samples_of(members: Sequence[Member], original: Original) -> tuple[list[Sample], dict[str, str]]:
    """Return the data files of a source, and the reasons why the other files are skipped, keyed by file name.

    Raises RunFailed if there is no data file, or if a file that is not supported may be the data.
    """
    skipped: dict[str, str] = {}
    if len(members) > 1:
        skipped = {member.name: reason for member in members if (reason := _why_skipped(member))}
    samples = [_sample(member, original) for member in members if member.name not in skipped]
    _require_supported(members, samples)
    filled = [sample for sample in samples if sample.head.strip()]
    if len(samples) > 1 and len(filled) == 1:  # an empty file next to a single data file is not a table
        skipped |= {sample.member.name: "empty" for sample in samples if sample not in filled}
        samples = filled
    if not samples or len(samples) > 1 and not filled:
        names = ", ".join(member.name for member in members) or "no files"
        raise RunFailed(
            ErrorCode.FILE_EMPTY,
            f"{original.name} contains no data file. It contains {names}. Check whether it is the correct file.",
        )
    return samples, {member.name: skipped[member.name] for member in members if member.name in skipped}


def detect_type(name: str, head: bytes) -> FileType:
    """Detect the type as the job does. Unlike the job, also detect JSON Lines in a file with the extension `.json`."""
    detected = detect_format(name, head[:HEAD_BYTES], FileFormat())
    by_content = detect_format("", head[:HEAD_BYTES], FileFormat())
    return "jsonl" if detected == "json" and by_content == "jsonl" else detected


def unpacked_bytes(member: Member, original: Original) -> int:
    """The uncompressed size of a file, extrapolated if only the first part of the download was read."""
    size = 0
    if member.file:
        size = member.file.stat().st_size
    else:
        with member.open() as stream:
            while block := stream.read(1 << 20):
                size += len(block)
    return size if original.total is None else int(size * original.total / max(1, original.size))


def _why_skipped(member: Member) -> str | None:
    """The reason why a file of an archive is not data, or None if it may be data."""
    if is_documentation(member):
        return "documentation or a program"
    content = kind_of_content(member)
    if content == "unsupported":
        return "file type is not supported"
    if content is None and (not has_data_extension(member.name) or is_prose(member)):
        return "no records"
    return None


def _require_supported(members: Sequence[Member], samples: Sequence[Sample]) -> None:
    """Raise RunFailed if an unsupported file is larger than all data files, and no file has the extension of
    a data file."""
    if any(sample.member.name.lower().endswith(DATA_EXTENSIONS) for sample in samples):
        return
    largest = max((sample.member.size or len(sample.head) for sample in samples), default=0)
    for member in members if len(members) > 1 else ():
        if (member.size or 0) > largest and not is_documentation(member) and kind_of_content(member) == "unsupported":
            member.open().close()


def _sample(member: Member, original: Original) -> Sample:
    with member.open() as stream:
        head = stream.read(SAMPLE_BYTES + 1)
    type = detect_type(member.name, head)
    if type not in ("csv", "jsonl"):
        return Sample(member, type, head, True)
    is_complete = len(head) <= SAMPLE_BYTES and original.total is None
    text = head if is_complete else _complete_records(head)
    return Sample(replace(member, open=lambda: io.BytesIO(text), file=None), type, text, is_complete)


def _complete_records(head: bytes) -> bytes:
    """The text up to the last line break outside of quotes, which has an even number of quotes before it."""
    _, codec = byte_order_mark(head)
    newline, quote = "\n".encode(codec or "utf-8"), '"'.encode(codec or "utf-8")
    width = len(newline)
    quotes, end, last_line_break = head.count(quote), len(head), 0
    for _ in range(MAX_LINES_AT_END):
        at = head.rfind(newline, 0, end)
        while at > 0 and at % width:
            at = head.rfind(newline, 0, at)
        if at <= 0:
            break
        last_line_break = last_line_break or at
        quotes -= head.count(quote, at, end)
        if quotes % 2 == 0:
            return head[: at + width]
        end = at
    return head[: last_line_break + width] if last_line_break else head
