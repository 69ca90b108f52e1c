"""The column settings in the dataset document: column names in the table, data types, and formats of values."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from etl_runtime.columns.column_types import ColumnType
from etl_runtime.columns.names import comparison_key
from etl_runtime.job.dataset_document import DatasetDocument


@dataclass(frozen=True)
class DeclaredColumn:
    """The declared settings of one source column. If a setting is None, the job chooses the value."""

    source: str
    name: str | None = None
    column_type: ColumnType | None = None
    optional: bool = False


def declared_columns(document: DatasetDocument, table: str) -> list[DeclaredColumn]:
    """The column settings of a table, from column_schema. If column_schema does not set the name of a column, the name
    comes from column_mappings."""
    names = document.get("column_mappings", {})
    columns = document.get("column_schema", {}).get(table, {})
    return [
        DeclaredColumn(
            source,
            columns.get(source, {}).get("target_name", names.get(source)),
            ColumnType(columns[source]["type"], format=columns[source].get("format", ""), declared=True)
            if "type" in columns.get(source, {})
            else None,
            columns.get(source, {}).get("optional", False),
        )
        for source in dict.fromkeys([*columns, *names])
    ]


def descriptions(document: DatasetDocument) -> dict[str, dict[str, str]]:
    """The descriptions in column_schema, keyed by table and source column."""
    return {
        table: {source: column["description"] for source, column in columns.items() if "description" in column}
        for table, columns in document.get("column_schema", {}).items()
    }


def by_source(declared: Collection[DeclaredColumn], sources: Iterable[str]) -> dict[str, DeclaredColumn]:
    """The declared settings, keyed by source column. Names are matched exactly first, then ignoring case and
    punctuation."""
    sources = list(sources)
    exact = {column.source: column for column in declared}
    found = {source: exact[source] for source in sources if source in exact}
    normalized = {comparison_key(column.source): column for column in declared if column.source not in found}
    for source in sources if normalized else ():
        if source not in found and (column := normalized.pop(comparison_key(source), None)):
            found[source] = column
    return found
