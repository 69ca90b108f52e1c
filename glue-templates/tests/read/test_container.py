"""What comes out of a container: the right bytes, or one line that says what is wrong with it and what to do."""

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

from conftest import Answer, Dataset, Source, files_up_to, gzipped
from etl_runtime.job.errors import RunFailed
from etl_runtime.read import container
from etl_runtime.read.container import Member, has_data_extension, members
from etl_runtime.source.files.original import Original

MakeDataset = Callable[..., Dataset]
CSV = b"id,name\n1,a\n2,b\n"
NOISE = hashlib.shake_256(b"noise").digest(10_000)  # does not shrink

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
        warnings.simplefilter("ignore")  # of two files with one name
        for name, content in files:
            made.writestr(name, content)
    return buffer.getvalue()


def patched(body: bytes, header: bytes, offset: int, value: bytes) -> bytes:
    """The ZIP with other bytes in its first header of this kind."""
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


def of_a_stream() -> bytes:
    """A ZIP written to a pipe: the sizes follow behind each file."""

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
    """A ZIP whose sizes, offsets and counts are all written as above 4 GB."""
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


def piled_up() -> bytes:
    """A ZIP whose directory lists one file five times."""
    body = archive(("x.csv", NOISE), method=zipfile.ZIP_STORED)
    start, end = body.index(b"PK\x01\x02"), body.index(b"PK\x05\x06")
    entries = body[start:end] * 5
    return body[:start] + entries + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, len(entries), start, 0)


