"""Opens the data files in a download: the file itself, the file in a gzip or bzip2 container, or the members of a ZIP.

The container is detected from its magic bytes, not from its name.
"""

import bz2
import errno
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, gettempdir
from typing import Any, BinaryIO, cast

from etl_runtime.job.errors import DISK_FULL_ERRNOS, ErrorCode, RunFailed
from etl_runtime.read.file_signatures import (
    BZIP2_MAGIC,
    GZIP_MAGIC,
    HEAD_BYTES,
    ZIP_MAGIC,
    UnsupportedFile,
    office_document,
    unsupported_file,
)
from etl_runtime.read.text.decode import PARQUET_MAGIC
from etl_runtime.source.files.original import Original

SUPPORTED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
UNSUPPORTED_METHODS = {1: "shrink", 6: "implode", 9: "deflate64", 93: "Zstandard", 95: "xz", 98: "PPMd"}
BLOCK_BYTES = 1 << 20
# A member may unpack to 300 times the size of the download plus 1 GB. A larger one is a decompression bomb.
MAX_RATIO, MIN_LIMIT_BYTES = 300, 1 << 30
DAMAGE_TEXTS = (  # clearer than Python's messages
    ("File is not a zip file", "the central directory at the end of the ZIP is missing"),
    ("Not a gzipped file", "other bytes follow the end of the gzip data"),
)


@dataclass(frozen=True)
class Member:
    """A data file that can be opened as a stream.

    `file` is the path of a file that is not in a container. `size` is the uncompressed size in bytes if the file is in
    a ZIP.
    """

    name: str
    open: Callable[[], BinaryIO]
    file: Path | None = None
    size: int | None = None

    @contextmanager
    def local_file(self) -> Iterator[Path]:
        """Provide the member as a local file, for formats that need random access.

        If the member is in a container, the local file is a copy, which is deleted afterwards.
        """
        with self.open() as stream:
            if self.file:
                yield self.file
                return
            with NamedTemporaryFile(prefix="medallion-", buffering=0) as copy:
                try:
                    while block := memoryview(stream.read(BLOCK_BYTES)):
                        while block:
                            block = block[copy.write(block) :]
                except OSError as error:
                    if error.errno not in DISK_FULL_ERRNOS:
                        raise
                    raise RunFailed(
                        ErrorCode.DISK_FULL,
                        f"{self.name} does not fit on the disk ({gettempdir()}: {error.strerror}). "
                        "Free some space, or choose a larger data_size_category.",
                    ) from error
                yield Path(copy.name)


@contextmanager
def members(original: Original) -> Iterator[list[Member]]:
    """Provide the files in `original`, in the order of the container. Their names are only labels; no file is written
    with such a name.

    Raises RunFailed if the container is damaged, or if it is an Office document. Opening a member also raises RunFailed
    if the member is an archive or another file that is not supported. Reading a member raises RunFailed if it is
    damaged.
    """
    path, name = original.path, original.name
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    max_bytes = MIN_LIMIT_BYTES + MAX_RATIO * original.size
    archive = _zip_archive(original, head)
    if archive:
        with archive:
            _refuse_office_document(archive, name)
            yield _zip_members(archive, name, max_bytes)
    elif head.startswith(GZIP_MAGIC):
        yield [_compressed_member(name, ".gz", lambda: cast(BinaryIO, gzip.GzipFile(path)), max_bytes)]
    elif BZIP2_MAGIC.match(head):
        yield [
            _compressed_member(name, ".bz2", lambda: cast(BinaryIO, io.BufferedReader(_Bzip2Stream(path))), max_bytes)
        ]
    else:
        yield [Member(name, lambda: _refuse_unsupported(path.open("rb"), name), path)]


