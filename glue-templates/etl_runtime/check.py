"""The gates between staging and the table. All are looked at, and all that fail are named."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from etl_runtime.business_key import Duplicates
from etl_runtime.convert import FIELDS, SURPLUS
from etl_runtime.dataset_document import DataQuality, DatasetDocument
from etl_runtime.errors import RunFailed
from etl_runtime.file_format import FileType
from etl_runtime.shape import ShapedTable
from etl_runtime.unpack import UnpackedTable

FORMAT_KEYS: dict[FileType, str] = {"csv": "delimiter, quote, skip_rows, skip_footer", "fixed_width": "widths, skip_rows, skip_footer"}
"""What to look at in file_format where records have more or fewer fields than the table has columns."""


def check(
    unpacked: Mapping[str, UnpackedTable],
    shaped: Mapping[str, ShapedTable],
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
        raise RunFailed(f"Rows in are not rows out: {'; '.join(lost)}. Nothing was published. Report this with the original file.")

    gates = [
        {"gate": gate, "table": key, "found": found, "allowed": gate in allowed}
        for key, table in shaped.items()
        for gate, found in _failures(key, table, duplicates.get(key), (published or {}).get("tables", {}).get(key), document)
    ]
    stopping = {failed["gate"] for failed in gates if not failed["allowed"]}
    if stopping:
        failures = "; ".join(f"{failed['table']}: {failed['found']} [{failed['gate']}]" for failed in gates)
        raise RunFailed(
            f"Quality gates failed: {failures}. The published table stays as it is. "
            f'Look at the source; to publish all the same, once, run with run_options {{"allow": {json.dumps(sorted(stopping))}}}',
            gates=gates,
        )
    return gates


def _failures(
    key: str, table: ShapedTable, duplicates: Duplicates | None, old: Mapping[str, Any] | None, document: DatasetDocument
) -> Iterator[tuple[str, str]]:
    quality: DataQuality = document.get("data_quality", {})
    sources = table.sources
    in_source = {column.name for column in table.columns if column.source in sources}

    threshold = quality.get("critical_null_threshold", 0.05)
    for name in _of_table(quality.get("required_columns", []), key, []):
        if name not in in_source:
            yield "required_columns", f"the required column {name} is not in the source, which has {', '.join(sorted(in_source))}"
        elif table.nulls()[name] > threshold * table.rows:
            yield "null_share", f"{name} is null in {_share(table.nulls()[name], table.rows)}, critical_null_threshold is {threshold:.2%}"

    least = _of_table(quality.get("expected_record_count_min", 1), key, 1)
    if table.rows < least:
        yield "min_rows", f"{table.rows:,} rows, expected_record_count_min is {least:,}"

    most = quality.get("max_rescued_share", 0.01)
    for name, count in table.rescued().items():
        if count > most * table.rows:
            yield "rescued", f"{_misfits(name, count, table)}, max_rescued_share is {most:.2%}"

    if duplicates:
        yield "business_key", f"{duplicates}"

    if old is None:
        return
    shrink = quality.get("max_shrink", 0.5)
    if table.rows < old["rows"] * (1 - shrink):
        yield "shrink", f"{table.rows:,} rows, {old['rows']:,} are published, max_shrink is {shrink:.0%}"
    if document.get("schema_contract") == "freeze":
        yield from _changes(table, old)
        for name, count in table.rescued().items():
            yield "frozen", _misfits(name, count, table)


def _misfits(name: str, count: int, table: ShapedTable) -> str:
    """What did not fit, in how many rows, and the first of it."""
    share, example = _share(count, table.rows), table.examples()[name]
    if name not in (SURPLUS, FIELDS):
        type = next(column.form.type for column in table.columns if column.name == name)
        return f"{name} did not fit {type} in {share}, such as {example}"
    if table.type not in FORMAT_KEYS:
        return f"{share} have a key twice, such as {example}"
    what = f"more fields than columns, such as {example}" if name == SURPLUS else f"fewer fields than columns, such as {example}"
    return f"{share} have {what} (is file_format right: {FORMAT_KEYS[table.type]}?)"


def _changes(table: ShapedTable, old: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is not as it was published. A header that only changed in case or marks is the same column."""
    columns = {column.name: column for column in table.columns}
    there = {column["name"]: columns[column["name"]] for column in old["columns"] if column["name"] in columns}
    sources = table.sources
    if added := sources - {column.source for column in there.values()}:
        yield "frozen", f"the source has new columns: {', '.join(sorted(added))}"
    if gone := [
        column["source"] for column in old["columns"] if column["name"] not in there or there[column["name"]].source not in sources
    ]:
        yield "frozen", f"the source has no longer: {', '.join(sorted(gone))}"
    for column in old["columns"]:
        type = there[column["name"]].form.type if column["name"] in there else column["type"]
        if type != column["type"]:
            yield "frozen", f"{column['name']} is {type}, published is {column['type']}"


Value = TypeVar("Value")


def _of_table(setting: Value | Mapping[str, Value], key: str, otherwise: Value) -> Value:
    """A setting that may be given by table."""
    return setting.get(key, otherwise) if isinstance(setting, Mapping) else setting


def _share(count: int, rows: int) -> str:
    return f"{count:,} of {rows:,} rows ({count / rows:.2%})"