@pytest.mark.parametrize(
    ("name", "body", "files"),
    [
        pytest.param("x.csv", CSV, {"x.csv": CSV}, id="a plain file"),
        pytest.param("x.csv", b"", {"x.csv": b""}, id="no bytes"),
        pytest.param("x.csv.gz", gzipped(CSV), {"x.csv": CSV}, id="gzip"),
        pytest.param("X.CSV.GZ", gzipped(CSV), {"X.CSV": CSV}, id="gzip in capitals"),
        pytest.param("x.csv", gzipped(CSV), {"x.csv": CSV}, id="gzip under the name .csv"),
        pytest.param("x.csv.gz", CSV, {"x.csv.gz": CSV}, id="a plain file under the name .gz"),
        pytest.param("x.gz", gzipped(CSV, CSV, b"", CSV), {"x": CSV * 3}, id="several gzip members in a row"),
        pytest.param("x.gz", gzipped(CSV) + bytes(1000), {"x": CSV}, id="gzip with zeros behind it, of a tape"),
        pytest.param("x.gz", gzipped(b""), {"x": b""}, id="gzip of nothing"),
        pytest.param("x.csv.bz2", bz2.compress(CSV), {"x.csv": CSV}, id="bzip2"),
        pytest.param("x.csv", bz2.compress(CSV), {"x.csv": CSV}, id="bzip2 under the name .csv"),
        pytest.param("x.bz2", bz2.compress(CSV) * 3, {"x": CSV * 3}, id="several bzip2 streams in a row"),
        pytest.param("x.bz2", bz2.compress(NOISE * 20) + bytes(70_000) + bz2.compress(CSV), {"x": NOISE * 20 + CSV}, id="bzip2 streams with zeros between them"),
        pytest.param("x.bz2", bz2.compress(CSV) + bytes(100_000), {"x": CSV}, id="bzip2 with zeros behind it"),
        pytest.param("x.bz2", bz2.compress(b""), {"x": b""}, id="bzip2 of nothing"),
        pytest.param("x.csv", b"BZhour,name\n1,a\n", {"x.csv": b"BZhour,name\n1,a\n"}, id="text that begins like bzip2"),
        pytest.param("x.csv", b"%s\n" % (b"a" * 256) + b"ustar", {"x.csv": b"%s\n" % (b"a" * 256) + b"ustar"}, id="text that says ustar where tar does"),
        pytest.param("x.zip", archive(("x.csv", CSV)), {"x.csv": CSV}, id="ZIP"),
        pytest.param("x.gz", archive(("x.csv", CSV)), {"x.csv": CSV}, id="ZIP under the name .gz"),
        pytest.param("x.zip", archive(), {}, id="ZIP without files"),
        pytest.param("x.zip", archive(("x.csv", CSV), method=zipfile.ZIP_STORED), {"x.csv": CSV}, id="ZIP, stored"),
        pytest.param("x.zip", archive(("x.csv", CSV), method=zipfile.ZIP_BZIP2), {"x.csv": CSV}, id="ZIP, packed by bzip2"),
        pytest.param("x.zip", archive(("x.csv", CSV), method=zipfile.ZIP_LZMA), {"x.csv": CSV}, id="ZIP, packed by LZMA"),
        pytest.param("x.zip", of_a_stream(), {"x.csv": CSV}, id="ZIP written as a stream"),
        pytest.param("x.zip", zip64(), {"x.csv": CSV, "y.csv": CSV}, id="zip64"),
        pytest.param("x.exe", b"MZ\x90\0" + NOISE + archive(("x.csv", CSV)), {"x.csv": CSV}, id="a self-extracting ZIP"),
        pytest.param("x.zip", b"\r\n" + archive(("x.csv", CSV)), {"x.csv": CSV}, id="ZIP behind an empty line"),
        pytest.param("x.zip", b"<b>Warning</b>: in line 3\n" + zip64(), {"x.csv": CSV, "y.csv": CSV}, id="zip64 behind a server's warning"),
        pytest.param("x.zip", archive(("x.csv", CSV)) + b"\r\n\r\n", {"x.csv": CSV}, id="ZIP with bytes behind it"),
        pytest.param("x.zip", archive(("x.csv", CSV))[:-2] + b"\x05\0hello", {"x.csv": CSV}, id="ZIP with a comment"),
        pytest.param("x.zip", local(archive(("x.csv", CSV)), "crc", bytes(12)), {"x.csv": CSV}, id="ZIP whose directory knows sizes that its headers don't"),
        pytest.param("x.zip", archive(("x.csv", CSV), ("x.csv", CSV)), {"x.csv": CSV}, id="ZIP with the same file twice"),
        pytest.param("x.csv", CSV + b"PK\x05\x06" + bytes(18), {"x.csv": CSV + b"PK\x05\x06" + bytes(18)}, id="a file that ends like an empty ZIP"),
        pytest.param("x.csv", CSV + b"PK\x05\x06" + b"a" * 18, {"x.csv": CSV + b"PK\x05\x06" + b"a" * 18}, id="a file that ends like a broken ZIP"),
    ],
)  # fmt: skip
def test_the_bytes_in(name: str, body: bytes, files: dict[str, bytes]) -> None:
    assert contents(body, name) == files


@pytest.mark.parametrize(
    ("inside", "label"),
    [
        pytest.param("../../x.csv", "../../x.csv", id="../"),
        pytest.param("/etc/passwd", "/etc/passwd", id="an absolute name"),
        pytest.param("C:/x.csv", "C:/x.csv", id="a drive"),
        pytest.param("a\\b\\x.csv", "a/b/x.csv", id="backslashes"),
        pytest.param("Zürich.csv", "Zürich.csv", id="UTF-8"),
        pytest.param("名前.csv", "名前.csv", id="UTF-8 beyond latin-1"),
        pytest.param("n" * 300 + ".csv", "n" * 300 + ".csv", id="300 characters"),
        pytest.param("a b;c$.csv", "a b;c$.csv", id="marks"),
        pytest.param("folder/", None, id="a directory"),
        pytest.param("folder\\", None, id="a directory with a backslash"),
        pytest.param("__MACOSX/._x.csv", None, id="__MACOSX"),
        pytest.param("a\\__MACOSX\\x.csv", None, id="__MACOSX with backslashes"),
        pytest.param("a/.DS_Store", None, id="a hidden file"),
        pytest.param("a/Thumbs.db", None, id="Thumbs.db"),
        pytest.param("a/desktop.ini", None, id="desktop.ini"),
    ],
)  # fmt: skip
def test_names_in_a_zip_are_labels_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, label: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    assert contents(archive((inside, CSV))) == ({label: CSV} if label else {})
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def in_cp437() -> bytes:
    return both(archive(("Z_rich.csv", CSV)), "name", b"Z\x81rich.csv")


