"""How the text of a dataset is written, with the defaults of what the document leaves out."""

from dataclasses import dataclass

from etl_runtime.dataset_document import DatasetDocument
from etl_runtime.text import STAND_IN


@dataclass(frozen=True)
class FileFormat:
    """Rules for reading delimited text. `encoding` None means UTF-8, or what a byte-order mark says."""

    delimiter: str = ","
    header: bool = True
    encoding: str | None = None
    quote: str = '"'

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
    )