def _zip_archive(original: Original, head: bytes) -> zipfile.ZipFile | None:
    """Open the download as a ZIP archive. Returns None if it is not one.

    Other bytes, such as a self-extracting program, may precede a ZIP archive.
    """
    has_magic = head.startswith(ZIP_MAGIC)
    if not has_magic and (
        unsupported_file(head, inside=True) or head.startswith(PARQUET_MAGIC) or not zipfile.is_zipfile(original.path)
    ):
        return None
    try:
        with _damage_as_run_failure(original.name):
            archive = zipfile.ZipFile(original.path)
    except RunFailed:
        if has_magic:
            raise
        return None  # only the end of the file looks like a ZIP
    with ExitStack() as unless_read:
        unless_read.callback(archive.close)
        if sum(info.compress_size for info in archive.infolist()) > original.size:
            raise RunFailed(
                ErrorCode.ARCHIVE_BOMB,
                f"{original.name} is a ZIP archive with overlapping files, which can indicate a decompression bomb. "
                "Check whether the archive is malicious. If it is not, ask the data provider to recreate it.",
            )
        if has_magic or archive.infolist():
            unless_read.pop_all()
            return archive
    return None


def _zip_members(archive: zipfile.ZipFile, container: str, max_bytes: int) -> list[Member]:
    """Return the data files. Members with the same name and the same content count as one file.

    If the content differs, opening the member raises RunFailed.
    """
    found: dict[str, list[zipfile.ZipInfo]] = {}
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")  # some Windows tools violate the ZIP specification
        if _is_data_member(name):
            found.setdefault(name, []).append(info)
    return [_zip_member(archive, name, infos, container, max_bytes) for name, infos in found.items()]


def _zip_member(
    archive: zipfile.ZipFile, name: str, infos: list[zipfile.ZipInfo], container: str, max_bytes: int
) -> Member:
    info = infos[0]
    label = f"{name} in {container}"

    def open_member() -> BinaryIO:
        if len({(other.file_size, other.CRC) for other in infos}) > 1:
            raise RunFailed(
                ErrorCode.ARCHIVE_UNSUPPORTED,
                f"{label} occurs {len(infos)} times with different content. "
                "Ask the data provider which file is correct.",
            )
        if info.flag_bits & 0x1:
            raise RunFailed(
                ErrorCode.ARCHIVE_UNSUPPORTED,
                f"{label} is encrypted. Ask the data provider for a ZIP archive without a password.",
            )
        if info.compress_type not in SUPPORTED_METHODS:
            known = UNSUPPORTED_METHODS.get(info.compress_type)
            method = f"{info.compress_type} ({known})" if known else info.compress_type
            raise RunFailed(
                ErrorCode.ARCHIVE_UNSUPPORTED,
                f"{label} uses compression method {method}, which is not supported. "
                "Ask the data provider for a ZIP archive with deflate compression.",
            )
        with _damage_as_run_failure(label):
            packed = cast(BinaryIO, archive.open(info))
        return _unpack(packed, label, max_bytes, info.file_size)

    return Member(name, open_member, size=info.file_size)


def _compressed_member(name: str, extension: str, open_packed: Callable[[], BinaryIO], max_bytes: int) -> Member:
    unpacked_name = name[: -len(extension)] if name.lower().endswith(extension) else name
    return Member(unpacked_name, lambda: _unpack(open_packed(), name, max_bytes))


def _is_data_member(name: str) -> bool:
    """Whether a member is data. Directories, and files that operating systems add to a ZIP, are not data."""
    folders, _, base = name.rpartition("/")
    return (
        bool(base)
        and not base.startswith(".")
        and "__MACOSX" not in folders.split("/")
        and base.lower() not in ("thumbs.db", "desktop.ini")
    )


def _unpack(packed: BinaryIO, label: str, max_bytes: int, expected_bytes: int | None = None) -> BinaryIO:
    return _refuse_unsupported(
        io.BufferedReader(_UnpackedStream(packed, label, max_bytes, expected_bytes), 64 << 10), label, inside=True
    )


