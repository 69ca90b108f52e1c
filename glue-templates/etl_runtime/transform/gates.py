"""The gates between a gold table in staging and the published one. All are looked at, and all that fail are named."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.errors import RunFailed
from etl_runtime.publish.business_key import Duplicates
from etl_runtime.publish.common_gates import decided, required_values, shrink
from etl_runtime.transform.history import DUPLICATE
from etl_runtime.transform.transformed_table import TransformedTable


def check_gates(
    made: Mapping[str, TransformedTable],
    duplicates: Mapping[str, Duplicates],
    broken: Mapping[str, Sequence[str]],
    published: Mapping[str, Any] | None,
    document: DatasetDocument,
    allowed: Collection[str],
) -> list[dict[str, Any]]:
    """Raise RunFailed, naming each gate that fails and by how much. The published table then stays as it is.

    `broken` are rules of a script of one's own, by table. A key of a history that is not unique fails whatever is allowed.
    Returns the gates that failed and were allowed to, as the run's record has them.
    """
    for key, table in made.items():
        if count := table.written.notes[DUPLICATE]:
            some = ", ".join(json.dumps(each, ensure_ascii=False, default=str) for each in table.written.shown)
            raise RunFailed(
                f"{key}: history.business_key is not unique: {count:,} rows have a key that came before, such as {some}. "
                "The published table stays as it is. Let the query give each key once, or add a column to the key."
            )
    failures = [
        (gate, key, found)
        for key, table in made.items()
        for gate, found in _failures(key, table, duplicates.get(key), broken.get(key, ()), published or {}, document)
    ]
    return decided(failures, allowed)


def _failures(
    key: str,
    table: TransformedTable,
    duplicates: Duplicates | None,
    broken: Sequence[str],
    published: Mapping[str, Any],
    document: DatasetDocument,
) -> Iterator[tuple[str, str]]:
    written, old = table.written, published.get("tables", {}).get(key)
    columns = {column["name"]: column["type"] for column in table.staged.columns}
    yield from required_values(key, written.nulls, written.live, columns, document.get("data_quality", {}), "the table")
    if duplicates:
        yield "business_key", f"{duplicates}"
    for rule in broken:
        yield "rules", rule
    if old is None:
        return
    yield from shrink(written.live, published.get("history", {}).get("current", old["rows"]), document)
    if document.get("schema_contract") == "freeze":
        yield from _changes(columns, {column["name"]: column["type"] for column in old["columns"]})
    if "history" in published and "history" not in document:
        ended = old["rows"] - published["history"]["current"]
        yield (
            "history",
            f"the published table has a history ({ended:,} versions that ended), which this run would throw away",
        )


def _changes(columns: Mapping[str, str], old: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is not as it was published."""
    if added := sorted(columns.keys() - old.keys()):
        yield "frozen", f"the table has new columns: {', '.join(added)}"
    if gone := sorted(old.keys() - columns.keys()):
        yield "frozen", f"the table has no longer: {', '.join(gone)}"
    for name in sorted(columns.keys() & old.keys()):
        if columns[name] != old[name]:
            yield "frozen", f"{name} is {columns[name]}, published is {old[name]}"
