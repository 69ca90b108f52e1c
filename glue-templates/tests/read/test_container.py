"""Members of a container have the right bytes, or the run fails with an error that says what to do."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import struct
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import Dataset, Response, Source, files_up_to, gzipped
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.read import container
from etl_runtime.read.container import Member, members
from etl_runtime.read.data_files import has_data_extension
from etl_runtime.source.files.original import Original

MakeDataset = Callable[..., Dataset]
CSV = b"id,name\n1,a\n2,b\n"
NOISE = hashlib.shake_256(b"noise").digest(10_000)  # cannot be compressed

LOCAL = {"flags": 6, "method": 8, "crc": 14, "packed": 18, "size": 22, "name": 30}
DIRECTORY = {"needs": 6, "flags": 8, "method": 10, "crc": 16, "packed": 20, "size": 24, "offset": 42, "name": 46}


@contextmanager
def opened(body: bytes, name: str = "x.zip") -> Iterator[list[Member]]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        with members(Original(file, name, "https://example.org/" + name, len(body), "", None, None)) as found:
            yield found


def contents(body: bytes, name: str = "x.zip") -> dict[str, bytes]:
    with opened(body, name) as found:
        read = {}
        for member in found:
            with member.open() as stream:
                read[member.name] = stream.read()
            with member.local_file() as path:
                assert path.read_bytes() == read[member.name]
        assert len(read) == len(found)
        return read


def error(body: bytes, name: str = "x.zip") -> RunFailed:
    with pytest.raises(RunFailed) as raised:
        contents(body, name)
    assert "\n" not in str(raised.value)
    return raised.value


def archive(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about two files with the same name
        for name, content in files:
            made.writestr(name, content)
    return buffer.getvalue()


def patched(body: bytes, header: bytes, offset: int, value: bytes) -> bytes:
    """The ZIP with other bytes in its first header of this type."""
    at = body.index(header) + offset
    return body[:at] + value + body[at + len(value) :]


def local(body: bytes, field: str, value: bytes) -> bytes:
    return patched(body, b"PK\x03\x04", LOCAL[field], value)


def directory(body: bytes, field: str, value: bytes) -> bytes:
    return patched(body, b"PK\x01\x02", DIRECTORY[field], value)


def both(body: bytes, field: str, value: bytes) -> bytes:
    return directory(local(body, field, value), field, value)


def packed_by(method: int) -> bytes:
    return both(archive(("x.csv", CSV)), "method", struct.pack("<H", method))


def streamed_zip() -> bytes:
    """A ZIP written to a pipe: the sizes follow each file."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *arguments: int) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("x.csv", CSV)
    return pipe.getvalue()


