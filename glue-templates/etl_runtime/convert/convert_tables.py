"""Converts parts to typed Parquet objects in staging. A table is converted again if its values refute an inferred
type."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from etl_runtime.columns.type_hints import hint_line
from etl_runtime.convert import conversion as sizes
from etl_runtime.convert.conversion import Conversion, parts_of_objects
from etl_runtime.convert.convert_shards import convert_shards
from etl_runtime.convert.early_conversion import EarlyConversion
from etl_runtime.convert.task import Column, ConvertedShard
from etl_runtime.convert.type_plan import TypePlan
from etl_runtime.convert.unpacked_table import UnpackedTable
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileType
from etl_runtime.job.store import Store
from etl_runtime.publish.parquet_object import bounds_as_text, merged_bounds
from etl_runtime.publish.staged import StagedTable

LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAX_ROUNDS = 12  # each round excludes a type for every refuted column, which has at most nine candidates


class PartsGone(Exception):
    """A table must be converted again, but its parts were not kept. Therefore, the files must be unpacked again.

    `plans` are the plans of all tables. They include the types that the conversion has already corrected.
    """

    def __init__(self, message: str, plans: "dict[str, TypePlan]") -> None:
        super().__init__(message)
        self.plans = plans


@dataclass(frozen=True)
class ConvertedTable:
    """A table in staging, with its columns and one converted shard per object."""

    columns: tuple[Column, ...]
    shards: tuple[ConvertedShard, ...]

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)

    @property
    def bytes(self) -> int:
        return sum(shard.bytes for shard in self.shards)

    @property
    def sources(self) -> set[str]:
        """The columns that the source has."""
        return {source for shard in self.shards for source in shard.sources}

    @property
    def type(self) -> FileType:
        """The type of the files."""
        return self.shards[0].shard.parts[0].type

    def staged(self, objects: Mapping[str, str]) -> StagedTable:
        """Return the table in staging. `objects` are the URIs of the objects, keyed by their names in the table's
        folder."""
        return StagedTable(
            self.rows,
            self.bytes,
            [
                {
                    "name": column.name,
                    "source": column.source,
                    **asdict(column.column_type),
                    **({"unseen": True} if column.unseen and not self.rows else {}),
                }
                for column in self.columns
            ],
            objects,
            self.nulls(),
            sum((shard.field_values for shard in self.shards), Counter()),
            [shard.data_file for shard in self.shards if shard.data_file is not None],
        )

    @property
    def uris(self) -> list[str]:
        return [shard.shard.uri for shard in self.shards]

    def nulls(self) -> dict[str, int]:
        return {column.name: sum(shard.nulls[column.name] for shard in self.shards) for column in self.columns}

    def rescued(self) -> dict[str, int]:
        """The number of values in meta_rescued, keyed by column."""
        names = sorted({name for shard in self.shards for name in shard.rescued})
        return {name: sum(shard.rescued.get(name, 0) for shard in self.shards) for name in names}

    def examples(self) -> dict[str, str]:
        """The first value in meta_rescued for each column, with its row and file, keyed by column."""
        examples: dict[str, str] = {}
        for shard in self.shards:
            examples = {**shard.examples, **examples}
        return examples

    def bounds(self) -> dict[str, list[str]]:
        """The minimum and maximum as text, keyed by column. Text columns and columns without values are omitted."""
        return bounds_as_text(merged_bounds(shard.bounds for shard in self.shards))


def convert_tables(
    unpacked: Mapping[str, UnpackedTable],
    conversion: Conversion,
    store: Store,
    spark: "Callable[[], SparkSession]",
    pool: ThreadPoolExecutor,
    early: EarlyConversion | None = None,
    plans: dict[str, TypePlan] | None = None,
    *,
    cores: int = 0,
    is_document_changed: bool = False,
) -> dict[str, ConvertedTable]:
    """Convert all tables.

    `spark`, `pool` and `cores` are described in `convert_shards`. `early` contains conversions that have already
    started. If the files were unpacked again, `plans` are the plans from PartsGone. If the dataset document has changed
    since the last publication, the log lists the types that would change without the schema contract.

    Raises PartsGone if a table has to be converted again, but its parts were not kept.
    """
    converted: dict[str, ConvertedTable] = {}
    is_first = plans is None
    plans = plans or {key: conversion.plan(key, table) for key, table in unpacked.items()}
    if is_document_changed and is_first:
        for plan in plans.values():
            plan.log_kept_types()
    for attempt in range(MAX_ROUNDS):
        columns = {key: plans[key].columns() for key in unpacked if key not in converted}
        schemas = {key: conversion.place.schema(key, columns[key]) for key in columns}
        shards = [
            conversion.shard(key, index, parts, columns[key], schemas[key], attempt)
            for key in columns
            for index, parts in enumerate(parts_of_objects(unpacked[key]))
        ]
        started = early.results(shards) if early else {}
        refuted = [result for each in started.values() if (result := each.result()).changes_types]
        for key in columns:
            plans[key].update([result for result in refuted if result.shard.table == key])
        lost = [shard for shard in shards if shard.is_gone and shard.uri not in started]
        if gone := {shard.table for shard in (*lost, *(result.shard for result in refuted))}:
            if early:
                early.end()
            names, size = ", ".join(sorted(gone)), f"{sizes.ONE_OBJECT_BYTES >> 20} MB"
            if early and not refuted and all(early.has_other_schema(key, schemas[key]) for key in gone):
                raise PartsGone(f"{names}: another writer changed the columns of the table.", plans)
            raise PartsGone(f"{names}: later values do not match the types inferred from the first {size}.", plans)
        results = convert_shards(shards, store, spark, pool, started, cores)
        for key in columns:
            own = [result for result in results if result.shard.table == key]
            if changes := plans[key].update(own):
                LOG.info(
                    f"{key}: converting again, because values do not match the types inferred from samples: "
                    f"{', '.join(changes)}"
                )
            else:
                converted[key] = _checked(ConvertedTable(columns[key], tuple(own)), key, plans[key])
        if len(converted) == len(unpacked):
            return {key: converted[key] for key in unpacked}
    raise RunFailed(
        ErrorCode.UNEXPECTED_ERROR,
        f"Type inference for {', '.join(unpacked.keys() - converted.keys())} is not complete after {MAX_ROUNDS} rounds."
        " This is a bug in the library: report it with the run record.",
    )


def _checked(table: ConvertedTable, key: str, plan: "TypePlan") -> ConvertedTable:
    if table.rows:
        plan.require_declared(table.sources)
    if hints := plan.hints():
        LOG.info(f"{key}: these columns can have a more specific type if you declare it: {hint_line(key, hints)}")
    if table.rows and table.type in ("csv", "fixed_width"):
        for line in plan.blocked_lines(hints):
            LOG.info(line)
    return table
