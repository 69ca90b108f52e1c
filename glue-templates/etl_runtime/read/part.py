"""What lies in staging between unpacking and converting."""

from dataclasses import dataclass

from etl_runtime.job.file_format import FileType


@dataclass(frozen=True)
class Part:
    """Whole records of one file in staging, without a header: columns of text in order (`sources`), the number of the first record."""

    uri: str
    type: FileType
    member: str
    sources: tuple[str, ...]
    bytes: int
    records: int
    first: int
