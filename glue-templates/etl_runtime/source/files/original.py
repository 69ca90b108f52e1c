"""An original: a file as the source sent it."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import _TemporaryFileWrapper


@dataclass(frozen=True)
class Original:
    """A downloaded file, byte for byte as the source sent it. It is deleted when `file` is closed."""

    file: "_TemporaryFileWrapper[bytes]"
    name: str
    url: str
    size: int
    sha256: str
    etag: str | None
    last_modified: str | None
    total: int | None = None  # bytes that the source has, where these are only the first of them

    @property
    def path(self) -> Path:
        return Path(self.file.name)
