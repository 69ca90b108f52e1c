"""A table in staging, ready to be published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StagedTable:
    """A converted or transformed table, which is the input of `publish`.

    `bytes` is the total size of the objects. `columns` are {name, type, …} as in published.json, without the columns
    that the job adds. `objects` are the URIs in staging, keyed by the file names in the table's folder. `nulls` are the
    null counts, keyed by column; for a table with a history, only current versions are counted. `field_values` are the
    value counts of nested fields, keyed by path, such as `user.email` and `items[].price`. `data_files` are the
    manifest entries of the objects of an Iceberg table. `kept` are the URIs of objects that remain from the previous
    publication. `bounds` are the minimum and maximum as text, keyed by column, if they are known. `lineage` is the
    column lineage of a derived table, if it is known.
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
