"""A part of a table, after unpacking and before conversion."""

from dataclasses import dataclass, replace
from pathlib import Path

from etl_runtime.job.file_format import FileType

DRIVER_SCHEME = "file://"
MEMORY_SCHEME = "memory://"


@dataclass(frozen=True)
class Part:
    """Complete records of one file, without a header.

    `uri` refers to a file on the driver, an object in staging, or a part that is only in the driver's memory and is not
    kept.

    `sources` are the source columns of a text file, in order, and `delimiter` separates its fields. `first` is the
    number of this part's first record within the file.
    """

    uri: str
    type: FileType
    member: str
    sources: tuple[str, ...]
    bytes: int
    records: int
    first: int
    delimiter: str = ","

    @property
    def driver_file(self) -> Path | None:
        """The file on the driver that contains the part, if there is one."""
        return Path(self.uri.removeprefix(DRIVER_SCHEME)) if self.uri.startswith(DRIVER_SCHEME) else None

    @property
    def is_on_driver(self) -> bool:
        return self.uri.startswith((DRIVER_SCHEME, MEMORY_SCHEME))

    @property
    def is_gone(self) -> bool:
        """Whether the part can be read only once, while the source is being unpacked."""
        return self.uri.startswith(MEMORY_SCHEME)

    def without_last_source(self) -> "Part":
        """The part without its last source column, which has no value in any record of the file."""
        return replace(self, sources=self.sources[:-1])
