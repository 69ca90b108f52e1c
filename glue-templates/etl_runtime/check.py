"""The gates between staging and the table. All are looked at, and all that fail are named."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from etl_runtime.business_key import Duplicates
from etl_runtime.convert import FIELDS, SURPLUS
from etl_runtime.dataset_document import DataQuality, DatasetDocument
from etl_runtime.errors import RunFailed
from etl_runtime.file_format import FileType
from etl_runtime.history import DUPLICATE
from etl_runtime.shape import ShapedTable
from etl_runtime.unpack import UnpackedTable

if TYPE_CHECKING:
    from etl_runtime.gold import Made

FORMAT_KEYS: dict[FileType, str] = {"csv": "delimiter, quote, skip_rows, skip_footer", "fixed_width": "widths, skip_rows, skip_footer"}
"""What to look at in file_format where records have more or fewer fields than the table has columns."""


def check(
    unpacked: Mapping[str, UnpackedTable],
    shaped: Mapping[str, ShapedTable],
    duplicates: Mapping[str, Duplicates],
    published: Mapping[str, Any] | None,
    document: DatasetDocument,
    allowed: Collection[str],
) -> list[str]:
    """Raise RunFailed, naming each gate that fails and by how much. The published table then stays as it is.

    Returns what failed and was allowed to, for the run's record.
    """
    lost = [
        f"{key}: {unpacked[key].records:,} records were counted while unpacking, {table.rows:,} rows were written"
        for key, table in shaped.items()
        if table.rows != unpacked[key].records
    ]
    if lost:
        raise RunFailed(f"Rows in are not rows out: {'; '.join(lost)}. Nothing was published. Report this with the original file.")

    failures = [
        (gate, f"{key}: {found}")
        for key, table in shaped.items()
        for gate, found in _failures(key, table, duplicates.get(key), (published or {}).get("tables", {}).get(key), document)
    ]
    return _decided(failures, allowed)


def check_gold(
    made: Mapping[str, "Made"],
    duplicates: Mapping[str, Duplicates],
    broken: Mapping[str, Sequence[str]],
    published: Mapping[str, Any] | None,
    document: DatasetDocument,
    allowed: Collection[str],
) -> list[str]:
    """The same for gold, whose rows are made and not counted before. `broken` are rules of its script, by table.

    Raises RunFailed for a history whose key is not unique too, whatever is allowed.
    """
    for key, table in made.items():
        if count := table.written.notes[DUPLICATE]:
            some = ", ".join(json.dumps(each, ensure_ascii=False, default=str) for each in table.written.shown)
            raise RunFailed(
                f"{key}: history.business_key is not unique: {count:,} rows have a key that came before, such as {some}. "
                "The published table stays as it is. Let the query give each key once, or add a column to the key."
            )
    failures = [
        (gate, f"{key}: {found}")
        for key, table in made.items()
        for gate, found in _gold_failures(key, table, duplicates.get(key), broken.get(key, ()), published or {}, document)
    ]
    return _decided(failures, allowed)


def _decided(failures: Sequence[tuple[str, str]], allowed: Collection[str]) -> list[str]:
    stopping = {gate for gate, _ in failures} - set(allowed)
    if stopping:
        raise RunFailed(
            f"Quality gates failed: {'; '.join(f'{found} [{gate}]' for gate, found in failures)}. The published table stays as it is. "
            f'Look at the source; to publish all the same, once, run with run_options {{"allow": {json.dumps(sorted(stopping))}}}'
        )
    return [found for _, found in failures]


def _gold_failures(
    key: str, table: "Made", duplicates: Duplicates | None, broken: Sequence[str], published: Mapping[str, Any], document: DatasetDocument
) -> Iterator[tuple[str, str]]:
    written, old = table.written, published.get("tables", {}).get(key)
    columns = {column["name"]: column["type"] for column in table.staged.columns}
    yield from _values(key, written.nulls, written.live, columns, document.get("data_quality", {}), "the table")
    if duplicates:
        yield "business_key", f"{duplicates}"
    for rule in broken:
        yield "rules", rule
    if old is None:
        return
    yield from _shrink(written.live, published.get("history", {}).get("current", old["rows"]), document)
    if document.get("schema_contract") == "freeze":
        yield from _type_changes(columns, {column["name"]: column["type"] for column in old["columns"]})
    if "history" in published and "history" not in document:
        ended = old["rows"] - published["history"]["current"]
        yield "history", f"the published table has a history ({ended:,} versions that ended), which this run would throw away"


def _type_changes(columns: Mapping[str, str], old: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if added := sorted(columns.keys() - old.keys()):
        yield "frozen", f"the table has new columns: {', '.join(added)}"
    if gone := sorted(old.keys() - columns.keys()):
        yield "frozen", f"the table has no longer: {', '.join(gone)}"
    for name in sorted(columns.keys() & old.keys()):
        if columns[name] != old[name]:
            yield "frozen", f"{name} is {columns[name]}, published is {old[name]}"


def _values(
    key: str, nulls: Mapping[str, int], rows: int, there: Collection[str], quality: DataQuality, where: str
) -> Iterator[tuple[str, str]]:
    """The gates on required columns and the number of rows. `there` are the columns that `where` has."""
    threshold = quality.get("critical_null_threshold", 0.05)
    for name in _of_table(quality.get("required_columns", []), key, []):
        if name not in there:
            yield "required_columns", f"the required column {name} is not in {where}, which has {', '.join(sorted(there))}"
        elif nulls[name] > threshold * rows:
            yield "null_share", f"{name} is null in {_share(nulls[name], rows)}, critical_null_threshold is {threshold:.2%}"
    least = _of_table(quality.get("expected_record_count_min", 1), key, 1)
    if rows < least:
        yield "min_rows", f"{rows:,} rows, expected_record_count_min is {least:,}"


def _shrink(rows: int, published: int, document: DatasetDocument) -> Iterator[tuple[str, str]]:
    shrink = document.get("data_quality", {}).get("max_shrink", 0.5)
    if rows < published * (1 - shrink):
        yield "shrink", f"{rows:,} rows, {published:,} are published, max_shrink is {shrink:.0%}"


def _failures(
    key: str, table: ShapedTable, duplicates: Duplicates | None, old: Mapping[str, Any] | None, document: DatasetDocument
) -> Iterator[tuple[str, str]]:
    quality: DataQuality = document.get("data_quality", {})
    sources = table.sources
    in_source = {column.name for column in table.columns if column.source in sources}

    yield from _values(key, table.nulls(), table.rows, in_source, quality, "the source")
    most = quality.get("max_rescued_share", 0.01)
    for name, count in table.rescued().items():
        if count > most * table.rows:
            yield "rescued", f"{_misfits(name, count, table)}, max_rescued_share is {most:.2%}"

    if duplicates:
        yield "business_key", f"{duplicates}"

    if old is None:
        return
    yield from _shrink(table.rows, old["rows"], document)
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