def test_a_name_without_the_mark_of_utf_8_is_cp437() -> None:
    assert contents(in_cp437()) == {"Zürich.csv": CSV}


SIZE = struct.pack("<L", len(CSV))
SHORTER, LONGER = struct.pack("<L", len(CSV) - 1), struct.pack("<L", len(CSV) + 1)
TOLD = "Download it by hand to compare; run again when the source is whole."


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        pytest.param("x.gz", gzipped(CSV) + b"garbage", "x.gz is damaged or cut off: other bytes follow behind its end. " + TOLD, id="gzip with garbage behind it"),
        pytest.param("x.gz", gzipped(CSV)[:-8] + bytes(8), "x.gz is damaged or cut off: CRC check failed", id="gzip with a bad CRC"),
        pytest.param("x.gz", gzipped(CSV)[:-4] + bytes(4), "x.gz is damaged or cut off: Incorrect length", id="gzip with a wrong length"),
        pytest.param("x.gz", gzipped(CSV, CSV)[:-10], "x.gz is damaged or cut off: Compressed file ended before", id="gzip whose second member is cut"),
        pytest.param("x.gz", b"\x1f\x8b\x08\0", "x.gz is damaged or cut off: Compressed file ended before", id="gzip that ends in its header"),
        pytest.param("x.gz", b"\x1f\x8b\x07" + gzipped(CSV)[3:], "x.gz is damaged or cut off: Unknown compression method", id="gzip of another method"),
        pytest.param("x.bz2", bz2.compress(CSV)[:-4], "x.bz2 is damaged or cut off: it ends too early. " + TOLD, id="bzip2, cut"),
        pytest.param("x.bz2", bz2.compress(CSV)[:10] + bytes(4) + bz2.compress(CSV)[14:], "x.bz2 is damaged or cut off: Invalid data", id="bzip2 with a bad CRC"),
        pytest.param("x.bz2", bz2.compress(CSV) + bz2.compress(CSV)[:-4], "x.bz2 is damaged or cut off: it ends too early", id="bzip2 whose second stream is cut"),
        pytest.param("x.bz2", bz2.compress(CSV) + b"CZh9" + bz2.compress(CSV)[4:], "x.bz2 is damaged or cut off: Invalid data", id="bzip2 whose second stream is damaged"),
        pytest.param("x.bz2", bz2.compress(CSV) + b"garbage", "x.bz2 is damaged or cut off: Invalid data", id="bzip2 with garbage behind it"),
        pytest.param("x.zip", archive(("x.csv", CSV))[:-30], "x.zip is damaged or cut off: its directory, which a ZIP has at its end, is missing. " + TOLD, id="ZIP, cut"),
        pytest.param("x.zip", both(archive(("x.csv", CSV)), "crc", bytes(4)), "x.csv in x.zip is damaged or cut off: Bad CRC-32 for file 'x.csv'. " + TOLD, id="ZIP with a bad CRC"),
        pytest.param("x.zip", both(archive(("x.csv", NOISE), method=8), "packed", struct.pack("<L", 5000)), "x.csv in x.zip is damaged or cut off: ", id="ZIP, cut inside of a file"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "size", SHORTER), "x.csv in x.zip is damaged or cut off: Bad CRC-32", id="ZIP whose directory says fewer bytes"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "size", LONGER), "x.csv in x.zip is damaged or cut off: it ends after 16 of 17 bytes", id="ZIP whose directory says more bytes"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "name", b"y"), "y.csv in x.zip is damaged or cut off: File name in directory", id="ZIP whose directory has another name than its header"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "offset", b"\x01"), "x.csv in x.zip is damaged or cut off: Bad magic number for file header", id="ZIP whose directory points elsewhere"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "method", b"\x0e"), "x.csv in x.zip is damaged or cut off: ", id="ZIP whose directory has another method than its header"),
        pytest.param("x.zip", archive(("x.csv", CSV), ("x.csv", b"id\n")), "x.csv in x.zip is there 2 times, with different content. Ask the source which of them counts.", id="ZIP with two files of one name"),
        pytest.param("x.zip", archive(("a/x.csv", CSV), ("a\\x.csv", b"id\n")), "a/x.csv in x.zip is there 2 times", id="ZIP with two files of one name but for the backslash"),
        pytest.param("x.zip", piled_up(), "x.zip is a ZIP whose files lie on top of each other, made to fill disks. Look at the file.", id="ZIP whose files overlap"),
        pytest.param("x.exe", b"MZ" + piled_up(), "x.exe is a ZIP whose files lie on top of each other", id="self-extracting ZIP whose files overlap"),
        pytest.param("x.zip", both(archive(("x.csv", CSV)), "flags", b"\x01"), "x.csv in x.zip is encrypted. Ask the source for a ZIP without a password.", id="encrypted ZIP"),
        pytest.param("x.zip", both(packed_by(99), "flags", b"\x01"), "x.csv in x.zip is encrypted", id="encrypted ZIP (AES)"),
        pytest.param("x.zip", both(archive(("x.csv", CSV)), "flags", b"\x40"), "x.csv in x.zip is packed in a way that Python cannot read: strong encryption", id="encrypted ZIP (strong encryption)"),
        pytest.param("x.zip", packed_by(9), "x.csv in x.zip is packed by method 9 (deflate64), which Python cannot read. Ask the source for a ZIP with plain deflate.", id="deflate64"),
        pytest.param("x.zip", packed_by(6), "packed by method 6 (implode), which Python cannot read", id="implode"),
        pytest.param("x.zip", packed_by(93), "packed by method 93 (Zstandard), which", id="Zstandard in a ZIP"),
        pytest.param("x.zip", packed_by(98), "packed by method 98 (PPMd), which Python cannot read", id="PPMd"),
        pytest.param("x.zip", packed_by(77), "packed by method 77, which Python cannot read", id="a method that nobody knows"),
        pytest.param("x.zip", directory(archive(("x.csv", CSV)), "needs", b"\x63\0"), "x.zip is packed in a way that Python cannot read: zip file version 9.9", id="a ZIP of a later version"),
        pytest.param("x.zip", archive(("y.zip", archive(("x.csv", CSV)))), "y.zip in x.zip is a ZIP inside of another container, which is not read. Ask the source for the file plain, in gzip, bzip2 or one ZIP.", id="ZIP in a ZIP"),
        pytest.param("x.zip", archive(("x.csv.gz", gzipped(CSV))), "x.csv.gz in x.zip is a gzip file inside of another container", id="gzip in a ZIP"),
        pytest.param("x.zip", archive(("x.bz2", bz2.compress(CSV))), "x.bz2 in x.zip is a bzip2 file inside of another container", id="bzip2 in a ZIP"),
        pytest.param("x.zip", archive(("x.tar", tar())), "x.tar in x.zip is a tar archive inside of another container", id="tar in a ZIP"),
        pytest.param("x.zip", archive(("x.xz", lzma.compress(CSV))), "x.xz in x.zip is an xz file inside of another container", id="xz in a ZIP"),
        pytest.param("x.gz", gzipped(gzipped(CSV)), "x.gz is a gzip file inside of another container", id="gzip in a gzip"),
        pytest.param("x.gz", gzip.compress(archive(("x.csv", CSV)), 0), "x.gz is a ZIP inside of another container", id="ZIP in a gzip that does not shrink"),
        pytest.param("x.gz", gzipped(archive(("x.csv", CSV))), "x.gz is a ZIP inside of another container", id="ZIP in a gzip"),
        pytest.param("x.tar.gz", gzipped(tar()), "x.tar.gz is a tar archive inside of another container", id="tar.gz"),
        pytest.param("x.tgz", gzipped(tar(tar_format=tarfile.GNU_FORMAT)), "x.tgz is a tar archive inside of another container", id="tgz, of GNU tar"),
        pytest.param("x.tar.bz2", bz2.compress(tar()), "x.tar.bz2 is a tar archive inside of another container", id="tar.bz2"),
        pytest.param("x.tar", tar(), "x.tar is a tar archive, which is not read. Ask the source for the file plain, in gzip, bzip2 or one ZIP.", id="tar"),
        pytest.param("x.csv", tar("x.zip")[:512] + archive(("x.csv", CSV)), "x.csv is a tar archive", id="tar that ends with a ZIP"),
        pytest.param("x.xz", lzma.compress(CSV), "x.xz is an xz file, which is not read", id="xz"),
        pytest.param("x.zst", b"\x28\xb5\x2f\xfd" + NOISE, "x.zst is a Zstandard file", id="Zstandard"),
        pytest.param("x.7z", b"7z\xbc\xaf\x27\x1c\0\x04" + NOISE, "x.7z is a 7z archive", id="7z"),
        pytest.param("x.rar", b"Rar!\x1a\x07\0" + NOISE, "x.rar is a RAR archive", id="RAR 4"),
        pytest.param("x.rar", b"Rar!\x1a\x07\x01\0" + NOISE, "x.rar is a RAR archive", id="RAR 5"),
        pytest.param("x.Z", b"\x1f\x9d\x90" + NOISE, "x.Z is a file of compress (.Z)", id="compress"),
        pytest.param("x.lz4", b"\x04\x22\x4d\x18" + NOISE, "x.lz4 is an LZ4 file", id="LZ4"),
        pytest.param("x.cab", b"MSCF\0\0\0\0" + NOISE, "x.cab is a cabinet archive", id="cabinet"),
        pytest.param("x.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE, "x.csv is an old Office document, such as a spreadsheet (.xls)", id="a spreadsheet under the name .csv"),
        pytest.param("x.csv", b"%PDF-1.7\n", "x.csv is a PDF", id="a PDF under the name .csv"),
    ],
)  # fmt: skip
def test_the_error_for(name: str, body: bytes, message: str) -> None:
    found = error(body, name)
    assert message in str(found)
    assert found.retryable == ("damaged" in message)


