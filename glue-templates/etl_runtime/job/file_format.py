"""How the files of a dataset are written, with the defaults of what the document leaves out."""

from dataclasses import dataclass, replace
from typing import Literal

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import RunFailed

STAND_IN = b"\x1f"  # ASCII's unit separator stands for a delimiter of several bytes, which no CSV kernel takes
FileType = Literal["csv", "fixed_width", "json", "jsonl", "parquet"]
CSV_KEYS = (
    "delimiter",
    "header",
    "quote",
    "escape",
    "null_values",
    "quoted_nulls",
    "comment",
    "skip_rows",
    "skip_footer",
)


@dataclass(frozen=True)
class Formats:
    """How the file writes dates and numbers, where the document says so."""

    date: str = ""
    number: str = ""


NO_FORMATS = Formats()


@dataclass(frozen=True)
class FileFormat:
    """Rules for reading files. `type` None is told from the file; `encoding` None means UTF-8, or what a byte-order mark says.

    An empty `quote`, `escape` or `comment` means that there is none.
    """

    delimiter: str = ","
    header: bool = True
    encoding: str | None = None
    quote: str = '"'
    type: FileType | None = None
    escape: str = ""
    null_values: tuple[str, ...] = ()
    quoted_nulls: bool = True
    comment: str = ""
    skip_rows: int = 0
    skip_footer: int = 0
    widths: tuple[int, ...] = ()
    date_format: str = ""
    number_format: str = ""
    records: str | None = None

    @property
    def formats(self) -> Formats:
        return Formats(self.date_format, self.number_format)

    @property
    def delimiter_byte(self) -> bytes:
        """What separates fields once the text is unpacked: the delimiter, or its stand-in where it has several bytes."""
        delimiter = self.delimiter.encode()
        return delimiter if len(delimiter) == 1 else STAND_IN


def file_format_of(document: DatasetDocument) -> FileFormat:
    """The rules that the document declares. A key that only one type of file has settles the type.

    Raises RunFailed where two keys contradict each other.
    """
    declared = document.get("file_format", {})
    delimiter = declared.get("delimiter", document.get("delimiter"))
    widths = tuple(declared.get("widths", ()))
    type = declared.get("type")
    if type is None and widths:
        type = "fixed_width"
    if type is None and (delimiter or any(key in declared for key in CSV_KEYS)):
        type = "csv"
    if type is None and "records" in declared:
        type = "json"
    fixed = type == "fixed_width"
    file_format = FileFormat(
        delimiter="," if fixed or delimiter is None else delimiter,
        header=declared.get("header", not fixed),
        encoding=declared.get("encoding"),
        quote="" if fixed else declared.get("quote", '"'),
        type=type,
        escape="" if fixed else declared.get("escape", ""),
        null_values=tuple(declared.get("null_values", ())),
        quoted_nulls=declared.get("quoted_nulls", True),
        comment=declared.get("comment", ""),
        skip_rows=declared.get("skip_rows", 0),
        skip_footer=declared.get("skip_footer", 0),
        widths=widths,
        date_format=declared.get("date_format", document.get("date_format", "")),
        number_format=declared.get("number_format", ""),
        records=declared.get("records"),
    )
    if file_format.escape == file_format.quote:  # as some call it that a quote is doubled inside of quotes
        file_format = replace(file_format, escape="")
    _require_agreement(file_format)
    return file_format


def _require_agreement(file_format: FileFormat) -> None:
    if file_format.type == "fixed_width" and not file_format.widths:
        raise RunFailed(
            "file_format.type is fixed_width, but file_format.widths is missing. Declare the widths, e.g. [5, 20, 2]."
        )
    if file_format.widths and file_format.type != "fixed_width":
        raise RunFailed(
            f"file_format.widths is for files of fixed width, but file_format.type is {file_format.type}. Leave one of them out."
        )
    marks = {"quote": file_format.quote, "escape": file_format.escape, "comment": file_format.comment}
    for key, mark in marks.items():
        if mark and file_format.type != "fixed_width" and mark in file_format.delimiter:
            raise RunFailed(
                f'file_format.{key} {mark} is part of the delimiter "{file_format.delimiter}". Declare what the file really has.'
            )
    if file_format.comment and file_format.comment in (file_format.quote, file_format.escape):
        raise RunFailed(
            f"file_format.comment {file_format.comment} is also the quote or the escape. Declare what the file really has."
        )
