"""The columns of a derived table, with names and types that Athena supports."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from etl_runtime.columns.athena_types import DECIMAL_TYPE, AthenaType, parsed, spark_type
from etl_runtime.columns.names import RUN_ID
from etl_runtime.iceberg.schema import stored_type
from etl_runtime.job.errors import ErrorCode, RunFailed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = re.compile(r"[a-z_][a-z0-9_]*")
MAX_NAME_LENGTH = 255  # https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
SCALAR_TYPES = (
    "string",
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "date",
    "timestamp",
    "binary",
)
DEFAULT_FIX = "Cast it to a supported type: string, bigint, double, decimal(p,s), date, timestamp"
FIXES = {
    "void": "Give the null a type: CAST(NULL AS STRING)",
    "timestamp_ntz": "Convert it to a timestamp: CAST(… AS TIMESTAMP)",
}


def as_published(key: str, rows: "DataFrame", *, is_iceberg: bool) -> "tuple[DataFrame, list[dict[str, str]]]":
    """Convert the result of a transform to the names and types of its table. Also returns the columns in the format of
    published.json.

    Raises RunFailed if Athena does not support a column.
    """
    rows = with_athena_names(key, rows)
    if is_iceberg:
        rows = with_iceberg_types(rows)
    return rows, athena_columns(key, rows)


def with_athena_names(key: str, rows: "DataFrame") -> "DataFrame":
    """Convert column names to lower case, as in the Data Catalog, and remove meta_run_id, because the job
    adds this column itself.

    Raises RunFailed if Athena does not support a name or if a name occurs twice.
    """
    names = [name.lower() for name in rows.columns]
    for position, name in enumerate(names, start=1):
        if not NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
            raise RunFailed(
                ErrorCode.COLUMN_NAME_INVALID,
                f"{key}: column {position} has the name {rows.columns[position - 1]!r}, which Athena does not support. "
                f"Use a name of at most {MAX_NAME_LENGTH} letters, digits and underscores that does not begin with a "
                "digit: … AS my_name.",
            )
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise RunFailed(
            ErrorCode.COLUMN_NAME_INVALID,
            f"{key}: these column names occur more than once: {', '.join(duplicates)}. "
            "Select the columns by name instead of with *, or rename the duplicates: … AS my_name.",
        )
    return rows.toDF(*names).drop(RUN_ID)


def athena_columns(key: str, rows: "DataFrame") -> list[dict[str, str]]:
    """The columns in the format of published.json. Raises RunFailed if Athena does not support a type."""
    columns = [{"name": field.name, "type": field.dataType.simpleString()} for field in rows.schema.fields]
    if not columns:
        raise RunFailed(
            ErrorCode.TRANSFORM_RESULT_INVALID, f"{key}: the table has no columns. Select at least one column."
        )
    for column in columns:
        for scalar in _scalar_types(key, column["name"], column["type"]):
            if scalar not in SCALAR_TYPES and not DECIMAL_TYPE.fullmatch(scalar):
                raise RunFailed(
                    ErrorCode.COLUMN_TYPE_UNSUPPORTED,
                    f"{key}: the column {column['name']} has the type {column['type']}, but Athena does not support "
                    f"{scalar}. {FIXES.get(scalar, DEFAULT_FIX)}.",
                )
    return columns


def with_iceberg_types(rows: "DataFrame") -> "DataFrame":
    """Convert tinyint and smallint, which Iceberg does not have, to int."""
    from pyspark.sql import functions as f

    types = {field.name: field.dataType.simpleString() for field in rows.schema.fields}
    small = {name: type_ for name, type_ in types.items() if re.search(r"\b(?:tinyint|smallint)\b", type_)}
    return rows.withColumns({name: f.col(name).cast(spark_type(stored_type(type_))) for name, type_ in small.items()})


def _scalar_types(key: str, column: str, type_: str) -> Iterator[str]:
    def walk(part: AthenaType) -> Iterator[str]:
        if not part.members:
            yield part.name
        for member in part.members:
            yield from walk(member)

    try:
        yield from walk(parsed(type_))
    except ValueError as error:
        raise RunFailed(
            ErrorCode.COLUMN_NAME_INVALID,
            f"{key}: the column {column} has the type {type_}, with field names that Athena does not support. "
            "Rename the fields.",
        ) from error