WHOLE = {
    "ZIP": archive(("x.csv", NOISE[:300]), ("y.csv", CSV)),
    "zip64": zip64(),
    "gzip": gzipped(CSV),
    "bzip2": bz2.compress(CSV),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_wherever_it_is_cut_off_it_fails(kind: str) -> None:
    body = WHOLE[kind]
    for cut in range(10, len(body)):
        assert "damaged or cut off" in str(error(body[:cut]))


@given(kind=st.sampled_from(sorted(WHOLE)), at=st.integers(0, 10_000), flipped=st.integers(1, 255))
@example(kind="zip64", at=337, flipped=180)  # an offset that no file has
def test_a_damaged_byte_never_becomes_other_data(kind: str, at: int, flipped: int) -> None:
    """Not in the marks at the beginning, by which a container is known."""
    body = bytearray(WHOLE[kind])
    body[10 + at % (len(body) - 10)] ^= flipped
    try:
        found = contents(bytes(body))
    except RunFailed:
        return
    assert set(found.values()) <= set(contents(WHOLE[kind]).values())


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lambda body: archive(("x.csv", body))])
def test_a_bomb_is_stopped_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(container, "MIN_LIMIT_BYTES", 1 << 20)
    body = pack(bytes(20 << 20))
    with opened(body, "x") as found:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with pytest.raises(
            RunFailed, match=r"x(.csv in x)? unpacks to more than \d+ MB, 300 times its download. Look at the file."
        ):
            found[0].open().read()
        with pytest.raises(RunFailed, match="300 times its download"), found[0].local_file():
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_stream_reads_in_any_size() -> None:
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
        pytest.param("x.parquet", parquet(), False, id="plain"),
        pytest.param("x.zip", archive(("x.parquet", parquet())), True, id="in a ZIP"),
        pytest.param("x.parquet.gz", gzipped(parquet()), True, id="in gzip"),
    ],
)
def test_parquet_has_a_file_of_its_own(name: str, body: bytes, is_copy: bool) -> None:
    with opened(body, name) as (member,):
        with member.local_file() as path:
            assert pq.read_table(path).to_pydict() == {"id": [1, 2]}
            assert (path != member.file) == is_copy
        assert path.exists() != is_copy


