"""Parts in staging → typed Parquet objects in staging, in one Spark job.

Published types are a contract, and declared types are used as they are. All other types are inferred from samples. Each
task verifies the inferred types while it converts. If a type is refuted, the table is converted again with a type that
fits all values seen so far.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial, reduce
from math import ceil
from typing import TYPE_CHECKING, Any

from etl_runtime.columns.blocking_values import blocked_lines
from etl_runtime.columns.cells import Inference
from etl_runtime.columns.column_schema import DeclaredColumn, by_source
from etl_runtime.columns.column_types import TEXT, ColumnType, ScalarInference
from etl_runtime.columns.names import RESCUED, SOURCE_DATE, clean_names, comparison_key
from etl_runtime.columns.type_hints import hint_line
from etl_runtime.convert.column_samples import ColumnSamples, merge_inference
from etl_runtime.convert.task import Column, ConvertedShard, Shard, convert_shard
from etl_runtime.convert.unpack import UnpackedTable
from etl_runtime.iceberg.schema import TableColumn, meta_columns
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat, FileType
from etl_runtime.job.spark import task_error
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.publish.parquet_object import bounds_as_text, merged_bounds
from etl_runtime.publish.staged import StagedTable
from etl_runtime.publish.tables import Tables
from etl_runtime.read.part import Part
from etl_runtime.read.read_part import read_part

LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

ONE_OBJECT_BYTES = 128 << 20  # of text: a table up to this size is one object, which S3 replaces atomically
TASKS_PER_CORE = 4
MAX_SHARDS_PER_TASK = 4  # so that cores that join later also get work
MAX_ROUNDS = 12  # each round excludes a type of every refuted column, which has at most nine candidates
NO_VALUES = ScalarInference()
RESET = 'run once with run_options {"reset_contract": true}'


@dataclass(frozen=True)
class Place:
    """The destination of the objects: the tables, the run ID, the Region of the bucket, the date of the source.

    `descriptions` are those of the columns, by table and source column.
    """

    tables: Tables
    run_id: str
    region: str
    source_date: date | None = None
    descriptions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def schema(self, key: str, columns: Sequence[Column]) -> "pa.Schema | None":
        """The schema of the objects of a table, if its format prescribes it."""
        own = self.descriptions.get(key, {})
        described = [TableColumn(each.name, each.column_type.type, own.get(each.source)) for each in columns]
        return self.tables.arrow_schema(
            key, [*described, *meta_columns(RESCUED, *([SOURCE_DATE] if self.source_date else []))]
        )


@dataclass(frozen=True)
class ConvertedTable:
    """A table in staging: its columns, and one converted shard per object."""

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
        """The columns of the source."""
        return {source for shard in self.shards for source in shard.sources}

    @property
    def type(self) -> FileType:
        """The type of the files."""
        return self.shards[0].shard.parts[0].type

    def staged(self, objects: Mapping[str, str]) -> StagedTable:
        """The table in staging. `objects` are the URIs of the objects by their names in the folder of the table."""
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
        """The number of values in meta_rescued, by column."""
        names = sorted({name for shard in self.shards for name in shard.rescued})
        return {name: sum(shard.rescued.get(name, 0) for shard in self.shards) for name in names}

    def examples(self) -> dict[str, str]:
        """The first value in meta_rescued with its row and file, by column."""
        examples: dict[str, str] = {}
        for shard in self.shards:
            examples = {**shard.examples, **examples}
        return examples

    def bounds(self) -> dict[str, list[str]]:
        """The minimum and maximum by column as text, except for text columns and columns without values."""
        return bounds_as_text(merged_bounds(shard.bounds for shard in self.shards))


def convert_tables(
    spark: "SparkSession",
    unpacked: Mapping[str, UnpackedTable],
    published: Mapping[str, Any] | None,
    declared: Mapping[str, list[DeclaredColumn]],
    file_format: FileFormat,
    place: Place,
    *,
    is_document_changed: bool = False,
) -> dict[str, ConvertedTable]:
    """Convert all tables. `published` is the current published.json: its columns keep their names, order and types.

    If the dataset document has changed since then, the log names the types that would change without the schema
    contract.
    """
    formats = {key: file_format.of_table(key) for key in unpacked}
    plans = {key: TypePlan(key, table, published, declared[key], formats[key]) for key, table in unpacked.items()}
    converted: dict[str, ConvertedTable] = {}
    if is_document_changed:
        for plan in plans.values():
            plan.log_kept_types()
    for attempt in range(MAX_ROUNDS):
        columns = {key: plans[key].columns() for key in unpacked if key not in converted}
        schemas = {key: place.schema(key, columns[key]) for key in columns}
        shards = [
            Shard(
                key,
                parts,
                columns[key],
                formats[key],
                place.run_id,
                place.region,
                f"{place.tables.object_prefix(key, attempt)}{index:05}.parquet",
                place.source_date,
                schemas[key],
            )
            for key in columns
            for index, parts in enumerate(_objects(unpacked[key]))
        ]
        results = _convert_in_spark(spark, shards)
        for key in columns:
            own = [result for result in results if result.shard.table == key]
            if changes := plans[key].update(own):
                LOG.info(f"{key}: converting again, because values differ from the samples: {', '.join(changes)}")
            else:
                converted[key] = _checked(ConvertedTable(columns[key], tuple(own)), key, plans[key])
        if len(converted) == len(unpacked):
            return {key: converted[key] for key in unpacked}
    raise RunFailed(
        ErrorCode.UNEXPECTED_ERROR,
        f"Type inference of {', '.join(unpacked.keys() - converted.keys())} has no result after {MAX_ROUNDS} rounds. "
        "This is a bug in the library: report it with the run record.",
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


class TypePlan:
    """The columns of one table: the published ones, then the new ones of the source."""

    def __init__(
        self,
        key: str,
        table: UnpackedTable,
        published: Mapping[str, Any] | None,
        declared: list[DeclaredColumn],
        file_format: FileFormat,
    ) -> None:
        self._key = key
        self._declared = declared
        self._file_format = file_format
        self._samples = ColumnSamples()
        samples = [read_part(sample.body, sample.part, file_format) for sample in table.samples]
        sources = list(dict.fromkeys([*table.sources, *(source for sample in samples for source in sample.columns)]))
        self._contract = {column.source: column for column in _contract(published, key, sources)}
        self._names = {column.source: column.name for column in self._contract.values()}
        self._sources: list[str] = []
        self._add_names(sources)
        for sample in samples:
            for source, cells in sample.columns.items():
                self._samples.add(source, cells, keep_text=source not in self._contract)
        inferences = self._samples.inferences
        for source in self._contract.keys() & inferences.keys():
            self._widen(source, [inferences[source]])

    def columns(self) -> tuple[Column, ...]:
        declared = by_source(self._declared, self._names)
        new = [
            self._new_column(source, declared.get(source)) for source in self._sources if source not in self._contract
        ]
        return (*self._contract.values(), *new)

    def update(self, results: Sequence[ConvertedShard]) -> list[str]:
        """Change the types that the tasks have refuted. Returns the changes: none if all shards are converted."""
        changes: dict[str, str] = {}
        for result in results:
            self._add_names([source for source in result.refuted if source not in self._names])
            for source, inference in result.refuted.items():
                merge_inference(self._samples.inferences, source, inference)
                changes[source] = f"{self._names[source]} is {self._samples.inferences[source].best.type}"
        widened: dict[str, list[Inference]] = {}
        for result in results:
            for source, inferences in result.widened.items():
                widened.setdefault(source, []).extend(inferences)
        for source, inferences in widened.items():
            self._widen(source, inferences)
            changes[source] = f"{self._contract[source].name} is {self._contract[source].column_type.type}"
        return list(changes.values())

    def require_declared(self, sources: set[str]) -> None:
        """Raise RunFailed if a type is declared for a column that neither the source nor the published table has."""
        found = {column.source for column in by_source(self._declared, {*sources, *self._contract}).values()}
        required = [column.source for column in self._declared if column.column_type and not column.optional]
        missing = [source for source in required if source not in found]
        if missing:
            raise RunFailed(
                ErrorCode.COLUMN_SCHEMA_INVALID,
                f"{self._key}: column_schema contains {', '.join(missing)}, which the source does not have. "
                f"{did_you_mean(missing[0], sources)}Use the names of the source: {', '.join(sorted(sources))}.",
            )

    def hints(self) -> dict[str, dict[str, str]]:
        """The `column_schema` entries that would give new columns a more specific type than the inferred one."""
        hints = {column.source: self._samples.hint(column.source) for column in self.columns() if column.inferred}
        return {source: entry for source, entry in hints.items() if entry}

    def blocked_lines(self, hints: Mapping[str, object]) -> list[str]:
        """Log lines about the few values that make new columns text instead of a better type."""
        blocked = {
            column.source: found
            for column in self.columns()
            if column.inferred and column.source not in hints and column.column_type.type == "string"
            if (found := self._samples.blocked(column.source, self._file_format.formats))
        }
        return blocked_lines(self._key, blocked, self._file_format.null_values, header=self._file_format.header)

    def log_kept_types(self) -> None:
        """Log the published text columns that would have another type without the schema contract."""
        better = {
            column.name: inference.best.type
            for source, column in self._contract.items()
            if (inference := self._samples.inferences.get(source)) and not inference.unseen
            if column.column_type == TEXT and inference.best.type != "string"
        }
        if better:
            types = ", ".join(f"{name} ({type})" for name, type in better.items())
            LOG.warning(
                f"{self._key}: the dataset document has changed and gives these columns a different type, but the "
                f"schema contract keeps the published type string: {types}. To change them, {RESET}."
            )

    def _widen(self, source: str, inferences: Sequence[Inference]) -> None:
        """Add the struct fields that all inferences share, then the other fields of each inference up to the size
        limit."""
        column = self._contract[source]
        if not column.column_type.declared:
            for inference in (reduce(lambda one, other: one.merged(other), inferences), *inferences):
                column = replace(column, column_type=inference.widened(column.column_type))
            self._contract[source] = column

    def _add_names(self, sources: Sequence[str]) -> None:
        """Name the columns: the published name, otherwise the declared name, otherwise the cleaned source name."""
        self._sources += sources
        declared = by_source(self._declared, [*self._names, *sources])
        for source, column in declared.items():
            published = self._contract.get(source)
            if published:
                _require_as_published(self._key, published, column)
            elif column.name:
                other = next(
                    (used for used, name in self._names.items() if name == column.name and used != source), None
                )
                if other:
                    raise RunFailed(
                        ErrorCode.COLUMN_SCHEMA_INVALID,
                        f"{self._key}: target_name {column.name} of {source} is already the name of {other}. "
                        f"Choose a different name, or {RESET}.",
                    )
                self._names[source] = column.name
        self._names = clean_names(sources, self._names)

    def _new_column(self, source: str, declared: DeclaredColumn | None) -> Column:
        if declared and declared.column_type:
            return Column(self._names[source], source, declared.column_type, inferred=False)
        inference = self._samples.inferences.get(source, NO_VALUES)
        return Column(self._names[source], source, inference.best, inferred=True, unseen=inference.unseen)


def _convert_in_spark(spark: "SparkSession", shards: list[Shard]) -> list[ConvertedShard]:
    """Convert the shards. The results have the order of the shards.

    With more tasks than cores, the load is balanced. Each task costs 0.1 s to start its Python worker.
    """
    context, count = spark.sparkContext, len(shards)
    tasks = min(count, max(TASKS_PER_CORE * context.defaultParallelism, ceil(count / MAX_SHARDS_PER_TASK)))
    groups = [shards[count * task // tasks : count * (task + 1) // tasks] for task in range(tasks)]
    try:
        results: list[ConvertedShard] = (
            context.parallelize(groups, tasks).flatMap(partial(map, convert_shard)).collect()
        )
    except Exception as error:
        raise task_error(error) from error
    return results


def _contract(published: Mapping[str, Any] | None, key: str, sources: Sequence[str]) -> list[Column]:
    """The published columns. A header that differs only in case or punctuation is the same column.

    Raises RunFailed if the source has none of these columns: most likely, the source is an error page in plain text.
    """
    table = published["tables"].get(key) if published else None
    # A table that has always been empty does not define the types of its columns.
    columns = [column for column in table["columns"] if not column.get("unseen")] if table else []
    known = {column["source"] for column in columns}
    new = {comparison_key(source): source for source in sources if source not in known}
    contract = []
    for column in columns:
        source = column["source"]
        if source not in sources:
            source = new.pop(comparison_key(source), source)
        column_type = ColumnType(
            column["type"], column["spelling"], column.get("format", ""), column.get("declared", False)
        )
        contract.append(Column(column["name"], source, column_type, inferred=False))
    if sources and contract and not any(column.source in sources for column in contract):
        raise RunFailed(
            ErrorCode.SCHEMA_CONTRACT_CONFLICT,
            f"{key}: the source has none of the published columns ({', '.join(sorted(known)[:5])}, …). It has "
            f"{', '.join(sources)[:200]}. Check the source. If it is correct, {RESET}.",
            retryable=True,
        )
    return contract


def _require_as_published(key: str, published: Column, declared: DeclaredColumn) -> None:
    """Raise RunFailed if the declaration differs from the published name or type, because the Data Catalog would
    not change with it."""
    differences = []
    if declared.name and declared.name != published.name:
        differences.append(f"the published name {published.name} and the declared name {declared.name}")
    if declared.column_type and declared.column_type != replace(published.column_type, spelling=""):
        current, wanted = (
            f"{each.type} {each.format}".rstrip() for each in (published.column_type, declared.column_type)
        )
        inferred = "" if published.column_type.declared else " (inferred)"
        differences.append(f"the published type {current}{inferred} and the declared type {wanted}")
    if differences:
        raise RunFailed(
            ErrorCode.SCHEMA_CONTRACT_CONFLICT,
            f"{key}: {published.source} has {', and '.join(differences)}. To rebuild the table as declared, {RESET}.",
        )


def _objects(table: UnpackedTable) -> list[tuple[Part, ...]]:
    """The parts of each object of a table."""
    if table.bytes <= ONE_OBJECT_BYTES:
        return [tuple(table.parts)]
    return [(part,) for part in table.parts]
