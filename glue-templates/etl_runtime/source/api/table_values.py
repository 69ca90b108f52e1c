"""The values of a column in a published table. `for_each` calls an endpoint once per value."""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from etl_runtime.job.arguments import Names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.inputs import MAX_READS, Input, input_changed, read_inputs, republished
from etl_runtime.job.plural import plural
from etl_runtime.job.store import Store
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.source.api.endpoints import Endpoint

if TYPE_CHECKING:
    import pyarrow as pa

LOG = logging.getLogger(__name__)

MAX_VALUES = 1_000_000
"""The maximum number of values per endpoint. A run keeps these values in memory."""
BATCH_ROWS = 1 << 16


def read_table_values(
    endpoints: Sequence[Endpoint], names: Names, store: Store
) -> tuple[list[Input], dict[str, list[str]]]:
    """Return the inputs, and for each endpoint the distinct values of its table's column as JSON text, in ascending
    order.

    All values of an input come from the same publication. Raises RunFailed if an input is not published, or if a column
    cannot be read.
    """
    changed: list[str] = []
    for _ in range(MAX_READS):
        inputs = read_inputs(names, store)
        try:
            values = {
                each.name: _table_values(each, each.for_each["table"], each.for_each["column"], inputs, names, store)
                for each in endpoints
                if each.for_each and "table" in each.for_each
            }
        except Exception:
            if not (changed := republished(inputs, names, store)):
                raise
        else:
            if not (changed := republished(inputs, names, store)):
                return inputs, values
        LOG.info(f"{', '.join(changed)} published new data while this run read it; reading the inputs again")
    raise input_changed(changed, names)


def _table_values(
    endpoint: Endpoint, table: str, column: str, inputs: Sequence[Input], names: Names, store: Store
) -> list[str]:
    where = f"for_each of {endpoint.name}"
    found = _published_table(where, table, column, inputs)
    values: set[Any] = set()
    text: Callable[[Any], str] | None = None
    for file in found["files"]:
        with NamedTemporaryFile(prefix="medallion-") as copy:
            if not store.download(f"s3://{names.bucket}/{file}", copy):
                raise FileNotFoundError(f"s3://{names.bucket}/{file}")
            copy.flush()
            for batch in _batches(copy.name, column):
                text = text or _text_of(batch.type, f"{where}: the column {column} of {table}")
                values.update(batch.unique().to_pylist())
                if len(values) > MAX_VALUES:
                    raise RunFailed(
                        ErrorCode.API_TOO_MANY_VALUES,
                        f"{where}: the column {column} of {table} has more than {MAX_VALUES:,} distinct values. "
                        "Use a table with fewer values, for example a silver table that selects the values to request.",
                    )
    values -= {None, ""}
    if segment := values & {".", ".."}:
        raise _invalid(
            f"{where}: the column {column} of {table} contains {segment.pop()!r}, which has a special meaning in a "
            "URL. Use another column, or filter out the value."
        )
    LOG.info(f"{endpoint.name}: {plural(len(values), 'value')} of {column} in {table}")
    return [text(value) for value in sorted(values)] if text else []


def _batches(path: str, column: str) -> "list[pa.Array] | Any":
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=[column]):
            yield batch.column(0)


def _published_table(where: str, table: str, column: str, inputs: Sequence[Input]) -> Mapping[str, Any]:
    """The table in published.json. Raises RunFailed if no input has the table, or if the table does not have
    the column."""
    tables = {name: each for read in inputs for name, each in read.tables.items()}
    if table not in tables:
        read = ", ".join(f"{each.name.dataset} (run {each.run_id})" for each in inputs)
        raise _invalid(
            f"{where}: the publication of {read} has no table {table}. {did_you_mean(table, tables)}"
            f"It has {', '.join(tables)}. Correct for_each.table."
        )
    columns = [each["name"] for each in tables[table]["columns"]]
    if column not in columns:
        raise _invalid(
            f"{where}: the table {table} has no column {column}. {did_you_mean(column, columns)}"
            f"It has {', '.join(columns)}. Correct for_each.column."
        )
    return tables[table]


def _text_of(type_: "pa.DataType", what: str) -> Callable[[Any], str]:
    """Return the function that converts a value of this type to JSON without loss."""
    import numpy
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(type_):
        type_ = type_.value_type
    if types.is_boolean(type_):
        return json.dumps
    if types.is_integer(type_):
        return str
    if types.is_decimal(type_):
        return lambda value: format(value, "f")
    if types.is_float32(type_):
        return lambda value: _float_text(float(str(numpy.float32(value))), what)
    if types.is_floating(type_):
        return lambda value: _float_text(value, what)
    if types.is_string(type_) or types.is_large_string(type_):
        return json.dumps
    if types.is_date(type_) or types.is_timestamp(type_):
        return lambda value: json.dumps(_time_text(value))
    raise _invalid(f"{what} has the type {type_}, whose values cannot be part of a URL. Use another column.")


def _float_text(value: float, what: str) -> str:
    if not math.isfinite(value):
        raise _invalid(f"{what} contains {value}, which is not a number. Use another column, or filter out the value.")
    return format(Decimal(repr(value)), "f")


def _time_text(value: date) -> str:
    """Format a date, or a timestamp in UTC, according to ISO 8601."""
    return f"{value.replace(tzinfo=None).isoformat()}Z" if isinstance(value, datetime) else value.isoformat()


def _invalid(message: str) -> RunFailed:
    return RunFailed(ErrorCode.API_VALUE_INVALID, message)
