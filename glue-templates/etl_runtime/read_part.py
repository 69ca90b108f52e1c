"""A part in staging → columns of cells, whatever the file's format was."""

from etl_runtime import arrow_cells, csv_kernel, fixed_width_kernel, json_kernel
from etl_runtime.cells import PartTable
from etl_runtime.file_format import FileFormat
from etl_runtime.part import Part
from etl_runtime.text_cells import TextCells


def read_part(body: bytes, part: Part, rules: FileFormat) -> PartTable:
    """Read a part, or the first records of one. Raises RunFailed where a record is not what its format asks for."""
    match part.type:
        case "parquet":
            return arrow_cells.read_table(body)
        case "json" | "jsonl":
            return json_kernel.read_table(body, part.member, part.first)
        case "csv":
            whole = len(body) == part.bytes
            text = csv_kernel.read_table(body, rules, len(part.sources), part.records if whole else None)
        case "fixed_width":
            text = fixed_width_kernel.read_table(body, rules, len(part.sources))
    columns = zip(part.sources, text.columns, strict=True)
    cells = {source: TextCells(column, rules.formats) for source, column in columns}
    return PartTable(text.rows, cells, text.surplus, text.short)
