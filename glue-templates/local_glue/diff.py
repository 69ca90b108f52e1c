"""Compares the rows of two publications of a table, by business key, with DuckDB.

    python diff.py REQUEST.json RESULT_FILE

REQUEST.json lists the tables:

    {"samples": 5, "tables": [{"name": "zipcodes", "key": ["zip_code"], "old": ["…parquet"], "new": ["…parquet"]}]}

The script writes an object with the changes per table to RESULT_FILE:

    {"zipcodes": {"key": ["zip_code"], "note": null, "added": 1, "removed": 0, "changed": 1, "unchanged": 40,
                  "columns": {"city": 1},
                  "samples": {"added": [row], "removed": [],
                              "changed": [{"key": {…}, "values": {"city": [old, new]}}]}}}

Values are text or null. Columns that only one publication has are not compared. If there is no key, or if the key is
not unique, entire rows are compared. In this case, `key` is null, `changed` is 0, and `note` gives the reason.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from duckdb_connection import connect, quoted
from parent import end_with_parent

IGNORED = ("meta_run_id",)
"""Columns that differ in every publication."""


@dataclass(frozen=True)
class Request:
    """A table to compare: its name, the columns of its business key, and the Parquet files of both publications."""

    name: str
    key: list[str]
    old: list[str]
    new: list[str]


def compare(request: Request, samples: int) -> dict[str, Any]:
    """The changes of one table. `samples` is the maximum number of rows per kind of change."""
    with connect() as connection:
        types = {side: _register(connection, side, getattr(request, side)) for side in ("old", "new")}
        if types["old"] is None or types["new"] is None:
            return _one_sided(connection, types, samples)
        old, new = types["old"], types["new"]
        columns = [name for name in new if name in old and name not in IGNORED]
        if not request.key:
            return _as_a_whole(connection, columns, samples, "the table has no business key")
        if missing := [name for name in request.key if name not in columns]:
            return _as_a_whole(connection, columns, samples, f"{', '.join(missing)} is missing in a publication")
        if any(_has_duplicates(connection, side, request.key) for side in types):
            return _as_a_whole(connection, columns, samples, f"{', '.join(request.key)} is not unique")
        different_types = {name for name in columns if old[name] != new[name]}
        return _by_key(connection, request.key, columns, different_types, samples)


def _register(connection: duckdb.DuckDBPyConnection, side: str, files: Sequence[str]) -> dict[str, str] | None:
    """Create a view of the files. Returns the types, keyed by column, or None if the publication has no file because
    the table is empty or does not exist."""
    if not files:
        return None
    files_relation = connection.read_parquet(list(files))
    types = {name: str(type) for name, type in zip(files_relation.columns, files_relation.types, strict=True)}
    # Timestamps are UTC in the files, and Athena shows them without a time zone.
    columns = (
        f"{quoted(name)}::TIMESTAMP AS {quoted(name)}" if type == "TIMESTAMP WITH TIME ZONE" else quoted(name)
        for name, type in types.items()
    )
    files_relation.project(", ".join(columns)).create_view(side)
    return types


def _one_sided(
    connection: duckdb.DuckDBPyConnection, types: dict[str, dict[str, str] | None], samples: int
) -> dict[str, Any]:
    result = _result(None, "one of the publications has no rows" if any(types.values()) else None)
    for side, change in (("old", "removed"), ("new", "added")):
        if columns := types[side]:
            result[change] = _count(connection, f"SELECT count(*) FROM {side}")  # noqa: S608
            listed = ", ".join(_text_of(quoted(name), name) for name in columns if name not in IGNORED)
            result["samples"][change] = _rows(
                connection,
                f"SELECT {listed} FROM {side} LIMIT {samples}",  # noqa: S608
            )
    return result


def _as_a_whole(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], samples: int, note: str
) -> dict[str, Any]:
    listed = ", ".join(_text_of(quoted(name), name) for name in columns)
    result = _result(None, note)
    for change, first, second in (("added", "new", "old"), ("removed", "old", "new")):
        connection.execute(
            f"CREATE TEMP TABLE {change} AS "  # noqa: S608
            f"SELECT {listed} FROM {first} EXCEPT ALL SELECT {listed} FROM {second}"
        )
        result[change] = _count(connection, f"SELECT count(*) FROM {change}")  # noqa: S608
        result["samples"][change] = _rows(connection, f"SELECT * FROM {change} ORDER BY ALL LIMIT {samples}")  # noqa: S608
    result["unchanged"] = _count(connection, "SELECT count(*) FROM new") - result["added"]
    return result


def _has_duplicates(connection: duckdb.DuckDBPyConnection, side: str, key: Sequence[str]) -> bool:
    listed = ", ".join(map(quoted, key))
    return bool(
        connection.execute(
            f"SELECT 1 FROM {side} GROUP BY {listed} HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        ).fetchone()
    )


def _by_key(
    connection: duckdb.DuckDBPyConnection,
    key: Sequence[str],
    columns: Sequence[str],
    different_types: set[str],
    samples: int,
) -> dict[str, Any]:
    # Aliases are numbered, because a column can have any name.
    numbers = {name: number for number, name in enumerate(columns)}
    compared = [name for name in columns if name not in key]

    def aliased(side: str) -> str:
        listed = ", ".join(f"{quoted(name)} AS {side}_{number}" for name, number in numbers.items())
        return f"SELECT {listed}, true AS in_{side} FROM {side}"  # noqa: S608

    def expression(side: str, name: str) -> str:
        return f"{side}_{numbers[name]}{'::VARCHAR' if name in different_types else ''}"

    def differs(name: str) -> str:
        return f"({expression('old', name)} IS DISTINCT FROM {expression('new', name)})"

    same_key = " AND ".join(f"{expression('old', name)} IS NOT DISTINCT FROM {expression('new', name)}" for name in key)
    joined = f"FROM ({aliased('old')}) FULL JOIN ({aliased('new')}) ON {same_key}"
    is_both = "in_old AND in_new"
    is_changed = f"{is_both} AND ({' OR '.join(map(differs, compared)) or 'false'})"
    conditions = {"added": "in_old IS NULL", "removed": "in_new IS NULL", "changed": is_changed}
    counts = [f"count(*) FILTER ({condition})" for condition in (*conditions.values(), is_both)]
    counts += [f"count(*) FILTER ({is_both} AND {differs(name)})" for name in compared]
    added, removed, changed, both, *changes = connection.execute(
        f"SELECT {', '.join(counts)} {joined}"  # noqa: S608
    ).fetchone() or (0, 0, 0, 0)
    result = _result(list(key), None)
    result |= {"added": added, "removed": removed, "changed": changed, "unchanged": both - changed}
    result["columns"] = {name: count for name, count in zip(compared, changes, strict=True) if count}

    def sampled(change: str, selected: str) -> list[dict[str, str | None]]:
        order = ", ".join(f"{'new' if change == 'added' else 'old'}_{numbers[name]}" for name in key)
        return _rows(
            connection,
            f"SELECT {selected} {joined} WHERE {conditions[change]} ORDER BY {order} LIMIT {samples}",  # noqa: S608
        )

    for change, side in (("added", "new"), ("removed", "old")):
        if result[change]:
            listed = ", ".join(_text_of(f"{side}_{number}", name) for name, number in numbers.items())
            result["samples"][change] = sampled(change, listed)
    if changed:
        sides = [f"{side}_{number}" for number in numbers.values() for side in ("old", "new")]
        for row in sampled("changed", ", ".join(_text_of(each, each) for each in sides)):
            values = {name: [row[f"old_{number}"], row[f"new_{number}"]] for name, number in numbers.items()}
            result["samples"]["changed"].append(
                {
                    "key": {name: values[name][1] for name in key},
                    "values": {name: pair for name, pair in values.items() if name not in key and pair[0] != pair[1]},
                }
            )
    return result


def _result(key: list[str] | None, note: str | None) -> dict[str, Any]:
    samples: dict[str, list[Any]] = {"added": [], "removed": [], "changed": []}
    counts = dict.fromkeys(("added", "removed", "changed", "unchanged"), 0)
    return {"key": key, "note": note, **counts, "columns": {}, "samples": samples}


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, str | None]]:
    result = connection.execute(sql)
    names = [str(name) for name, *_ in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _text_of(expression: str, name: str) -> str:
    """Convert the value to text in DuckDB, because Python needs pytz for timestamps in nested values."""
    return f"{expression}::VARCHAR AS {quoted(name)}"


def main() -> None:
    end_with_parent()
    request: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tables = [Request(**each) for each in request["tables"]]
    try:
        result = {table.name: compare(table, request["samples"]) for table in tables}
    except duckdb.Error as error:
        message = str(error)
        with suppress(IndexError):
            message = message.splitlines()[0]
        sys.exit(message)
    Path(sys.argv[2]).write_text(json.dumps(result, ensure_ascii=True), encoding="utf-8")


if __name__ == "__main__":
    main()
