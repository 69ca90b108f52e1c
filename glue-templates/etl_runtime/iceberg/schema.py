"""The schema of an Iceberg table as JSON, and the Arrow schema that the tasks write, with the same field IDs.

Iceberg matches the columns of a file to the columns of the table by ID.
https://iceberg.apache.org/spec/#schemas-and-data-types
"""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from etl_runtime.columns.athena_types import AthenaType, parsed
from etl_runtime.columns.names import RESCUED, RUN_ID, SOURCE_DATE

SCALARS = {
    "string": "string",
    "boolean": "boolean",
    "tinyint": "int",
    "smallint": "int",
    "int": "int",
    "bigint": "long",
    "float": "float",
    "double": "double",
    "date": "date",
    "timestamp": "timestamptz",
    "binary": "binary",
}
"""The Iceberg types, keyed by Athena type. Timestamps in the files are in UTC, so their type has a time zone."""

ARROW = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
}
FIELD_ID = "PARQUET:field_id"
# https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html
MAX_COMMENT_BYTES = 255
# https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
MAX_DESCRIPTION_BYTES = 2048


@dataclass(frozen=True)
class TableColumn:
    """A column of a table: its name, its Athena type, and its description for the Data Catalog."""

    name: str
    type: str
    description: str | None = None


META_COLUMNS = {
    RUN_ID: TableColumn(RUN_ID, "string", "The ID of the run that wrote the row"),
    RESCUED: TableColumn(RESCUED, "string", "Values of the row that do not match the type of their column, as JSON"),
    SOURCE_DATE: TableColumn(SOURCE_DATE, "date", "The date of the source file"),
}


def meta_columns(*names: str) -> list[TableColumn]:
    """The columns that the job adds to a table: meta_run_id, and the meta columns with the given names."""
    return [META_COLUMNS[name] for name in (RUN_ID, *names)]


def schema_json(columns: Sequence[TableColumn]) -> str:
    """The schema of a new table, as JSON for Iceberg's SchemaParser. All columns are optional."""
    ids = itertools.count(1)
    fields = [
        {
            "id": next(ids),
            "name": column.name,
            "required": False,
            "type": _iceberg_type(parsed(column.type), ids),
            **({"doc": shortened(column.description, MAX_COMMENT_BYTES)} if column.description else {}),
        }
        for column in columns
    ]
    return json.dumps({"type": "struct", "schema-id": 0, "fields": fields})


def shortened(text: str, max_bytes: int) -> str:
    """Shorten the text to at most `max_bytes` in UTF-8. The Data Catalog rejects longer text."""
    return text.encode()[:max_bytes].decode(errors="ignore")


def _iceberg_type(athena: AthenaType, ids: Iterator[int]) -> Any:
    if athena.name.startswith("decimal"):
        return athena.name.replace(",", ", ")
    match athena.name:
        case "array":
            element = next(ids)
            return {
                "type": "list",
                "element-id": element,
                "element": _iceberg_type(athena.members[0], ids),
                "element-required": False,
            }
        case "map":
            key, value = next(ids), next(ids)
            return {
                "type": "map",
                "key-id": key,
                "key": _iceberg_type(athena.members[0], ids),
                "value-id": value,
                "value": _iceberg_type(athena.members[1], ids),
                "value-required": False,
            }
        case "struct":
            return {
                "type": "struct",
                "fields": [
                    {"id": next(ids), "name": name, "required": False, "type": _iceberg_type(member, ids)}
                    for name, member in zip(athena.fields, athena.members, strict=True)
                ],
            }
    return SCALARS[athena.name]


def arrow_schema(schema: str) -> pa.Schema:
    """Convert a table's JSON schema to an Arrow schema. Each field, at any depth, has its ID as metadata."""
    return pa.schema([_arrow_field(each["id"], each["name"], each["type"]) for each in json.loads(schema)["fields"]])


def _arrow_field(id: int, name: str, iceberg: Any, *, nullable: bool = True) -> pa.Field:
    return pa.field(name, _arrow_type(iceberg), nullable, {FIELD_ID: str(id)})


def _arrow_type(iceberg: Any) -> pa.DataType:
    if isinstance(iceberg, str):
        if iceberg.startswith("decimal"):
            precision, scale = map(int, re.findall(r"\d+", iceberg))
            return pa.decimal128(precision, scale)
        return ARROW[iceberg]
    match iceberg["type"]:
        case "list":
            return pa.list_(_arrow_field(iceberg["element-id"], "element", iceberg["element"]))
        case "map":
            return pa.map_(
                _arrow_field(iceberg["key-id"], "key", iceberg["key"], nullable=False),
                _arrow_field(iceberg["value-id"], "value", iceberg["value"]),
            )
    return pa.struct([_arrow_field(each["id"], each["name"], each["type"]) for each in iceberg["fields"]])


def extends(new: Any, old: Any) -> bool:
    """Whether the JSON type `new` is the same as `old`, except that structs, at any depth, can have additional fields
    at the end. IDs are not compared.

    If so, the column keeps its ID. Otherwise, it gets a new ID, so that values of earlier snapshots are never read with
    a different type.
    """
    if isinstance(new, str) or isinstance(old, str):
        return bool(new == old)
    if new["type"] != old["type"]:
        return False
    if new["type"] == "struct":
        first = new["fields"][: len(old["fields"])]
        return [each["name"] for each in first] == [each["name"] for each in old["fields"]] and all(
            extends(one["type"], other["type"]) for one, other in zip(first, old["fields"], strict=True)
        )
    return all(extends(new[part], old[part]) for part in ("element", "key", "value") if part in new)


def stored_type(athena: str) -> str:
    """The Athena type that a column of the type `athena` has in an Iceberg table: int instead of tinyint or smallint,
    which Iceberg does not have."""
    return str(_stored(parsed(athena)))


def _stored(athena: AthenaType) -> AthenaType:
    if not athena.members:
        return AthenaType("int") if SCALARS.get(athena.name) == "int" else athena
    return AthenaType(athena.name, tuple(map(_stored, athena.members)), athena.fields)
