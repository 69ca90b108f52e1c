"""What the document says of columns: their names in the table, their types, how values are written."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from etl_runtime.columns.column_types import ColumnType
from etl_runtime.columns.names import comparison_key
from etl_runtime.job.dataset_document import DatasetDocument


@dataclass(frozen=True)
class DeclaredColumn:
    """What is declared of one column of the source; None where it is left to the job."""

    source: str
    name: str | None = None
    column_type: ColumnType | None = None


def declared_columns(document: DatasetDocument, table: str) -> list[DeclaredColumn]:
    """What column_schema says of a table's columns, and for their names column_mappings where it does not."""
    names = document.get("column_mappings", {})
    columns = document.get("column_schema", {}).get(table, {})
    return [
        DeclaredColumn(
            source,
            columns.get(source, {}).get("target_name", names.get(source)),
            ColumnType(columns[source]["type"], format=columns[source].get("format", ""), declared=True)
            if "type" in columns.get(source, {})
            else None,
        )
        for source in dict.fromkeys([*columns, *names])
    ]


def by_source(declared: Collection[DeclaredColumn], sources: Iterable[str]) -> dict[str, DeclaredColumn]:
    """What is declared, by the source's column: by its very name, else by one that differs only in case or marks."""
    sources = list(sources)
    exact = {column.source: column for column in declared}
    found = {source: exact[source] for source in sources if source in exact}
    normalized = {comparison_key(column.source): column for column in declared if column.source not in found}
    for source in sources if normalized else ():
        if source not in found and (column := normalized.pop(comparison_key(source), None)):
            found[source] = column
    return found
