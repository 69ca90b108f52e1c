"""The quality gates of the bronze layer. They run between conversion and publication."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import Any

from etl_runtime.columns.column_schema import by_source, declared_columns
from etl_runtime.convert.convert_tables import ConvertedTable
from etl_runtime.convert.task import FIELDS, SURPLUS
from etl_runtime.convert.unpacked_table import UnpackedTable
from etl_runtime.job.dataset_document import DataQuality, DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileType
from etl_runtime.job.plural import plural
from etl_runtime.publish.business_key import Duplicates
from etl_runtime.publish.common_gates import (
    columns_of_other_gates,
    required_value_failures,
    share_text,
    shrink_failures,
    stop_unless_allowed,
)
from etl_runtime.publish.lost_columns import LostColumns
from etl_runtime.publish.staged import StagedTable

FORMAT_KEYS: dict[FileType, str] = {
    "csv": "delimiter, quote, skip_rows, skip_footer",
    "fixed_width": "widths, skip_rows, skip_footer",
}
"""The keys of file_format to check if records have too few or too many fields."""


def check_gates(
    unpacked: Mapping[str, UnpackedTable],
    converted: Mapping[str, ConvertedTable],
    staged: Mapping[str, StagedTable],
    duplicates: Mapping[str, Duplicates],
    violations: Mapping[str, Sequence[str]],
    published: Mapping[str, Any] | None,
    document: DatasetDocument,
    allowed: Collection[str],
) -> list[dict[str, Any]]:
    """Check all gates for all tables. Returns the failed gates that are `allowed` to fail, as entries of the run
    record.

    `violations` are the findings about violated rules, keyed by table.

    Raises RunFailed if any other gate fails. The error lists these gates, and the published tables are unchanged.
    """
    _require_equal_row_counts(unpacked, converted)
    failures = [
        (gate, key, found)
        for key, table in converted.items()
        for gate, found in _failures(
            key, table, staged[key], duplicates.get(key), (published or {}).get("tables", {}).get(key), document
        )
    ]
    failures += [("rules", key, found) for key, findings in violations.items() for found in findings]
    return stop_unless_allowed(failures, allowed)


def _require_equal_row_counts(unpacked: Mapping[str, UnpackedTable], converted: Mapping[str, ConvertedTable]) -> None:
    mismatches = [
        f"{key} has {plural(unpacked[key].records, 'record')} in its files and {plural(table.rows, 'row')} in staging"
        for key, table in converted.items()
        if table.rows != unpacked[key].records
    ]
    if mismatches:
        raise RunFailed(
            ErrorCode.ROW_COUNT_MISMATCH,
            f"Row count mismatch: {'; '.join(mismatches)}. Nothing is published. This is a bug in the library: report "
            "it with the original file.",
        )


def _failures(
    key: str,
    table: ConvertedTable,
    staged: StagedTable,
    duplicates: Duplicates | None,
    published: Mapping[str, Any] | None,
    document: DatasetDocument,
) -> Iterator[tuple[str, str]]:
    quality: DataQuality = document.get("data_quality", {})
    sources = table.sources
    in_source = {column.name for column in table.columns if column.source in sources}

    yield from required_value_failures(key, table.nulls(), table.rows, in_source, quality, "the source")
    max_share = quality.get("max_rescued_share", 0.01)
    for name, count in table.rescued().items():
        if count > max_share * table.rows:
            yield "rescued", f"{_mismatches(name, count, table)}, but max_rescued_share is {max_share:.2%}"

    if duplicates:
        yield "business_key", f"{duplicates}"

    if published is None:
        return
    yield from shrink_failures(table.rows, published["rows"], document)
    yield from _lost_columns(key, table, in_source, staged, published, document).failures(published, published["rows"])
    # A table that never had values has no columns, or only columns without an inferred type, which cannot be frozen.
    if document.get("schema_contract") == "freeze" and any(not column.get("unseen") for column in published["columns"]):
        yield from _changes(table, published)
        for name, count in table.rescued().items():
            yield "frozen", _mismatches(name, count, table)


def _lost_columns(
    key: str,
    table: ConvertedTable,
    in_source: Set[str],
    staged: StagedTable,
    published: Mapping[str, Any],
    document: DatasetDocument,
) -> LostColumns:
    """The published columns that the source no longer has, and the columns that may have lost their values.

    Columns that another gate checks are treated as optional, and so are columns with values in meta_rescued, because
    these values are not lost.
    """
    names = {column["name"] for column in published["columns"]}
    missing = [column["name"] for column in published["columns"] if column["name"] not in in_source]
    declared = by_source(declared_columns(document, key), [column.source for column in table.columns])
    sources = {source for source, column in declared.items() if column.optional}
    optional = {column.name for column in table.columns if column.source in sources}
    if document.get("schema_contract") == "freeze":
        optional |= set(missing)
    return LostColumns(
        staged,
        table.rows,
        missing,
        sorted(in_source - names),
        optional | columns_of_other_gates(key, document) | table.rescued().keys(),
        "the source",
        omits_nulls=table.type in ("json", "jsonl"),
    )


def _mismatches(name: str, count: int, table: ConvertedTable) -> str:
    rows, example = share_text(count, table.rows), table.examples()[name]
    if name not in (SURPLUS, FIELDS):
        type = next(column.column_type.type for column in table.columns if column.name == name)
        return f"{name} does not match the type {type} in {rows}, for example {example}"
    if table.type not in FORMAT_KEYS:
        return f"{rows} have a duplicate key, for example {example}"
    fields = "more fields than columns" if name == SURPLUS else "fewer fields than columns"
    return f"{rows} have {fields}, for example {example} (check file_format: {FORMAT_KEYS[table.type]})"


def _changes(table: ConvertedTable, published: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the differences from the published columns. Headers that differ only in case or punctuation refer to the
    same column."""
    by_name = {column.name: column for column in table.columns}
    columns = {column["name"]: by_name[column["name"]] for column in published["columns"] if column["name"] in by_name}
    sources = table.sources
    if added := sources - {column.source for column in columns.values()}:
        yield "frozen", f"the source has new columns: {', '.join(sorted(added))}"
    if missing := [
        column["source"]
        for column in published["columns"]
        if column["name"] not in columns or columns[column["name"]].source not in sources
    ]:
        yield "frozen", f"the source no longer has the columns: {', '.join(sorted(missing))}"
    for column in published["columns"]:
        if column.get("unseen"):
            continue  # its type is not defined yet
        type = columns[column["name"]].column_type.type if column["name"] in columns else column["type"]
        if type != column["type"]:
            yield "frozen", f"the type of {column['name']} is {type}, but the published type is {column['type']}"
