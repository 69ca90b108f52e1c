"""The settings for converting the tables of a run, and the destination of the resulting objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from etl_runtime.columns.column_schema import DeclaredColumn
from etl_runtime.columns.names import RESCUED, SOURCE_DATE
from etl_runtime.convert.task import Column, Shard
from etl_runtime.convert.type_plan import TypePlan
from etl_runtime.convert.unpacked_table import UnpackedTable
from etl_runtime.iceberg.schema import TableColumn, meta_columns
from etl_runtime.job.file_format import FileFormat
from etl_runtime.publish.tables import Tables
from etl_runtime.read.part import Part

if TYPE_CHECKING:
    import pyarrow as pa

ONE_OBJECT_BYTES = 128 << 20  # of text; a table up to this size is a single object, which S3 replaces atomically


@dataclass(frozen=True)
class Place:
    """Where objects are written, and for which run: the tables, the run ID, the bucket's Region, and the source date.

    `descriptions` are the descriptions of the columns, keyed by table and source column.
    """

    tables: Tables
    run_id: str
    region: str
    source_date: date | None = None
    descriptions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def schema(self, key: str, columns: Sequence[Column]) -> "pa.Schema | None":
        """The schema that a table's objects must have, if its table format prescribes one."""
        own = self.descriptions.get(key, {})
        described = [TableColumn(each.name, each.column_type.type, own.get(each.source)) for each in columns]
        return self.tables.arrow_schema(
            key, [*described, *meta_columns(RESCUED, *([SOURCE_DATE] if self.source_date else []))]
        )


@dataclass(frozen=True)
class Conversion:
    """The conversion settings, which are known before the files are read.

    `published` is the current published.json. Its columns keep their names, order and types. `declared` are the
    declared columns, keyed by table.
    """

    published: Mapping[str, Any] | None
    declared: Mapping[str, list[DeclaredColumn]]
    file_format: FileFormat
    place: Place

    def plan(self, key: str, table: UnpackedTable) -> TypePlan:
        return TypePlan(key, table, self.published, self.declared[key], self.file_format.of_table(key))

    def shard(
        self,
        key: str,
        index: int,
        parts: tuple[Part, ...],
        columns: tuple[Column, ...],
        schema: "pa.Schema | None" = None,
        attempt: int = 0,
    ) -> Shard:
        """Create the shard for object number `index` of a table."""
        return Shard(
            key,
            parts,
            columns,
            self.file_format.of_table(key),
            self.place.run_id,
            self.place.region,
            f"{self.place.tables.object_prefix(key, attempt)}{index:05}.parquet",
            self.place.source_date,
            schema,
        )


def parts_of_objects(table: UnpackedTable) -> list[tuple[Part, ...]]:
    """Group the parts of a table by the object into which they are converted."""
    if table.bytes <= ONE_OBJECT_BYTES:
        return [tuple(table.parts)]
    return [(part,) for part in table.parts]
