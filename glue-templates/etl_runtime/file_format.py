"""How the text of a dataset is written, with the defaults of what the document leaves out."""

from dataclasses import dataclass

from etl_runtime.dataset_document import DatasetDocument
from etl_runtime.forms import Formats
from etl_runtime.text import STAND_IN


@dataclass(frozen=True)
class FileFormat:
    """Rules for reading delimited text. `encoding` None means UTF-8, or what a byte-order mark says."""

    delimiter: str = ","
    header: bool = True
    encoding: str | None = None
    quote: str = '"'
    date_format: str = ""
    number_format: str = ""

    @property
    def formats(self) -> Formats:
        return Formats(self.date_format, self.number_format)

    @property
    def delimiter_byte(self) -> bytes:
        """What separates fields once the text is unpacked: the delimiter, or its stand-in where it has several bytes."""
        delimiter = self.delimiter.encode()
        return delimiter if len(delimiter) == 1 else STAND_IN


def file_format(document: DatasetDocument) -> FileFormat:
    declared = document.get("file_format", {})
    return FileFormat(
        delimiter=declared.get("delimiter", document.get("delimiter", ",")),
        header=declared.get("header", True),
        encoding=declared.get("encoding"),
        quote=declared.get("quote", '"'),
        date_format=declared.get("date_format", document.get("date_format", "")),
        number_format=declared.get("number_format", ""),
    )