def zip64() -> bytes:
    """A ZIP that stores all sizes, offsets and counts in ZIP64 fields, as for files above 4 GB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZIP64_LIMIT", 0)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            for name in ("x.csv", "y.csv"):
                with made.open(name, "w", force_zip64=True) as file:
                    file.write(CSV)
    assert buffer.getvalue().count(b"PK\x06\x06") == 1
    return buffer.getvalue()


def tar(name: str = "x.csv", tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as made:
        entry = tarfile.TarInfo(name)
        entry.size = len(CSV)
        made.addfile(entry, io.BytesIO(CSV))
    return buffer.getvalue()


def overlapping() -> bytes:
    """A ZIP whose directory lists one file five times."""
    body = archive(("x.csv", NOISE), method=zipfile.ZIP_STORED)
    start, end = body.index(b"PK\x01\x02"), body.index(b"PK\x05\x06")
    entries = body[start:end] * 5
    return body[:start] + entries + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, len(entries), start, 0)


@pytest.mark.parametrize(
    ("name", "body", "files"),
    [
        pytest.param("x.csv", CSV, {"x.csv": CSV}, id="an uncompressed file"),
        pytest.param("x.csv", b"", {"x.csv": b""}, id="an empty file"),
        pytest.param("x.csv.gz", gzipped(CSV), {"x.csv": CSV}, id="gzip"),
        pytest.param("X.CSV.GZ", gzipped(CSV), {"X.CSV": CSV}, id="gzip with an extension in capitals"),
        pytest.param("x.csv", gzipped(CSV), {"x.csv": CSV}, id="gzip named .csv"),
        pytest.param("x.csv.gz", CSV, {"x.csv.gz": CSV}, id="an uncompressed file named .gz"),
        pytest.param("x.gz", gzipped(CSV, CSV, b"", CSV), {"x": CSV * 3}, id="several gzip members"),
        pytest.param("x.gz", gzipped(CSV) + bytes(1000), {"x": CSV}, id="gzip with trailing zeros, as on tape"),
        pytest.param("x.gz", gzipped(b""), {"x": b""}, id="gzip of an empty file"),
        pytest.param("x.csv.bz2", bz2.compress(CSV), {"x.csv": CSV}, id="bzip2"),
        pytest.param("x.csv", bz2.compress(CSV), {"x.csv": CSV}, id="bzip2 named .csv"),
        pytest.param("x.bz2", bz2.compress(CSV) * 3, {"x": CSV * 3}, id="several bzip2 streams"),
        pytest.param("x.bz2", bz2.compress(NOISE * 20) + bytes(70_000) + bz2.compress(CSV), {"x": NOISE * 20 + CSV}, id="bzip2 streams with zeros between them"),
        pytest.param("x.bz2", bz2.compress(CSV) + bytes(100_000), {"x": CSV}, id="bzip2 with trailing zeros"),
        pytest.param("x.bz2", bz2.compress(b""), {"x": b""}, id="bzip2 of an empty file"),
        pytest.param("x.csv", b"BZhour,name\n1,a\n", {"x.csv": b"BZhour,name\n1,a\n"}, id="text that starts like bzip2"),
        pytest.param("x.csv", b"%s\n" % (b"a" * 256) + b"ustar", {"x.csv": b"%s\n" % (b"a" * 256) + b"ustar"}, id="text with ustar at the offset of the tar magic bytes"),
        pytest.param("x.zip", archive(("x.csv", CSV)), {"x.csv": CSV}, id="ZIP"),
        pytest.param("x.gz", archive(("x.csv", CSV)), {"x.csv": CSV}, id="ZIP named .gz"),
        pytest.param("x.zip", archive(), {}, id="ZIP without files"),
        pytest.param("x.zip", archive(("x.csv", CSV), method=zipfile.ZIP_STORED), {"x.csv": CSV}, id="ZIP, stored"),
        pytest.param("x.zip", archive(("x.csv", CSV), method=zipfile.ZIP_BZIP2), {"x.csv": CSV}, id="ZIP with bzip2 compression"),
        pytest.param("x.zip", archive(("x.csv", CSV), method=zipfile.ZIP_LZMA), {"x.csv": CSV}, id="ZIP with LZMA compression"),
        pytest.param("x.zip", streamed_zip(), {"x.csv": CSV}, id="ZIP written as a stream"),
        pytest.param("x.zip", zip64(), {"x.csv": CSV, "y.csv": CSV}, id="zip64"),
        pytest.param("x.exe", b"MZ\x90\0" + NOISE + archive(("x.csv", CSV)), {"x.csv": CSV}, id="a self-extracting ZIP"),
        pytest.param("x.zip", b"\r\n" + archive(("x.csv", CSV)), {"x.csv": CSV}, id="ZIP after an empty line"),
        pytest.param("x.zip", b"<b>Warning</b>: in line 3\n" + zip64(), {"x.csv": CSV, "y.csv": CSV}, id="zip64 after a server's warning"),
        pytest.param("x.zip", archive(("x.csv", CSV)) + b"\r\n\r\n", {"x.csv": CSV}, id="ZIP with trailing bytes"),
        pytest.param("x.zip", archive(("x.csv", CSV))[:-2] + b"\x05\0hello", {"x.csv": CSV}, id="ZIP with a comment"),
        pytest.param("x.zip", local(archive(("x.csv", CSV)), "crc", bytes(12)), {"x.csv": CSV}, id="ZIP with sizes only in its directory"),
        pytest.param("x.zip", archive(("x.csv", CSV), ("x.csv", CSV)), {"x.csv": CSV}, id="ZIP with the same file twice"),
        pytest.param("x.csv", CSV + b"PK\x05\x06" + bytes(18), {"x.csv": CSV + b"PK\x05\x06" + bytes(18)}, id="a file that ends like an empty ZIP"),
        pytest.param("x.csv", CSV + b"PK\x05\x06" + b"a" * 18, {"x.csv": CSV + b"PK\x05\x06" + b"a" * 18}, id="a file that ends like a damaged ZIP"),
    ],
)  # fmt: skip
def test_members_of_a_container_have_the_right_bytes(name: str, body: bytes, files: dict[str, bytes]) -> None:
    assert contents(body, name) == files


@pytest.mark.parametrize(
    ("inside", "label"),
    [
        pytest.param("../../x.csv", "../../x.csv", id="../"),
        pytest.param("/etc/passwd", "/etc/passwd", id="an absolute name"),
        pytest.param("C:/x.csv", "C:/x.csv", id="a drive"),
        pytest.param("a\\b\\x.csv", "a/b/x.csv", id="backslashes"),
        pytest.param("Zürich.csv", "Zürich.csv", id="UTF-8"),
        pytest.param("名前.csv", "名前.csv", id="UTF-8 outside latin-1"),
        pytest.param("n" * 300 + ".csv", "n" * 300 + ".csv", id="300 characters"),
        pytest.param("a b;c$.csv", "a b;c$.csv", id="punctuation"),
        pytest.param("folder/", None, id="a directory"),
        pytest.param("folder\\", None, id="a directory with a backslash"),
        pytest.param("__MACOSX/._x.csv", None, id="__MACOSX"),
        pytest.param("a\\__MACOSX\\x.csv", None, id="__MACOSX with backslashes"),
        pytest.param("a/.DS_Store", None, id="a hidden file"),
        pytest.param("a/Thumbs.db", None, id="Thumbs.db"),
        pytest.param("a/desktop.ini", None, id="desktop.ini"),
    ],
)  # fmt: skip
def test_names_in_a_zip_are_only_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, label: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    assert contents(archive((inside, CSV))) == ({label: CSV} if label else {})
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def in_cp437() -> bytes:
    return both(archive(("Z_rich.csv", CSV)), "name", b"Z\x81rich.csv")


def test_a_name_without_the_utf_8_flag_is_cp437() -> None:
    assert contents(in_cp437()) == {"Zürich.csv": CSV}


SIZE = struct.pack("<L", len(CSV))
SHORTER, LONGER = struct.pack("<L", len(CSV) - 1), struct.pack("<L", len(CSV) + 1)
FIX = "Download the file manually and check whether that copy is damaged too. Run again when the source provides a complete file."


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        pytest.param("x.gz", gzipped(CSV) + b"garbage", "ARCHIVE_DAMAGED: x.gz is damaged or truncated: other bytes follow the end of the gzip data. " + FIX, id="gzip with trailing garbage"),
        pytest.param("x.gz", gzipped(CSV)[:-8] + bytes(8), "ARCHIVE_DAMAGED: x.gz is damaged or truncated: CRC check failed", id="gzip with a bad CRC"),
        pytest.param("x.gz", gzipped(CSV)[:-4] + bytes(4), "ARCHIVE_DAMAGED: x.gz is damaged or truncated: Incorrect length", id="gzip with a wrong length"),
        pytest.param("x.gz", gzipped(CSV, CSV)[:-10], "ARCHIVE_DAMAGED: x.gz is damaged or truncated: Compressed file ended before", id="gzip with a truncated second member"),
        pytest.param("x.gz", b"\x1f\x8b\x08\0", "ARCHIVE_DAMAGED: x.gz is damaged or truncated: Compressed file ended before", id="gzip truncated in its header"),
        pytest.param("x.gz", b"\x1f\x8b\x07" + gzipped(CSV)[3:], "ARCHIVE_DAMAGED: x.gz is damaged or truncated: Unknown compression method", id="gzip with an unknown compression method"),
        pytest.param("x.bz2", bz2.compress(CSV)[:-4], "ARCHIVE_DAMAGED: x.bz2 is damaged or truncated: the data ends too early. " + FIX, id="truncated bzip2"),
        pytest.param("x.bz2", bz2.compress(CSV)[:10] + bytes(4) + bz2.compress(CSV)[14:], "ARCHIVE_DAMAGED: x.bz2 is damaged or truncated: Invalid data", id="bzip2 with a bad CRC"),
        pytest.param("x.bz2", bz2.compress(CSV) + bz2.compress(CSV)[:-4], "ARCHIVE_DAMAGED: x.bz2 is damaged or truncated: the data ends too early", id="bzip2 with a truncated second stream"),
        pytest.param("x.bz2", bz2.compress(CSV) + b"CZh9" + bz2.compress(CSV)[4:], "ARCHIVE_DAMAGED: x.bz2 is damaged or truncated: Invalid data", id="bzip2 with a damaged second stream"),
        pytest.param("x.bz2", bz2.compress(CSV) + b"garbage", "ARCHIVE_DAMAGED: x.bz2 is damaged or truncated: Invalid data", id="bzip2 with trailing garbage"),
        pytest.param("x.zip", archive(("x.csv", CSV))[:-30], "ARCHIVE_DAMAGED: x.zip is damaged or truncated: the central directory at the end of the ZIP is missing. " + FIX, id="truncated ZIP"),
        pytest.param("x.zip", both(archive(("x.csv", CSV)), "crc", bytes(4)), "ARCHIVE_DAMAGED: x.csv in x.zip is damaged or truncated: Bad CRC-32 for file 'x.csv'. " + FIX, id="ZIP with a bad CRC"),
        pytest.param("x.zip", both(archive(("x.csv", NOISE), method=8), "packed", struct.pack("<L", 5000)), "ARCHIVE_DAMAGED: x.csv in x.zip is damaged or truncated: ", id="ZIP truncated within a file"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "size", SHORTER), "ARCHIVE_DAMAGED: x.csv in x.zip is damaged or truncated: Bad CRC-32", id="ZIP with fewer bytes in its directory"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "size", LONGER), "ARCHIVE_DAMAGED: x.csv in x.zip is damaged or truncated: the data ends after 16 of 17 bytes", id="ZIP with more bytes in its directory"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "name", b"y"), "ARCHIVE_DAMAGED: y.csv in x.zip is damaged or truncated: File name in directory", id="ZIP with different names in directory and header"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "offset", b"\x01"), "ARCHIVE_DAMAGED: x.csv in x.zip is damaged or truncated: Bad magic number for file header", id="ZIP with a wrong offset in its directory"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "method", b"\x0e"), "ARCHIVE_DAMAGED: x.csv in x.zip is damaged or truncated: ", id="ZIP with different methods in directory and header"),
        pytest.param("x.zip", archive(("x.csv", CSV), ("x.csv", b"id\n")), "ARCHIVE_UNSUPPORTED: x.csv in x.zip occurs 2 times with different content. Ask the data provider which file is correct.", id="ZIP with two files with the same name"),
        pytest.param("x.zip", archive(("a/x.csv", CSV), ("a\\x.csv", b"id\n")), "ARCHIVE_UNSUPPORTED: a/x.csv in x.zip occurs 2 times", id="ZIP with names that differ only in the backslash"),
        pytest.param("x.zip", overlapping(), "ARCHIVE_BOMB: x.zip is a ZIP archive with overlapping files, which can indicate a decompression bomb. Check whether the archive is malicious. If it is not, ask the data provider to recreate it.", id="ZIP whose files overlap"),
        pytest.param("x.exe", b"MZ" + overlapping(), "ARCHIVE_BOMB: x.exe is a ZIP archive with overlapping files", id="self-extracting ZIP whose files overlap"),
        pytest.param("x.zip", both(archive(("x.csv", CSV)), "flags", b"\x01"), "ARCHIVE_UNSUPPORTED: x.csv in x.zip is encrypted. Ask the data provider for a ZIP archive without a password.", id="encrypted ZIP"),
        pytest.param("x.zip", both(packed_by(99), "flags", b"\x01"), "ARCHIVE_UNSUPPORTED: x.csv in x.zip is encrypted", id="encrypted ZIP (AES)"),
        pytest.param("x.zip", both(archive(("x.csv", CSV)), "flags", b"\x40"), "ARCHIVE_UNSUPPORTED: x.csv in x.zip uses a ZIP feature that is not supported: strong encryption", id="encrypted ZIP (strong encryption)"),
        pytest.param("x.zip", packed_by(9), "ARCHIVE_UNSUPPORTED: x.csv in x.zip uses compression method 9 (deflate64), which is not supported. Ask the data provider for a ZIP archive with deflate compression.", id="deflate64"),
        pytest.param("x.zip", packed_by(6), "ARCHIVE_UNSUPPORTED: x.csv in x.zip uses compression method 6 (implode), which is not supported", id="implode"),
        pytest.param("x.zip", packed_by(93), "ARCHIVE_UNSUPPORTED: x.csv in x.zip uses compression method 93 (Zstandard), which", id="Zstandard in a ZIP"),
        pytest.param("x.zip", packed_by(98), "ARCHIVE_UNSUPPORTED: x.csv in x.zip uses compression method 98 (PPMd), which is not supported", id="PPMd"),
        pytest.param("x.zip", packed_by(77), "ARCHIVE_UNSUPPORTED: x.csv in x.zip uses compression method 77, which is not supported", id="an unknown method"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "needs", b"\x63\0"), "ARCHIVE_UNSUPPORTED: x.zip uses a ZIP feature that is not supported: zip file version 9.9", id="ZIP of a later version"),
        pytest.param("x.zip", archive(("y.zip", archive(("x.csv", CSV)))), "ARCHIVE_UNSUPPORTED: y.zip in x.zip is a ZIP file inside another container, which is not supported. Ask the data provider for an uncompressed file, a gzip or bzip2 file, or a single ZIP archive.", id="ZIP in a ZIP"),
        pytest.param("x.zip", archive(("x.csv.gz", gzipped(CSV))), "ARCHIVE_UNSUPPORTED: x.csv.gz in x.zip is a gzip file inside another container", id="gzip in a ZIP"),
        pytest.param("x.zip", archive(("x.bz2", bz2.compress(CSV))), "ARCHIVE_UNSUPPORTED: x.bz2 in x.zip is a bzip2 file inside another container", id="bzip2 in a ZIP"),
        pytest.param("x.zip", archive(("x.tar", tar())), "ARCHIVE_UNSUPPORTED: x.tar in x.zip is a tar archive inside another container", id="tar in a ZIP"),
        pytest.param("x.zip", archive(("x.xz", lzma.compress(CSV))), "ARCHIVE_UNSUPPORTED: x.xz in x.zip is an xz file inside another container", id="xz in a ZIP"),
        pytest.param("x.gz", gzipped(gzipped(CSV)), "ARCHIVE_UNSUPPORTED: x.gz is a gzip file inside another container", id="gzip in a gzip"),
        pytest.param("x.gz", gzip.compress(archive(("x.csv", CSV)), 0), "ARCHIVE_UNSUPPORTED: x.gz is a ZIP file inside another container", id="ZIP in a gzip without compression"),
        pytest.param("x.gz", gzipped(archive(("x.csv", CSV))), "ARCHIVE_UNSUPPORTED: x.gz is a ZIP file inside another container", id="ZIP in a gzip"),
        pytest.param("x.tar.gz", gzipped(tar()), "ARCHIVE_UNSUPPORTED: x.tar.gz is a tar archive inside another container", id="tar.gz"),
        pytest.param("x.tgz", gzipped(tar(tar_format=tarfile.GNU_FORMAT)), "ARCHIVE_UNSUPPORTED: x.tgz is a tar archive inside another container", id="GNU tgz"),
        pytest.param("x.tar.bz2", bz2.compress(tar()), "ARCHIVE_UNSUPPORTED: x.tar.bz2 is a tar archive inside another container", id="tar.bz2"),
        pytest.param("x.tar", tar(), "ARCHIVE_UNSUPPORTED: x.tar is a tar archive, which is not supported. Ask the data provider for an uncompressed file, a gzip or bzip2 file, or a single ZIP archive.", id="tar"),
        pytest.param("x.csv", tar("x.zip")[:512] + archive(("x.csv", CSV)), "ARCHIVE_UNSUPPORTED: x.csv is a tar archive", id="tar that ends with a ZIP"),
        pytest.param("x.xz", lzma.compress(CSV), "ARCHIVE_UNSUPPORTED: x.xz is an xz file, which is not supported", id="xz"),
        pytest.param("x.zst", b"\x28\xb5\x2f\xfd" + NOISE, "ARCHIVE_UNSUPPORTED: x.zst is a Zstandard file", id="Zstandard"),
        pytest.param("x.7z", b"7z\xbc\xaf\x27\x1c\0\x04" + NOISE, "ARCHIVE_UNSUPPORTED: x.7z is a 7z archive", id="7z"),
        pytest.param("x.rar", b"Rar!\x1a\x07\0" + NOISE, "ARCHIVE_UNSUPPORTED: x.rar is a RAR archive", id="RAR 4"),
        pytest.param("x.rar", b"Rar!\x1a\x07\x01\0" + NOISE, "ARCHIVE_UNSUPPORTED: x.rar is a RAR archive", id="RAR 5"),
        pytest.param("x.Z", b"\x1f\x9d\x90" + NOISE, "ARCHIVE_UNSUPPORTED: x.Z is a compress file (.Z)", id="compress"),
        pytest.param("x.lz4", b"\x04\x22\x4d\x18" + NOISE, "ARCHIVE_UNSUPPORTED: x.lz4 is an LZ4 file", id="LZ4"),
        pytest.param("x.cab", b"MSCF\0\0\0\0" + NOISE, "ARCHIVE_UNSUPPORTED: x.cab is a Cabinet archive", id="cabinet"),
        pytest.param("x.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE, "FILE_FORMAT_UNSUPPORTED: x.csv is a legacy Office document, such as an Excel workbook (.xls), which is not supported. Use a source that publishes delimited text, JSON or Parquet.", id="a spreadsheet named .csv"),
        pytest.param("x.csv", b"%PDF-1.7\n", "FILE_FORMAT_UNSUPPORTED: x.csv is a PDF file, which is not supported", id="a PDF named .csv"),
    ],
)  # fmt: skip
def test_an_unsupported_or_damaged_container_fails(name: str, body: bytes, message: str) -> None:
    found = error(body, name)
    assert str(found).startswith(message)
    assert found.retryable == (found.code == ErrorCode.ARCHIVE_DAMAGED)


INTACT = {
    "ZIP": archive(("x.csv", NOISE[:300]), ("y.csv", CSV)),
    "zip64": zip64(),
    "gzip": gzipped(CSV),
    "bzip2": bz2.compress(CSV),
}


@pytest.mark.parametrize("container_type", INTACT)
def test_a_container_truncated_at_any_byte_fails(container_type: str) -> None:
    body = INTACT[container_type]
    for cut in range(10, len(body)):
        assert (
            " is damaged or truncated: " in str(error(body[:cut]))
            and error(body[:cut]).code == ErrorCode.ARCHIVE_DAMAGED
        )


@given(container_type=st.sampled_from(sorted(INTACT)), at=st.integers(0, 10_000), flipped=st.integers(1, 255))
@example(container_type="zip64", at=337, flipped=180)  # an offset beyond the end of the file
def test_a_damaged_byte_never_becomes_other_data(container_type: str, at: int, flipped: int) -> None:
    """The magic bytes at the start stay intact."""
    body = bytearray(INTACT[container_type])
    body[10 + at % (len(body) - 10)] ^= flipped
    try:
        found = contents(bytes(body))
    except RunFailed:
        return
    assert set(found.values()) <= set(contents(INTACT[container_type]).values())


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lambda body: archive(("x.csv", body))])
def test_a_decompression_bomb_fails_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(container, "MIN_LIMIT_BYTES", 1 << 20)
    body = pack(bytes(20 << 20))
    with opened(body, "x") as found:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with pytest.raises(
            RunFailed,
            match=r"^ARCHIVE_BOMB: x(.csv in x)? unpacks to more than \d+ MB \(1 GB plus 300 times the size of its download\). Check whether it is a decompression bomb. If it is not, ask the data provider for a file with a lower compression ratio.",
        ):
            found[0].open().read()
        with (
            pytest.raises(RunFailed, match="^ARCHIVE_BOMB: .* 300 times the size of its download"),
            found[0].local_file(),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_stream_can_be_read_in_any_block_size() -> None:
    for body in (
        archive(("x", NOISE)),
        gzipped(NOISE[:4000], NOISE[4000:]),
        bz2.compress(NOISE[:4000]) + bz2.compress(NOISE[4000:]),
        NOISE,
    ):
        for size in (1, 7, 4096, 1 << 20):
            with opened(body, "x") as (member,), member.open() as stream:
                assert b"".join(iter(lambda: stream.read(size), b"")) == NOISE  # noqa: B023
        with opened(body, "x") as (member,), member.open() as stream:
            assert list(stream) == list(io.BytesIO(NOISE))


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "body", "is_copy"),
    [
        pytest.param("x.parquet", parquet(), False, id="uncompressed"),
        pytest.param("x.zip", archive(("x.parquet", parquet())), True, id="in a ZIP"),
        pytest.param("x.parquet.gz", gzipped(parquet()), True, id="in gzip"),
    ],
)
def test_a_parquet_member_is_a_local_file(name: str, body: bytes, is_copy: bool) -> None:
    with opened(body, name) as (member,):
        with member.local_file() as path:
            assert pq.read_table(path).to_pydict() == {"id": [1, 2]}
            assert (path != member.file) == is_copy
        assert path.exists() != is_copy


def test_a_member_that_does_not_fit_on_the_disk_fails() -> None:
    message = r"^DISK_FULL: x.parquet does not fit on the disk \(.*\). Free some space"
    with (
        opened(archive(("x.parquet", NOISE * 100))) as (member,),
        pytest.raises(RunFailed, match=message),
        files_up_to(300_000),
        member.local_file(),
    ):
        pass


def test_an_unsupported_archive_has_no_local_file() -> None:
    with (
        opened(tar(), "x.tar") as (member,),
        pytest.raises(RunFailed, match="^ARCHIVE_UNSUPPORTED: x.tar is a tar archive"),
        member.local_file(),
    ):
        pass


@pytest.mark.parametrize(
    "extension",
    ["csv", "txt", "tsv", "tab", "psv", "dat", "json", "jsonl", "ndjson", "geojson", "parquet", "asc", "rrf", "prn"],
)
def test_data_files_are_known_by_their_extension(extension: str) -> None:
    assert has_data_extension(f"folder.pdf/x.{extension}") and has_data_extension(f"X.{extension.upper()}")
    assert not has_data_extension(f"{extension}") and not has_data_extension(f"x.{extension}.pdf")


# End to end


def ids(made: Dataset, key: str | None = None) -> list[Any]:
    return sorted(row["id"] for row in made.rows(key))


def test_bzip2_becomes_a_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv.bz2", bz2.compress(b"id\n1\n") + bz2.compress(b"2\n")))
    assert ids(made) == [1, 2]


def test_a_mapping_uses_the_decoded_name_of_a_file(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["cities"])
    made.run(source.serves("/x.zip", in_cp437()), file_table_mapping={"Zürich.csv": "cities"})
    assert ids(made, "cities") == [1, 2]


def test_names_that_differ_only_in_case_are_two_files(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["small", "large"])
    body = archive(("data.csv", b"id\n1\n"), ("Data.csv", b"id\n2\n"))
    made.run(source.serves("/x.zip", body), file_table_mapping={"data.csv": "small", "Data.csv": "large"})
    assert (ids(made, "small"), ids(made, "large")) == ([1], [2])


def test_a_base_name_in_two_folders_matches_both_files(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["data"])
    body = archive(("2023/data.csv", b"id\n1\n"), ("2024\\data.csv", b"id\n2\n"))
    made.run(source.serves("/x.zip", body), file_table_mapping={"data.csv": "data"})
    assert ids(made, "data") == [1, 2]
    output = capsys.readouterr().out
    assert "2023/data.csv → data: 1 record" in output and "2024/data.csv → data: 1 record" in output


def test_two_files_with_the_same_name_and_different_content_fail_the_run(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/good.csv", CSV))
    url = source.serves("/x.zip", Response(archive(("x.csv", b"id\n1\n"), ("x.csv", b"id\n2\n"))))
    assert made.fails(url).startswith("ARCHIVE_UNSUPPORTED: x.csv in x.zip occurs 2 times")


# Above 4 GB


class Sparse(io.FileIO):
    """A sparse file: blocks of zeros use no disk space."""

    def write(self, block: Any) -> int:
        if any(block):
            return super().write(block)
        self.seek(len(block), os.SEEK_CUR)
        return len(block)


@pytest.mark.slow
def test_a_zip_above_4_gb(tmp_path: Path) -> None:
    zeros, blocks = bytes(1 << 20), 4200
    path = tmp_path / "x.zip"
    with Sparse(path, "w+") as file, zipfile.ZipFile(file, "w") as made:
        with made.open("large.csv", "w", force_zip64=True) as large:
            for _ in range(blocks):
                large.write(zeros)
            large.write(b"the end\n")
        made.writestr("second.csv", CSV)
    with path.open("rb") as content:
        original = Original(content, "x.zip", "https://example.org/x.zip", path.stat().st_size, "", None, None)  # type: ignore[arg-type]
        with members(original) as (first, second):
            checksum, size, block = 0, 0, b""
            with first.open() as stream:
                while read := stream.read(8 << 20):
                    checksum, size, block = zlib.crc32(read, checksum), size + len(read), read
            assert (size, block[-8:]) == ((blocks << 20) + 8, b"the end\n")
            assert (first.name, second.name, second.open().read()) == ("large.csv", "second.csv", CSV)