def test_a_copy_that_does_not_fit_says_so() -> None:
    message = r"x.parquet does not fit on the disk \(.*\). Free some space."
    with (
        opened(archive(("x.parquet", NOISE * 100))) as (member,),
        pytest.raises(RunFailed, match=message),
        files_up_to(300_000),
        member.local_file(),
    ):
        pass


def test_a_file_that_is_an_archive_has_no_path_either() -> None:
    with opened(tar(), "x.tar") as (member,), pytest.raises(RunFailed, match="a tar archive"), member.local_file():
        pass


@pytest.mark.parametrize(
    "ending",
    ["csv", "txt", "tsv", "tab", "psv", "dat", "json", "jsonl", "ndjson", "geojson", "parquet", "asc", "rrf", "prn"],
)
def test_what_looks_like_data(ending: str) -> None:
    assert has_data_extension(f"folder.pdf/x.{ending}") and has_data_extension(f"X.{ending.upper()}")
    assert not has_data_extension(f"{ending}") and not has_data_extension(f"x.{ending}.pdf")


# Through the whole job


def ids(made: Dataset, key: str | None = None) -> list[Any]:
    return sorted(row["id"] for row in made.rows(key))


def test_bzip2_becomes_a_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv.bz2", bz2.compress(b"id\n1\n") + bz2.compress(b"2\n")))
    assert ids(made) == [1, 2]


