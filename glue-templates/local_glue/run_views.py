"""Provides the run records of a lake as SQL views: medallion.runs, medallion.tables, and so on.

Records can be incomplete or from an older version of the job. Values that cannot be read are skipped or NULL.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

SCHEMA = "medallion"

_TIME = pa.timestamp("us")
_TEXTS = pa.list_(pa.string())
_IDENTITY = [("dataset", pa.string()), ("layer", pa.string()), ("run_id", pa.string())]

VIEWS: dict[str, pa.Schema] = {
    "runs": pa.schema(
        [
            *_IDENTITY,
            ("job_run_id", pa.string()),
            ("status", pa.string()),
            ("started_at", _TIME),
            ("finished_at", _TIME),
            ("seconds", pa.float64()),
            ("dpu_seconds", pa.float64()),
            ("rows", pa.int64()),
            ("is_current", pa.bool_()),
            ("error_code", pa.string()),
            ("error", pa.string()),
            ("retryable", pa.bool_()),
            ("failed_gates", _TEXTS),
            ("allowed", _TEXTS),
            ("warnings", _TEXTS),
            ("unchanged_since", pa.string()),
            ("rolled_back_to", pa.string()),
            ("steps", pa.map_(pa.string(), pa.float64())),
        ]
    ),
    "tables": pa.schema(
        [
            *_IDENTITY,
            ("database_name", pa.string()),
            ("table_name", pa.string()),
            ("rows", pa.int64()),
            ("bytes", pa.int64()),
            ("columns", pa.int64()),
            ("files", pa.int64()),
            ("location", pa.string()),
            ("is_current", pa.bool_()),
        ]
    ),
    "columns": pa.schema(
        [
            *_IDENTITY,
            ("database_name", pa.string()),
            ("table_name", pa.string()),
            ("position", pa.int64()),
            ("column_name", pa.string()),
            ("type", pa.string()),
            ("nulls", pa.int64()),
            ("lowest", pa.string()),
            ("highest", pa.string()),
            ("rescued", pa.int64()),
            ("is_current", pa.bool_()),
        ]
    ),
    "lineage": pa.schema(
        [
            *_IDENTITY,
            ("table_key", pa.string()),
            ("column_name", pa.string()),
            ("input_table", pa.string()),
            ("input_column", pa.string()),
            ("kind", pa.string()),
            ("is_current", pa.bool_()),
        ]
    ),
    "rules": pa.schema(
        [
            *_IDENTITY,
            ("table_key", pa.string()),
            ("rule", pa.string()),
            ("kind", pa.string()),
            ("condition", pa.string()),
            ("severity", pa.string()),
            ("max_share", pa.float64()),
            ("rows", pa.int64()),
            ("violations", pa.int64()),
            ("status", pa.string()),
            ("is_current", pa.bool_()),
        ]
    ),
}
"""The columns of each view. docs/operations/run-history.md documents them."""

_NAMED = re.compile(rf'\b{SCHEMA}"?\s*\.\s*"?({"|".join(VIEWS)})\b', re.IGNORECASE)
_RECORDS = re.compile(r"(?P<dataset>[^/]+)/runs/(?P<layer>[^/]+)/run_id=(?P<run_id>[^/]+)\.json")

Row = dict[str, Any]


@dataclass(frozen=True)
class _Run:
    """A run record, and the database of its tables. `is_current` is true if the run's publication is the current
    one."""

    record: Row
    database: str | None
    is_current: bool

    @property
    def common(self) -> Row:
        return {name: self.record.get(name) for name, _ in _IDENTITY} | {"is_current": self.is_current}


def create_run_views(connection: "duckdb.DuckDBPyConnection", lake: Path, sql: str) -> None:
    """Create the views that the SQL query refers to. `lake` is a folder with one folder per bucket."""
    named = {found.lower() for found in _NAMED.findall(sql)}
    if not named:
        return
    runs = list(_runs(lake))
    connection.execute(f"CREATE SCHEMA {SCHEMA}")
    for view in sorted(named):
        schema = VIEWS[view]
        rows = [row for run in runs for row in _ROWS[view](run)]
        arrays = [_array([row.get(field.name) for row in rows], field.type) for field in schema]
        connection.register(f"run_{view}", pa.Table.from_arrays(arrays, schema=schema))
        connection.execute(f"CREATE VIEW {SCHEMA}.{view} AS SELECT * FROM run_{view}")  # noqa: S608


def view_names() -> list[str]:
    """The names of the views in a FROM clause."""
    return [f"{SCHEMA}.{view}" for view in VIEWS]


def _runs(lake: Path) -> Iterator[_Run]:
    for bucket in sorted(lake.iterdir() if lake.exists() else ()):
        for file in sorted(bucket.joinpath("etl").glob("*/runs/*/run_id=*.json")):
            found = _RECORDS.search(file.as_posix())
            record = _read(file)
            if found and record and isinstance(record.get("status"), str):
                published = _read(file.with_name("published.json")) or {}
                is_current = published.get("run_id") == found["run_id"]
                yield _Run({**record, **found.groupdict()}, published.get("database"), is_current)


def _read(file: Path) -> Row | None:
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads(file.read_bytes())
        if isinstance(content, dict):
            return content
    return None


def _objects(value: Any) -> list[Row]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _run_rows(run: _Run) -> Iterator[Row]:
    counts = [each.get("rows") for each in _objects(run.record.get("tables"))]
    rows = [count for count in counts if isinstance(count, int)] if run.record["status"] == "published" else []
    yield {
        **run.record,
        **run.common,
        "rows": sum(rows) if rows else None,
        "failed_gates": [each.get("gate") for each in _objects(run.record.get("gates"))],
        "allowed": _list(run.record.get("allowed")),
        "warnings": _list(run.record.get("warnings")),
        "steps": list(_object(run.record.get("steps")).items()),
    }


def _table_rows(run: _Run) -> Iterator[Row]:
    for table in _objects(run.record.get("tables")):
        yield {
            **table,
            **run.common,
            "database_name": run.database,
            "table_name": table.get("name"),
            "columns": len(_list(table.get("columns"))),
            "files": len(_list(table.get("files"))),
        }


def _column_rows(run: _Run) -> Iterator[Row]:
    for table in _objects(run.record.get("tables")):
        for position, column in enumerate(_objects(table.get("columns")), 1):
            name = str(column.get("name"))
            lowest, highest = (*_list(_object(table.get("bounds")).get(name)), None, None)[:2]
            yield {
                **run.common,
                "database_name": run.database,
                "table_name": table.get("name"),
                "position": position,
                "column_name": column.get("name"),
                "type": column.get("type"),
                "nulls": _object(table.get("nulls")).get(name),
                "lowest": lowest,
                "highest": highest,
                "rescued": _object(table.get("rescued")).get(name),
            }


def _lineage_rows(run: _Run) -> Iterator[Row]:
    for key, lineage in _object(run.record.get("lineage")).items():
        read: list[tuple[str | None, Row]] = [
            (name, each)
            for name, inputs in _object(_object(lineage).get("columns")).items()
            for each in _objects(inputs)
        ]
        read += [(None, {**each, "kind": "filter"}) for each in _objects(_object(lineage).get("filters"))]
        for name, each in read:
            yield {
                **run.common,
                "table_key": key,
                "column_name": name,
                "input_table": each.get("table"),
                "input_column": each.get("column"),
                "kind": each.get("kind"),
            }


def _rule_rows(run: _Run) -> Iterator[Row]:
    for rule in _objects(run.record.get("rules")):
        yield {**rule, **run.common, "table_key": rule.get("table"), "rule": rule.get("name")}


_ROWS: dict[str, Callable[[_Run], Iterator[Row]]] = {
    "runs": _run_rows,
    "tables": _table_rows,
    "columns": _column_rows,
    "lineage": _lineage_rows,
    "rules": _rule_rows,
}


def _array(values: list[Any], type: pa.DataType) -> pa.Array:
    return pa.array([_converted(value, type) for value in values], type)


def _converted(value: Any, type: pa.DataType) -> Any:
    """Convert the value to the type of its column. The result is NULL if a record has a value of another type."""
    if type == _TIME:
        return _moment(value)
    if pa.types.is_map(type):
        return [(_text(key), _double(number)) for key, number in value if _is_number(number)]
    if pa.types.is_list(type):
        return [_text(str(each)) for each in value]
    if pa.types.is_string(type):
        return value if value is None else _text(value) if isinstance(value, str) else json.dumps(value)
    if pa.types.is_boolean(type):
        return value if isinstance(value, bool) else None
    if pa.types.is_integer(type):
        return value if _is_number(value) and isinstance(value, int) and abs(value) < 2**63 else None
    return _double(value) if _is_number(value) else None


def _text(value: str) -> str:
    """The text without unpaired UTF-16 surrogates, which JSON can contain, but UTF-8 cannot."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _double(value: float) -> float | None:
    with suppress(OverflowError):
        return float(value)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment(value: Any) -> datetime | None:
    """The time in UTC, without a time zone, as Athena shows it."""
    with suppress(TypeError, ValueError, OverflowError):
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return None