def _refuse_unsupported(stream: io.BufferedReader, label: str, inside: bool = False) -> BinaryIO:
    """Return the stream. Raises RunFailed if it is an archive, a document or another file that is not supported."""
    try:
        found = unsupported_file(stream.peek(HEAD_BYTES)[:HEAD_BYTES], inside)
    except BaseException:
        stream.close()
        raise
    if found:
        stream.close()
        raise _unsupported(found, label, inside)
    return stream


def _refuse_office_document(archive: zipfile.ZipFile, name: str) -> None:
    """Raise RunFailed if the ZIP is an Office document."""
    names, mime_type = archive.namelist(), b""
    first = archive.infolist()[0] if names else None
    if first and first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED and not first.flag_bits & 1:
        with _damage_as_run_failure(name), archive.open(first) as stream:
            mime_type = stream.read(HEAD_BYTES)
    if found := office_document(names, mime_type):
        raise _unsupported(found, name)


def _unsupported(found: UnsupportedFile, label: str, inside: bool = False) -> RunFailed:
    if found.kind == "format":
        return RunFailed(
            ErrorCode.FILE_FORMAT_UNSUPPORTED,
            f"{label} is {found.what}, which is not supported. "
            "Use a source that publishes delimited text, JSON or Parquet.",
        )
    where = " inside another container" if inside else ""
    return RunFailed(
        ErrorCode.ARCHIVE_UNSUPPORTED,
        f"{label} is {found.what}{where}, which is not supported. "
        "Ask the data provider for an uncompressed file, a gzip or bzip2 file, or a single ZIP archive.",
    )


class _UnpackedStream(io.RawIOBase):
    """The uncompressed bytes of a member. Raises RunFailed if the data is damaged or its size exceeds the limit."""

    def __init__(self, packed: BinaryIO, label: str, max_bytes: int, expected_bytes: int | None) -> None:
        self._packed = packed
        self._label = label
        self._max_bytes = max_bytes
        self._expected_bytes = expected_bytes
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _damage_as_run_failure(self._label):
            block = self._packed.read(len(buffer))
            self._size += len(block)
            if not block and self._expected_bytes not in (None, self._size):
                raise EOFError(f"the data ends after {self._size:,} of {self._expected_bytes:,} bytes")
        if self._size > self._max_bytes:
            limit = f"{self._max_bytes >> 20:,} MB (1 GB plus {MAX_RATIO} times the size of its download)"
            raise RunFailed(
                ErrorCode.ARCHIVE_BOMB,
                f"{self._label} unpacks to more than {limit}. Check whether it is a decompression bomb. If it is not, "
                "ask the data provider for a file with a lower compression ratio.",
            )
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._packed.close()
        super().close()


class _Bzip2Stream(io.RawIOBase):
    """Reads all streams of a bzip2 file. Python's BZ2File silently stops at damaged data after the first stream."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._stream = bz2.BZ2Decompressor()
        self._packed = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            packed = b""
            if self._stream.eof:
                packed = self._stream.unused_data
                while not (packed := packed.lstrip(b"\0")):  # tape padding
                    if not (packed := self._file.read(64 << 10)):
                        return 0
                self._stream = bz2.BZ2Decompressor()
            elif self._stream.needs_input and not (packed := self._file.read(64 << 10)):
                raise EOFError
            if block := self._stream.decompress(packed, len(buffer)):
                buffer[: len(block)] = block
                return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def _damage_as_run_failure(name: str) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise RunFailed(
            ErrorCode.ARCHIVE_UNSUPPORTED,
            f"{name} uses a ZIP feature that is not supported: {error}. "
            "Ask the data provider for a ZIP archive with deflate compression and no password.",
        ) from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        ValueError,
        OverflowError,
        struct.error,
    ) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        what = (
            next((text for known, text in DAMAGE_TEXTS if str(error).startswith(known)), str(error))
            or "the data ends too early"
        )
        raise RunFailed(
            ErrorCode.ARCHIVE_DAMAGED,
            f"{name} is damaged or truncated: {what}. "
            "Download the file manually and check whether that copy is damaged too. "
            "Run again when the source provides a complete file.",
            retryable=True,
        ) from error