def test_a_mapping_names_a_file_as_it_is_shown(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["cities"])
    made.run(source.serves("/x.zip", in_cp437()), file_table_mapping={"Zürich.csv": "cities"})
    assert ids(made, "cities") == [1, 2]


def test_names_that_differ_in_case_alone_are_two_files(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["small", "large"])
    body = archive(("data.csv", b"id\n1\n"), ("Data.csv", b"id\n2\n"))
    made.run(source.serves("/x.zip", body), file_table_mapping={"data.csv": "small", "Data.csv": "large"})
    assert (ids(made, "small"), ids(made, "large")) == ([1], [2])


def test_a_base_name_in_two_folders_is_both_files(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset(["data"])
    body = archive(("2023/data.csv", b"id\n1\n"), ("2024\\data.csv", b"id\n2\n"))
    made.run(source.serves("/x.zip", body), file_table_mapping={"data.csv": "data"})
    assert ids(made, "data") == [1, 2]
    said = capsys.readouterr().out
    assert "2023/data.csv → data: 1 record" in said and "2024/data.csv → data: 1 record" in said


def test_two_files_of_one_name_fail_the_run(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/good.csv", CSV))
    url = source.serves("/x.zip", Answer(archive(("x.csv", b"id\n1\n"), ("x.csv", b"id\n2\n"))))
    assert "x.csv in x.zip is there 2 times" in made.fails(url)


# Above 4 GB


class Sparse(io.FileIO):
    """A file in which blocks of zeros take no room."""

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
        made.writestr("behind.csv", CSV)
    with path.open("rb") as content:
        original = Original(content, "x.zip", "https://example.org/x.zip", path.stat().st_size, "", None, None)  # type: ignore[arg-type]
        with members(original) as (first, second):
            checksum, size, block = 0, 0, b""
            with first.open() as stream:
                while read := stream.read(8 << 20):
                    checksum, size, block = zlib.crc32(read, checksum), size + len(read), read
            assert (size, block[-8:]) == ((blocks << 20) + 8, b"the end\n")
            assert (first.name, second.name, second.open().read()) == ("large.csv", "behind.csv", CSV)
