"""A part in staging → columns of cells, whatever the file's format was."""

from collections.abc import Sequence

from etl_runtime import arrow_cells, csv_kernel
from etl_runtime.cells import PartTable
from etl_runtime.file_format import FileFormat
from etl_runtime.text_cells import TextCells


def read_part(body: bytes, type: str, sources: Sequence[str], rules: FileFormat) -> PartTable:
    """Read a part of the given type. `sources` are the columns of text; JSON and Parquet bring their own."""
    if type == "arrow":
        return arrow_cells.read_table(body)
    text = csv_kernel.read_table(body, rules, len(sources))
    columns = {source: TextCells(column, rules.formats) for source, column in zip(sources, text.columns, strict=True)}
    return PartTable(text.rows, columns, text.surplus, text.short)
