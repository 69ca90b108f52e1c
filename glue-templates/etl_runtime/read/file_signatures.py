"""Identifies unsupported files by their magic bytes: archives, documents, images and other data formats."""

import re
from dataclasses import dataclass
from typing import Literal

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
HEAD_BYTES = 512  # contains all magic bytes
TAR_MAGIC, TAR_MAGIC_OFFSET = (b"ustar\0", b"ustar  \0"), 257
ARCHIVES = (
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x9d", "a compress file (.Z)"),
    (b"\x04\x22\x4d\x18", "an LZ4 file"),
    (b"MSCF\0\0\0\0", "a Cabinet archive"),
    (b"\xff\x06\0\0sNaPpY", "a Snappy file"),
    (b"LZIP\x01", "an lzip file"),
    (b"\x89LZO\0\r\n\x1a\n", "an LZO file"),
)
FORMATS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a legacy Office document, such as an Excel workbook (.xls)"),
    (b"%PDF-", "a PDF file"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS-Adobe", "a PostScript document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"II+\0", "a TIFF image"),
    (b"MM\0+", "a TIFF image"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0\x01\0\0Standard Jet DB", "a Microsoft Access database"),
    (b"\0\x01\0\0Standard ACE DB", "a Microsoft Access database"),
    (b"ARROW1\0\0", "an Arrow file, also known as Feather"),
    (b"FEA1\0", "a Feather file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"CDF\x01", "a NetCDF file"),
    (b"CDF\x02", "a NetCDF file"),
    (b"CDF\x05", "a NetCDF file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (b"RDX2\n", "an R data file"),
    (b"RDX3\n", "an R data file"),
    (b"X\n\0\0\0\x02", "an R data file"),
    (b"X\n\0\0\0\x03", "an R data file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS data set"),
    (b"HEADER RECORD*******LIB", "a SAS transport file"),
    (b"<stata_dta>", "a Stata file"),
    (b"$FL2@(#)", "an SPSS file"),
    (b"$FL3@(#)", "an SPSS file"),
    (b"\0\0\x27\x0a\0\0\0\0", "an ESRI shapefile"),
    (b"fgb\x03", "a FlatGeobuf file"),
)
PATTERNS = (
    # Text can begin with the same letters, but cannot continue with these bytes.
    (re.compile(rb"ORC.{0,29}[\x00-\x08\x0e-\x1f]", re.DOTALL), "an ORC file"),
    (re.compile(rb"\xff\xff\xff\xff.[\x00-\xff]{2}\0\x10\0\0\0", re.DOTALL), "an Arrow stream"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "a WebP image"),
    (re.compile(rb"RIFF.{4}(WAVE|AVI )", re.DOTALL), "an audio or video file"),
    (re.compile(rb"\0\0\0.ftyp", re.DOTALL), "a video or image file"),
    (re.compile(rb"BM.{4}\0\0\0\0.\0\0\0[\x0c-\x7c]\0\0\0", re.DOTALL), "a BMP image"),
    (re.compile(rb"GRIB[\x00-\xff]{3}[\x01\x02]", re.DOTALL), "a GRIB file"),
    (re.compile(rb".{8}DUCK.\0{7}", re.DOTALL), "a DuckDB database"),
)
ZIP_FIRST_NAME = 30  # the offset of the name of the first member
ODF_MIME_TYPE = b"application/vnd.oasis.opendocument."
OFFICE_FOLDERS = (
    ("xl", "an Excel workbook (.xlsx)"),
    ("word", "a Word document (.docx)"),
    ("ppt", "a PowerPoint presentation (.pptx)"),
)


@dataclass(frozen=True)
class UnsupportedFile:
    """`what` is the file type with an article, such as `a PDF file`. `kind` determines the remedy in errors."""

    what: str
    kind: Literal["archive", "format"]


def unsupported_file(head: bytes, inside: bool = False) -> UnsupportedFile | None:
    """The type of an unsupported file, detected from its first HEAD_BYTES bytes. Returns None for any other file.

    An archive inside another container is never supported.
    """
    if archive := _archive(head, inside):
        return UnsupportedFile(archive, "archive")
    if inside and head.startswith(ZIP_MAGIC[0]):
        return _zip_file(head)
    found = next((what for magic, what in FORMATS if head.startswith(magic)), None)
    found = found or next((what for pattern, what in PATTERNS if pattern.match(head)), None)
    return UnsupportedFile(found, "format") if found else None


def office_document(names: list[str], mime_type: bytes) -> UnsupportedFile | None:
    """The type of an Office document, derived from the names of its ZIP members and the content of `mimetype`."""
    if mime_type.startswith(ODF_MIME_TYPE):
        kind = mime_type.removeprefix(ODF_MIME_TYPE).decode(errors="replace").strip()
        return UnsupportedFile(f"an OpenDocument {kind}", "format")
    if "[Content_Types].xml" not in names:
        return None
    if "xl/workbook.bin" in names:
        return UnsupportedFile("an Excel workbook (.xlsb)", "format")
    folders = {name.partition("/")[0] for name in names}
    what = next((what for folder, what in OFFICE_FOLDERS if folder in folders), "an Office document")
    return UnsupportedFile(what, "format")


def _archive(head: bytes, inside: bool) -> str | None:
    if head.startswith(TAR_MAGIC, TAR_MAGIC_OFFSET):
        return "a tar archive"
    if inside and head.startswith(GZIP_MAGIC):
        return "a gzip file"
    if inside and BZIP2_MAGIC.match(head):
        return "a bzip2 file"
    return next((what for magic, what in ARCHIVES if head.startswith(magic)), None)


def _zip_file(head: bytes) -> UnsupportedFile:
    first = head[ZIP_FIRST_NAME:]
    if first.startswith(b"mimetype" + ODF_MIME_TYPE):
        return UnsupportedFile("an OpenDocument file, such as a spreadsheet (.ods)", "format")
    if first.startswith((b"[Content_Types].xml", b"_rels/.rels", b"xl/", b"docProps/", b"word/")):
        return UnsupportedFile("an Office document, such as an Excel workbook (.xlsx)", "format")
    return UnsupportedFile("a ZIP file", "archive")
