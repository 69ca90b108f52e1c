"""The format of a dataset's files: the settings in the dataset document, with defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed

# ASCII's unit separator replaces a delimiter of several bytes, which the CSV parsers do not support.
STAND_IN = b"\x1f"
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
    "skip_rows_after_header",
    "skip_footer",
)

JSON_KEYS = ("records", "records_optional", "orient", "key_column")


@dataclass(frozen=True)
class Formats:
    """The patterns of dates and numbers in the file. A pattern is empty if it is not declared."""

    date: str = ""
    number: str = ""


NO_FORMATS = Formats()


@dataclass(frozen=True)
class FileFormat:
    """How to read files.

    If `type` is None, the type is detected for each file. If `is_type_declared` is false, the type was detected or is
    implied by another key. If `encoding` is None, the encoding is UTF-8, unless the file begins with the byte order
    mark (BOM) of another encoding. An empty `quote`, `escape` or `comment` turns off that feature. If
    `is_delimiter_declared` is false, the file extension determines the delimiter. If `is_quote_declared` is true, line
    breaks inside quotes are intended. `column_names` and `header` are valid for a table only in the result of
    `of_table`.
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
    skip_rows_after_header: int = 0
    column_names: tuple[str, ...] = ()
    column_names_by_table: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    skip_footer: int = 0
    widths: tuple[int, ...] = ()
    date_format: str = ""
    number_format: str = ""
    records: str | None = None
    records_optional: bool = False
    is_type_declared: bool = field(default=False, compare=False)
    is_delimiter_declared: bool = field(default=False, compare=False)
    is_quote_declared: bool = field(default=False, compare=False)
    is_header_declared: bool = field(default=False, compare=False)
    orient: str | None = None
    key_column: str | None = None

    def of_table(self, table: str) -> "FileFormat":
        """The format of the files of one table, with the column names of this table if there are any."""
        names = self.column_names_by_table.get(table)
        if names is None:
            return replace(self, column_names_by_table={})
        header = self.header and self.is_header_declared
        return replace(self, column_names=names, column_names_by_table={}, header=header)

    @property
    def formats(self) -> Formats:
        return Formats(self.date_format, self.number_format)

    @property
    def delimiter_byte(self) -> bytes:
        """The byte that separates fields in unpacked text: the delimiter, or STAND_IN if the delimiter has several
        bytes."""
        delimiter = self.delimiter.encode()
        return delimiter if len(delimiter) == 1 else STAND_IN


def file_format_of(document: DatasetDocument) -> FileFormat:
    """The file format that the document declares. A key that applies to only one file type implies that type.

    Raises RunFailed if two keys contradict each other.
    """
    declared = document.get("file_format", {})
    delimiter = declared.get("delimiter", document.get("delimiter"))
    widths = tuple(declared.get("widths", ()))
    type = declared.get("type")
    if type is None and widths:
        type = "fixed_width"
    if type is None and any(key in declared for key in JSON_KEYS):
        type = "json"
    if type is None and (delimiter or any(key in declared for key in CSV_KEYS)):
        type = "csv"
    fixed = type == "fixed_width"
    names = declared.get("column_names", [])
    file_format = FileFormat(
        delimiter="," if fixed or delimiter is None else delimiter,
        header=declared.get("header", not fixed and (isinstance(names, dict) or not names)),
        encoding=declared.get("encoding"),
        quote="" if fixed else declared.get("quote", '"'),
        type=type,
        escape="" if fixed else declared.get("escape", ""),
        null_values=tuple(declared.get("null_values", ())),
        quoted_nulls=declared.get("quoted_nulls", True),
        comment=declared.get("comment", ""),
        skip_rows=declared.get("skip_rows", 0),
        skip_rows_after_header=declared.get("skip_rows_after_header", 0),
        column_names=() if isinstance(names, dict) else tuple(names),
        column_names_by_table={key: tuple(each) for key, each in names.items()} if isinstance(names, dict) else {},
        skip_footer=declared.get("skip_footer", 0),
        widths=widths,
        date_format=declared.get("date_format", document.get("date_format", "")),
        number_format=declared.get("number_format", ""),
        records=declared.get("records"),
        records_optional=declared.get("records_optional", False),
        is_type_declared="type" in declared,
        is_delimiter_declared=delimiter is not None,
        is_quote_declared="quote" in declared,
        is_header_declared="header" in declared,
        orient=declared.get("orient"),
        key_column=declared.get("key_column"),
    )
    if file_format.escape == file_format.quote:  # other tools use this setting for doubled quotes
        file_format = replace(file_format, escape="")
    _require_consistent(file_format)
    return file_format


def _require_consistent(file_format: FileFormat) -> None:
    if file_format.type == "fixed_width" and not file_format.widths:
        raise _invalid(
            "file_format.type is fixed_width, but file_format.widths is missing. "
            "Declare the widths in characters, for example [5, 20, 2]."
        )
    if file_format.widths and file_format.type != "fixed_width":
        raise _invalid(
            f"file_format.widths requires the type fixed_width, but file_format.type is {file_format.type}. "
            "Remove one of the two keys."
        )
    declared_names = {"": file_format.column_names} if file_format.column_names else {}
    declared_names |= {f".{table}": names for table, names in file_format.column_names_by_table.items()}
    for table, names in declared_names.items():
        if file_format.widths and len(file_format.widths) != len(names):
            raise _invalid(
                f"file_format.widths has {len(file_format.widths)} fields, but file_format.column_names{table} has "
                f"{len(names)} names. Declare one name per field."
            )
    if file_format.skip_rows_after_header and not file_format.header:
        raise _invalid(
            "file_format.skip_rows_after_header is set, but the file has no header. Use file_format.skip_rows for "
            "lines before the first record, or set file_format.header to true."
        )
    characters = {"quote": file_format.quote, "escape": file_format.escape, "comment": file_format.comment}
    for key, character in characters.items():
        if character and file_format.type != "fixed_width" and character in file_format.delimiter:
            raise _invalid(
                f'file_format.{key} {character} is part of the delimiter "{file_format.delimiter}". '
                "Declare the characters that the file uses."
            )
    if file_format.comment and file_format.comment in (file_format.quote, file_format.escape):
        raise _invalid(
            f"file_format.comment {file_format.comment} is also used as the quote or the escape. "
            "Declare the characters that the file uses."
        )


def _invalid(message: str) -> RunFailed:
    return RunFailed(ErrorCode.FILE_FORMAT_INVALID, message)
