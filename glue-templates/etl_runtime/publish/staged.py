"""A table in staging, ready to be published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StagedTable:
    """The result of the conversion or the transform, and the input of `publish`.

    `bytes` is the size of the objects. `columns` are {name, type, …} as in published.json, without the columns that the
    job adds. `objects` are the URIs in staging by the file names in the table's folder. `nulls` are the null counts by
    column; for a table with a history, only current versions are counted. `field_values` are the numbers of values of
    nested fields by path, such as `user.email` and `items[].price`. `data_files` are the entries of the objects in an
    Iceberg manifest. `kept` are the URIs of objects of the previous publication that remain. `bounds` are the minimum
    and maximum by column as text, if they are known. `lineage` is the column lineage of a derived table, if known.
    """

    rows: int
    bytes: int
    columns: Sequence[Mapping[str, Any]]
    objects: Mapping[str, str]
    nulls: Mapping[str, int] = field(default_factory=dict)
    field_values: Mapping[str, int] = field(default_factory=dict)
    data_files: Sequence[Mapping[str, Any]] = ()
    kept: Sequence[str] = ()
    bounds: Mapping[str, list[str]] = field(default_factory=dict)
    lineage: Mapping[str, Any] | None = None

    @property
    def uris(self) -> list[str]:
        """The URIs of all objects of the table."""
        return [*self.objects.values(), *self.kept]
