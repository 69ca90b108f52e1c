"""The columns of a gold table: names and types that Athena takes, or an error that says what to write."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from etl_runtime.columns.athena_types import DECIMAL_TYPE, AthenaType, parsed
from etl_runtime.columns.names import RUN_ID
from etl_runtime.job.errors import RunFailed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAME = re.compile(r"[a-z_][a-z0-9_]*")
LONGEST_NAME = 255  # https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
SCALARS = (
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
REMEDY = {
    "void": "give the null a type: CAST(NULL AS STRING)",
    "timestamp_ntz": "make it a timestamp: CAST(… AS TIMESTAMP)",
}


def named(key: str, made: "DataFrame") -> "DataFrame":
    """The same with names in lower case, as the catalog has them, and without meta_run_id, which is this run's.

    Raises RunFailed where a name is none that Athena takes, or is there twice.
    """
    names = [name.lower() for name in made.columns]
    for position, name in enumerate(names, start=1):
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise RunFailed(
                f"{key}: column {position} is called {made.columns[position - 1]!r}, and Athena takes letters, digits and underscores, "
                f"{LONGEST_NAME} at most, a letter first. Give it another name: … AS my_name."
            )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RunFailed(
            f"{key}: the columns {', '.join(twice)} are there twice. Name the columns that you want in place of *."
        )
    return made.toDF(*names).drop(RUN_ID)


def athena_columns(key: str, made: "DataFrame") -> list[dict[str, str]]:
    """Its columns as published.json has them. Raises RunFailed where one is of a type that Athena does not read."""
    columns = [{"name": field.name, "type": field.dataType.simpleString()} for field in made.schema.fields]
    if not columns:
        raise RunFailed(f"{key}: the table has no columns. Name at least one.")
    for column in columns:
        for leaf in _leaves(key, column["name"], column["type"]):
            if leaf not in SCALARS and not DECIMAL_TYPE.fullmatch(leaf):
                remedy = REMEDY.get(
                    leaf, "cast it to one that it does: string, bigint, double, decimal(p,s), date, timestamp"
                )
                raise RunFailed(
                    f"{key}: the column {column['name']} is {column['type']}, and Athena does not read {leaf}: {remedy}."
                )
    return columns


def _leaves(key: str, column: str, type_: str) -> Iterator[str]:
    def walk(part: AthenaType) -> Iterator[str]:
        if not part.members:
            yield part.name
        for member in part.members:
            yield from walk(member)

    try:
        yield from walk(parsed(type_))
    except ValueError as error:
        raise RunFailed(
            f"{key}: the column {column} is {type_}, with fields whose names Athena does not take: name them anew."
        ) from error
