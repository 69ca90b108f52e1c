"""Reads a part as columns of cells, for all file formats."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from etl_runtime.columns.cells import PartTable
from etl_runtime.columns.column_types import ColumnType
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.json import parse_json, typed_json
from etl_runtime.read.parquet import parquet_cells
from etl_runtime.read.part import Part
from etl_runtime.read.text import delimited, fixed_width
from etl_runtime.read.text.text_cells import TextCells


def read_part(
    body: bytes, part: Part, file_format: FileFormat, types: Mapping[str, ColumnType] | None = None
) -> PartTable:
    """Read a part, or a sample of its first records. Raises RunFailed if a record is invalid.

    `types` are the types that the columns will most likely be converted to, keyed by source column.
    """
    file_format = replace(file_format, delimiter=part.delimiter)
    if not part.records and part.type != "parquet":
        no_text = pa.array([], pa.string())
        return PartTable(0, {source: TextCells(no_text, file_format.formats) for source in part.sources})
    match part.type:
        case "parquet":
            return parquet_cells.read_table(body)
        case "json" | "jsonl":
            if types:
                return typed_json.read_table(body, part.member, part.first, types)
            return parse_json.read_table(body, part.member, part.first)
        case "csv":
            complete = len(body) == part.bytes
            text = delimited.read_table(body, file_format, len(part.sources), part.records if complete else None)
        case "fixed_width":
            text = fixed_width.read_table(body, file_format, len(part.sources))
    columns = zip(part.sources, text.columns, strict=True)
    cells = {source: TextCells(column, file_format.formats) for source, column in columns}
    return PartTable(text.rows, cells, text.surplus, text.short)
