"""Determines which files of an archive contain the data, by their names or by their content and size."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.container import Member
from etl_runtime.read.detect_format import detect_format
from etl_runtime.read.text.decode import MARKUP, byte_order_mark

DATA_EXTENSIONS = (".csv", ".tsv", ".tab", ".psv", ".rrf", ".json", ".jsonl", ".ndjson", ".geojson", ".parquet")
GENERIC_EXTENSIONS = (".txt", ".dat", ".asc", ".prn")
"""Extensions of data files that documentation and control files also use."""
OTHER_EXTENSIONS = (
    *(
        ".md",
        ".rst",
        ".html",
        ".htm",
        ".pdf",
        ".rtf",
        ".doc",
        ".docx",
        ".odt",
        ".ppt",
        ".pptx",
        ".png",
        ".jpg",
        ".jpeg",
    ),
    *(".gif", ".svg", ".xsd", ".sql", ".py", ".r", ".sas", ".sps", ".do", ".sh", ".bat", ".exe", ".css", ".js"),
    *(".md5", ".sha1", ".sha256", ".sha512", ".sig", ".ini", ".yml", ".yaml"),
)
"""Extensions of documentation, programs and checksums."""
DOCUMENTATION_NAME = re.compile(
    r"(^|[/ _-])(read[ _-]?me|licen[cs]es?|change[ _-]?log|release[ _-]?notes|terms[ _-]of[ _-]use|disclaimer|copying)"
    r"(?![a-z])[^/]*$"
)
SAMPLE_BYTES = 64 << 10
DELIMITERS = ",;\t|^~"
QUOTED = re.compile(r'"[^"]*"')
MIN_SHARE = 0.9
MIN_FIXED_WIDTH = 8

ContentKind = Literal["records", "fixed_width", "unsupported"]
"""Delimited, JSON or Parquet records; lines of equal length; data of a type that is not supported."""


def has_data_extension(name: str) -> bool:
    return name.lower().endswith((*DATA_EXTENSIONS, *GENERIC_EXTENSIONS))


def is_documentation(member: Member) -> bool:
    """Whether a file is documentation, a program or a checksum. A name such as licenses.txt is only decisive if the
    file has no records."""
    name = member.name.lower()
    if name.endswith(DATA_EXTENSIONS):
        return False
    if name.endswith(OTHER_EXTENSIONS):
        return True
    return bool(DOCUMENTATION_NAME.search(name)) and kind_of_content(member) != "records"


def only_data_file(members: Sequence[Member]) -> tuple[Member | None, str]:
    """Return the only data file of an archive. If that is not certain, return None and, if one file is likely, a
    sentence that explains the doubt.

    If exactly one file has the extension of a data file, it is the data file, unless another file may contain the data,
    such as a larger file with records. A generic extension such as .txt, which control files and documentation also
    use, is weaker evidence: a smaller file with records, or a larger file of an unsupported type, may also contain the
    data.
    """
    if len(members) == 1:
        return members[0], ""
    candidates = [member for member in members if not is_documentation(member)]
    if len(candidates) == 1:
        return candidates[0], ""
    named = [member for member in candidates if has_data_extension(member.name)]
    likely = named or [member for member in candidates if kind_of_content(member) == "records"]
    if len(likely) != 1:
        return None, ""
    (found,) = likely
    rival = next((member for member in candidates if member is not found and _may_hold_the_data(member, found)), None)
    if rival is None:
        return found, ""
    extension = "the only one with the extension of a data file" if named else "the only one with records"
    return None, f"{found.name} is {extension}, but {rival.name} may contain the data. "


def kind_of_content(member: Member) -> ContentKind | None:
    """The kind of content of a file, detected from its first SAMPLE_BYTES bytes. Returns None for any other content,
    such as prose, and for an empty file."""
    try:
        with member.open() as stream:
            head = stream.read(SAMPLE_BYTES)
    except RunFailed:
        return "unsupported"
    if detect_format("", head, FileFormat()) != "csv":
        return "records"
    if MARKUP.match(head):
        return None
    bom, codec = byte_order_mark(head)
    text = head[len(bom) :].decode(codec or "utf-8", "replace")
    if "\0" in text:
        return "unsupported"
    lines = [line for line in text.splitlines() if line.strip()]
    if len(head) == SAMPLE_BYTES:
        lines = lines[:-1]  # the last line may be incomplete
    if len(lines) < 2:
        return None
    if any(_is_regular(lines, delimiter) for delimiter in DELIMITERS):
        return "records"
    return "fixed_width" if len(lines[0]) >= MIN_FIXED_WIDTH and len({len(line) for line in lines}) == 1 else None


def is_prose(member: Member) -> bool:
    """Whether a file contains sentences, rather than records or a list of words."""
    if kind_of_content(member) is not None:
        return False
    with member.open() as stream:
        lines = [line for line in stream.read(SAMPLE_BYTES).splitlines() if line.strip()]
    return bool(lines) and sum(b" " in line.strip() for line in lines) >= len(lines) / 2


def _may_hold_the_data(member: Member, instead_of: Member) -> bool:
    content = kind_of_content(member)
    is_generic = not instead_of.name.lower().endswith(DATA_EXTENSIONS)
    is_larger = (member.size or 0) >= (instead_of.size or 0)
    if content == "records":
        return is_generic or is_larger
    return content is not None and is_generic and is_larger


def _is_regular(lines: Sequence[str], delimiter: str) -> bool:
    """Whether nearly all lines have the same number of delimiters outside of quotes."""
    counts = Counter(QUOTED.sub("", line).count(delimiter) for line in lines)
    ((count, lines_with_it),) = counts.most_common(1)
    return count > 0 and lines_with_it >= MIN_SHARE * len(lines)
