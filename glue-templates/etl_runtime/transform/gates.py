"""The quality gates of a derived table. All gates are checked, and the error lists all failed gates."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import plural
from etl_runtime.publish.business_key import Duplicates
from etl_runtime.publish.common_gates import (
    columns_of_other_gates,
    required_value_failures,
    shrink_failures,
    stop_unless_allowed,
)
from etl_runtime.publish.lost_columns import LostColumns
from etl_runtime.transform.history import ADDED, DUPLICATE
from etl_runtime.transform.transformed_table import TransformedTable


def check_gates(
    tables: Mapping[str, TransformedTable],
    duplicates: Mapping[str, Duplicates],
    violations: Mapping[str, Sequence[str]],
    churn: Mapping[str, Sequence[str]],
    published: Mapping[str, Any] | None,
    document: DatasetDocument,
    allowed: Collection[str],
) -> list[dict[str, Any]]:
    """Return the failed gates that are allowed to fail, as entries of the run record.

    `violations` lists violated rules, and `churn` lists findings about too many new versions, both keyed by table.
    Raises RunFailed if a gate fails that is not allowed to fail.
    """
    failures = [
        (gate, key, found)
        for key, table in tables.items()
        for gate, found in _failures(
            key, table, duplicates.get(key), violations.get(key, ()), published or {}, document
        )
    ]
    failures += [("churn", key, found) for key, findings in churn.items() for found in findings]
    return stop_unless_allowed(failures, allowed)


def require_unique_keys(tables: Mapping[str, TransformedTable]) -> None:
    """Raise RunFailed if the new rows of a history contain a key more than once. With duplicate keys, the objects of
    the history would be incomplete."""
    for key, table in tables.items():
        if count := table.written.actions[DUPLICATE]:
            examples = ", ".join(json.dumps(each, ensure_ascii=False, default=str) for each in table.written.examples)
            raise RunFailed(
                ErrorCode.HISTORY_KEY_NOT_UNIQUE,
                f"{key}: history.business_key is not unique: found {plural(count, 'row')} with the same key as another "
                f"row, for example {examples}. The published table is unchanged. "
                "Change the query so that it returns each key only once, or add a column to history.business_key.",
            )


def _failures(
    key: str,
    table: TransformedTable,
    duplicates: Duplicates | None,
    violations: Sequence[str],
    published: Mapping[str, Any],
    document: DatasetDocument,
) -> Iterator[tuple[str, str]]:
    written, old = table.written, published.get("tables", {}).get(key)
    columns = {column["name"]: column["type"] for column in table.staged.columns}
    yield from required_value_failures(
        key, written.nulls, written.live, columns, document.get("data_quality", {}), "the table"
    )
    if duplicates:
        yield "business_key", f"{duplicates}"
    for violation in violations:
        yield "rules", violation
    if old is None:
        if table.old is not None:
            yield from shrink_failures(written.live, table.old.current, document)
        return
    history = published.get("history", {})
    published_rows = history.get("current", old["rows"])
    yield from shrink_failures(written.live, published_rows, document)
    names = history.get("columns") or [
        each["name"] for each in old["columns"] if not history or each["name"] not in ADDED
    ]
    # The current versions of a history keep the values of a column that the query no longer has.
    optional = columns_of_other_gates(key, document) | (columns.keys() - set(table.columns) - set(names))
    if document.get("schema_contract") == "freeze":
        optional |= set(names) - columns.keys()
    lost = LostColumns(
        table.staged,
        written.live,
        [name for name in names if name not in table.columns],
        [name for name in table.columns if name not in names],
        optional,
        "the table",
    )
    yield from lost.failures(old, published_rows)
    if document.get("schema_contract") == "freeze":
        yield from _changes(columns, {column["name"]: column["type"] for column in old["columns"]})
    if "history" in published and "history" not in document:
        ended = old["rows"] - published["history"]["current"]
        yield (
            "history",
            f"the published table has a history ({plural(ended, 'ended version')}), which this run would delete",
        )


def _changes(columns: Mapping[str, str], old: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the differences from the published columns."""
    if added := sorted(columns.keys() - old.keys()):
        yield "frozen", f"the table has new columns: {', '.join(added)}"
    if missing := sorted(old.keys() - columns.keys()):
        yield "frozen", f"the table no longer has the columns: {', '.join(missing)}"
    for name in sorted(columns.keys() & old.keys()):
        if columns[name] != old[name]:
            yield "frozen", f"the type of {name} is {columns[name]}, but the published type is {old[name]}"
