"""A part of a table in staging, between unpacking and conversion."""

from dataclasses import dataclass

from etl_runtime.job.file_format import FileType


@dataclass(frozen=True)
class Part:
    """Complete records of one file in staging, without a header.

    `sources` are the source columns of a text file, in order, and `delimiter` separates its fields. `first` is the
    number of the first record in the file.
    """

    uri: str
    type: FileType
    member: str
    sources: tuple[str, ...]
    bytes: int
    records: int
    first: int
    delimiter: str = ","
