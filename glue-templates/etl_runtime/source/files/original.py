"""An original: a file as received from the source."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import _TemporaryFileWrapper


@dataclass(frozen=True)
class Original:
    """A downloaded file with the bytes that the source sent. Closing `file` deletes it."""

    file: "_TemporaryFileWrapper[bytes]"
    name: str
    url: str
    size: int
    sha256: str
    etag: str | None
    last_modified: str | None
    total: int | None = None  # the size at the source in bytes, if only the beginning was downloaded
    source_date: date | None = None  # the date in the URLs of the run

    @property
    def path(self) -> Path:
        return Path(self.file.name)
