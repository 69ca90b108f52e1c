"""What a downloaded file holds: itself, the one file in a gzip, or the members of a ZIP. Told by its first bytes, not its name."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from etl_runtime.errors import RunFailed
from etl_runtime.fetch import Original

GZIP_MARK = b"\x1f\x8b"
ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
DATA_ENDINGS = (".csv", ".txt", ".tsv", ".tab", ".psv", ".dat")


@dataclass(frozen=True)
class Member:
    """One file of data: its name, and how to open it as a stream."""

    name: str
    open: Callable[[], BinaryIO]


@contextmanager
def members(original: Original) -> Iterator[list[Member]]:
    """The files in `original`, in the container's order. Names are labels only: nothing is ever written under them.

    Damage that shows only while a member is read (a bad checksum, a truncated stream) raises RunFailed as well.
    """
    path = original.path
    with path.open("rb") as stream:
        mark = stream.read(4)
    with _damage_explained(original.name):
        if mark in ZIP_MARKS:
            with zipfile.ZipFile(path) as archive:
                yield [_zip_member(archive, info) for info in archive.infolist() if _holds_data(info.filename)]
        elif mark.startswith(GZIP_MARK):
            name = original.name[:-3] if original.name.lower().endswith(".gz") else original.name
            yield [Member(name, lambda: cast(BinaryIO, gzip.GzipFile(path)))]
        else:
            yield [Member(original.name, lambda: path.open("rb"))]


def looks_like_data(name: str) -> bool:
    return name.lower().endswith(DATA_ENDINGS)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    def open_member() -> BinaryIO:
        if info.flag_bits & 0x1:
            raise RunFailed(f"{info.filename} in the ZIP is encrypted. Ask the source for a ZIP without a password.")
        return cast(BinaryIO, archive.open(info))

    return Member(info.filename, open_member)


def _holds_data(name: str) -> bool:
    """Not a folder, and not what an operating system adds to a ZIP."""
    folders, _, base = name.rpartition("/")
    return (
        bool(base)
        and not base.startswith(".")
        and "__MACOSX" not in folders.split("/")
        and base.lower() not in ("thumbs.db", "desktop.ini")
    )


@contextmanager
def _damage_explained(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise RunFailed(
            f"{name} is damaged or cut off: {error}. Download it by hand to compare; run again when the source is whole.", retryable=True
        ) from error
    except NotImplementedError as error:
        raise RunFailed(
            f"{name} is packed in a way that Python cannot read: {error}. Ask the source for a ZIP with plain deflate."
        ) from error
