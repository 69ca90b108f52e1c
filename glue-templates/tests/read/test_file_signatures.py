"""The job and `medallion add` identify the type of an unsupported file, whatever its name."""

import gzip
import io
import pickle
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, orc

from conftest import Dataset, Response, Source, gzipped, zipped
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.file_signatures import HEAD_BYTES, unsupported_file
from inspect_source import inspect_source

MakeDataset = Callable[..., Dataset]
TABLE = pa.table({"id": [1, 2], "name": ["a", "b"]})


def png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def ipc(file: bool) -> bytes:
    sink = io.BytesIO()
    with (pa.ipc.new_file if file else pa.ipc.new_stream)(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue()


def written(write: Callable[[str], object], folder: Path) -> bytes:
    write(str(folder / "x"))
    return (folder / "x").read_bytes()


def sqlite(path: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table t (id)")


def numpy_file() -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.array([1, 2]))
    return sink.getvalue()


def open_document(kind: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("content.xml", "<x/>")
    return buffer.getvalue()


def office(*names: str) -> bytes:
    return zipped(**dict.fromkeys(("[Content_Types].xml", "_rels/.rels", *names), b"<x/>"))


def every_file(folder: Path) -> dict[str, bytes]:
    return {
        "a PNG image": png(),
        "a JPEG image": b"\xff\xd8\xff\xe0\0\x10JFIF",
        "a GIF image": b"GIF89a\1\0\1\0",
        "a TIFF image": b"II*\0\x08\0\0\0",
        "a WebP image": b"RIFF\x24\0\0\0WEBPVP8 ",
        "a BMP image": b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
        "a PDF file": b"%PDF-1.7\n",
        "an RTF document": b"{\\rtf1\\ansi",
        "an Arrow file, also known as Feather": ipc(file=True),
        "an Arrow stream": ipc(file=False),
        "a Feather file": written(lambda path: feather.write_feather(TABLE, path, version=1), folder),
        "an ORC file": written(lambda path: orc.write_table(TABLE, path), folder),
        "an Avro file": b"Obj\x01\x04\x16avro.schema",
        "an SQLite database": written(sqlite, folder / "database"),
        "a DuckDB database": bytes(range(200, 208)) + b"DUCK" + b"\x40" + bytes(7),
        "a Microsoft Access database": b"\0\x01\0\0Standard ACE DB\0",
        "an HDF5 file": b"\x89HDF\r\n\x1a\n\0\0",
        "a NetCDF file": b"CDF\x01\0\0\0\0",
        "a NumPy file": numpy_file(),
        "a Python pickle": pickle.dumps([1]),
        "an R data file": gzip.compress(b"X\n\0\0\0\x03\0\4\1\0"),
        "a SAS data set": bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf",
        "a Stata file": b"<stata_dta><header><release>118",
        "an SPSS file": b"$FL2@(#) SPSS DATA FILE",
        "an ESRI shapefile": b"\0\0\x27\x0a" + bytes(20),
        "an Excel workbook (.xlsx)": office("xl/workbook.xml", "docProps/app.xml"),
        "an Excel workbook (.xlsb)": office("xl/workbook.bin"),
        "a Word document (.docx)": office("word/document.xml"),
        "an OpenDocument spreadsheet": open_document("spreadsheet"),
        "a legacy Office document, such as an Excel workbook (.xls)": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    }


def test_an_unsupported_file_is_identified_under_any_name(dataset: MakeDataset, source: Source, tmp_path: Path) -> None:
    (tmp_path / "database").mkdir()
    made = dataset()
    for what, body in every_file(tmp_path).items():
        for name in ("x.csv", "x.parquet", "x.json", "x"):
            url = source.serves(f"/{name}", Response(body))
            message = f"FILE_FORMAT_UNSUPPORTED: {name} is {what}, which is not supported. Use a source that publishes "
            with pytest.raises(RunFailed) as failed:
                inspect_source(url, "x", {})
            assert str(failed.value).startswith(message)
            if (name, what) in (("x.csv", "a PNG image"), ("x.parquet", "an SQLite database"), ("x", "an ORC file")):
                assert made.fails(url).startswith(message)


def test_an_unsupported_file_in_a_zip_is_identified(source: Source) -> None:
    for what, body in (
        ("a PNG image", png()),
        ("an Office document, such as an Excel workbook (.xlsx)", office("xl/workbook.xml")),
        ("an OpenDocument file, such as a spreadsheet (.ods)", open_document("spreadsheet")),
    ):
        for packed in (zipped(**{"x.csv": body}), gzipped(body)):
            with pytest.raises(RunFailed, match="^FILE_FORMAT_UNSUPPORTED: x.csv.* is ") as failed:
                inspect_source(source.serves("/x.csv", Response(packed)), "x", {})
            assert f" is {what}, which is not supported" in str(failed.value)


@pytest.mark.parametrize(
    "text",
    [
        "ORC,GRIB\n1,2\n",
        "BM,MM\n1,2\n",
        "GIF,FEA1,RIFF\n",
        "FEA1,Obj\n",
        "12345678DUCK,x\n",
        "RIFF,a,b,WAVE\n",
        "CDF,x\n",
        "{rtf}\n",
        "PAR1,x\n",
        "MATLAB,5.0\n",
        "%,x\n",
        "II*,x\n",
        "MZ,x\n",
    ],
)
def test_text_that_begins_like_another_format_is_text(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        assert unsupported_file(text.encode(encoding)[:HEAD_BYTES]) is None
