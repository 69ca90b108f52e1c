"""The shape of the records in JSON: a list of objects, the values of an object, or rows with a header.

The shapes are named after the values of the pandas `orient` parameter.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from etl_runtime.columns.names import source_names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.source.records_contract import ROOT

VALUE = "value"  # the column for a record that is not an object
MIN_SIMILAR_MEMBERS = 5
DATA_KEY = re.compile(r"(?=.*\d)([\d\W_]|(?<=\d)T(?=\d)|Z$)+|(?=.*\d)[0-9a-f-]{8,}", re.IGNORECASE)
"""A key that is data: a number, a date, a time or a hexadecimal ID."""
SHOWN_KEYS = 3


@dataclass(frozen=True)
class RecordShape:
    """The declared `orient` and `key_column`. If `orient` is None, the shape is `records`. If `key_column` is None,
    there is no column for the keys.

    For rows, `column_names` replaces the names in the header. Without `has_header`, the first row is a record.
    """

    orient: str | None = None
    key_column: str | None = None
    column_names: tuple[str, ...] = ()
    has_header: bool = True

    @property
    def is_other(self) -> bool:
        """Whether the records have a shape other than elements of a list or a single object."""
        return self.orient in ("index", "values")

    @property
    def kind(self) -> Literal["list", "record"]:
        """The `RecordsPlace.kind` of records with this shape."""
        return "record" if self.orient == "index" else "list"

    def names_of_row(self, first: list[Any]) -> tuple[str, ...]:
        """The column names of records that are rows. `first` is the first row."""
        if self.column_names:
            return self.column_names
        if self.has_header:
            return source_names([str(name) for name in first])
        return tuple(f"column_{position}" for position in range(1, len(first) + 1))


OBJECTS = RecordShape()


class UndeclaredShape(RunFailed):
    """The records have a shape that is not declared. `entry` has the keys to declare."""

    entry: Mapping[str, Any] = {}


def looks_keyed(members: Mapping[str, Collection[str] | None], is_document: bool) -> bool:
    """Whether the values of an object look like records.

    This is the case if all keys of the object are data, such as dates, or if several of its values have similar keys.
    `members` maps each key of the object to the keys of its value, or to None if the value is not an object.
    """
    objects = [set(keys) for keys in members.values() if keys is not None]
    if members and all(DATA_KEY.fullmatch(key) for key in members):
        return len(objects) == len(members) or (is_document and len(members) > 1)
    if len(objects) < max(len(members), MIN_SIMILAR_MEMBERS):
        return False
    return 2 * len(set.intersection(*objects)) >= len(set.union(*objects)) > 0


def undeclared(code: ErrorCode, where: str, remedy: str, entry: Mapping[str, Any]) -> UndeclaredShape:
    error = UndeclaredShape(code, where + remedy)
    error.entry = entry
    return error


def entry_of(path: str, orient: str) -> dict[str, str]:
    """The keys to declare in the dataset document for records at the path."""
    entry = {**({} if path == ROOT else {"records": path}), "orient": orient}
    return {**entry, "key_column": "key"} if orient == "index" else entry


def keyed_remedy(path: str, keys: Collection[str], prefix: str) -> str:
    """A message that states what was found and which keys to declare. `prefix` is the setting that contains the keys,
    such as `file_format`."""
    where = "the document" if path == ROOT else path
    entry = entry_of(path, "index")
    shown = ", ".join(list(keys)[:SHOWN_KEYS])
    return (
        f"{where} is an object whose values look like records, with the keys {shown}, …. If they are, set {prefix} to "
        f'{json.dumps(entry)}, where key_column is optional. If the document is one record, set orient to "records".'
    )


def rows_remedy(path: str, first: str, prefix: str) -> str:
    """Like `keyed_remedy`, for records that are lists. `first` is the text of the first record."""
    remedy = header_remedy(path, first, prefix)
    return f'{remedy} To keep each list in the column {VALUE}, set orient to "records".'


def header_remedy(path: str, first: str, prefix: str) -> str:
    """Like `rows_remedy`, for files in which each document is a list. It does not suggest the orient `records`, because
    each element of these lists would then be read as a record."""
    entry = json.dumps(entry_of(path, "values"))
    return (
        f"the records are lists without column names, and the first is {first}. If it is the header, set {prefix} to "
        f"{entry}. If it is a record, also set column_names to the names of its values."
    )


def with_key(column: str, key: str, value: Any) -> dict[str, Any]:
    """Create the record for one key and value of a JSON object: the fields of the value, and the key in the field
    `column`."""
    return {column: key, **(value if isinstance(value, dict) else {VALUE: value})}


def rows_as_objects(rows: list[Any], shape: RecordShape) -> list[Any]:
    """Convert the rows to objects. A row stays unchanged if it is not a list or does not have exactly one value per
    name."""
    names = shape.names_of_row(rows[0]) if rows and isinstance(rows[0], list) else ()
    return [
        dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == len(names) else row
        for row in (rows[1:] if shape.has_header else rows)
    ]
