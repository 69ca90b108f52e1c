"""The gates between staging and the table. All are looked at, and all that fail are named."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from etl_runtime.convert.task import FIELDS, SURPLUS
from etl_runtime.convert.type_plan import ConvertedTable
from etl_runtime.convert.unpack import UnpackedTable
from etl_runtime.job.dataset_document import DataQuality, DatasetDocument
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileType
from etl_runtime.publish.business_key import Duplicates
from etl_runtime.publish.common_gates import required_value_failures, share_text, shrink_failures, stop_unless_allowed

FORMAT_KEYS: dict[FileType, str] = {
    "csv": "delimiter, quote, skip_rows, skip_footer",
    "fixed_width": "widths, skip_rows, skip_footer",
}
"""What to look at in file_format where records have more or fewer fields than the table has columns."""


def check_gates(
    unpacked: Mapping[str, UnpackedTable],
    shaped: Mapping[str, ConvertedTable],
    duplicates: Mapping[str, Duplicates],
    published: Mapping[str, Any] | None,
    document: DatasetDocument,
    allowed: Collection[str],
) -> list[dict[str, Any]]:
    """Raise RunFailed, naming each gate that fails and by how much. The published table then stays as it is.

    Returns the gates that failed and were allowed to, as the run's record has them: gate, table, found, allowed.
    """
    lost = [
        f"{key}: {unpacked[key].records:,} records were counted while unpacking, {table.rows:,} rows were written"
        for key, table in shaped.items()
        if table.rows != unpacked[key].records
    ]
    if lost:
        raise RunFailed(
            f"Rows in are not rows out: {'; '.join(lost)}. Nothing was published. Report this with the original file."
        )

    failures = [
        (gate, key, found)
        for key, table in shaped.items()
        for gate, found in _failures(
            key, table, duplicates.get(key), (published or {}).get("tables", {}).get(key), document
        )
    ]
    return stop_unless_allowed(failures, allowed)


def _failures(
    key: str,
    table: ConvertedTable,
    duplicates: Duplicates | None,
    old: Mapping[str, Any] | None,
    document: DatasetDocument,
) -> Iterator[tuple[str, str]]:
    quality: DataQuality = document.get("data_quality", {})
    sources = table.sources
    in_source = {column.name for column in table.columns if column.source in sources}

    yield from required_value_failures(key, table.nulls(), table.rows, in_source, quality, "the source")
    most = quality.get("max_rescued_share", 0.01)
    for name, count in table.rescued().items():
        if count > most * table.rows:
            yield "rescued", f"{_misfits(name, count, table)}, max_rescued_share is {most:.2%}"

    if duplicates:
        yield "business_key", f"{duplicates}"

    if old is None:
        return
    yield from shrink_failures(table.rows, old["rows"], document)
    if (
        document.get("schema_contract") == "freeze" and old["columns"]
    ):  # a table that was never anything but empty has none
        yield from _changes(table, old)
        for name, count in table.rescued().items():
            yield "frozen", _misfits(name, count, table)


def _misfits(name: str, count: int, table: ConvertedTable) -> str:
    """What did not fit, in how many rows, and the first of it."""
    many, example = share_text(count, table.rows), table.examples()[name]
    if name not in (SURPLUS, FIELDS):
        type = next(column.form.type for column in table.columns if column.name == name)
        return f"{name} did not fit {type} in {many}, such as {example}"
    if table.type not in FORMAT_KEYS:
        return f"{many} have a key twice, such as {example}"
    what = (
        f"more fields than columns, such as {example}"
        if name == SURPLUS
        else f"fewer fields than columns, such as {example}"
    )
    return f"{many} have {what} (is file_format right: {FORMAT_KEYS[table.type]}?)"


def _changes(table: ConvertedTable, old: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is not as it was published. A header that only changed in case or marks is the same column."""
    columns = {column.name: column for column in table.columns}
    there = {column["name"]: columns[column["name"]] for column in old["columns"] if column["name"] in columns}
    sources = table.sources
    if added := sources - {column.source for column in there.values()}:
        yield "frozen", f"the source has new columns: {', '.join(sorted(added))}"
    if gone := [
        column["source"]
        for column in old["columns"]
        if column["name"] not in there or there[column["name"]].source not in sources
    ]:
        yield "frozen", f"the source has no longer: {', '.join(sorted(gone))}"
    for column in old["columns"]:
        type = there[column["name"]].form.type if column["name"] in there else column["type"]
        if type != column["type"]:
            yield "frozen", f"{column['name']} is {type}, published is {column['type']}"
