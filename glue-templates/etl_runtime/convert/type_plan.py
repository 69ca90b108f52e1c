"""Parts → typed Parquet in staging, one scan in Spark tasks.

Types that were published are a contract, and types that are declared are taken as they are. The others are guessed from samples and
proved by every task as it converts; a guess that is refuted gives way to what fits, and the table is converted again.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial, reduce
from math import ceil
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from etl_runtime.columns.cells import Cells, Inference
from etl_runtime.columns.column_schema import DeclaredColumn, by_source
from etl_runtime.columns.column_types import ColumnType, ScalarInference
from etl_runtime.columns.names import clean_names, comparison_key
from etl_runtime.columns.type_hints import hint, hint_line
from etl_runtime.convert.task import Column, ConvertedShard, Shard, convert_shard
from etl_runtime.convert.unpack import UnpackedTable
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.file_format import FileFormat, FileType
from etl_runtime.job.spark import task_error
from etl_runtime.publish.staged import StagedTable
from etl_runtime.read.part import Part
from etl_runtime.read.read_part import read_part

LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ONE_OBJECT_BYTES = 128 << 20  # of text: up to here a table is one object, which S3 replaces atomically
TASKS_A_CORE = 4
SHARDS_A_TASK = 4  # at most, so that cores that join later have work, too
MOST_ROUNDS = 12  # each round rules out a form of every column that is refuted, and a guess has nine at most
NOTHING_SEEN = ScalarInference()
RESET = 'run once with run_options {"reset_contract": true}'


@dataclass(frozen=True)
class Place:
    """Where the objects go: the run that makes them, the region of the bucket, the `s3://` prefix of its staging."""

    run_id: str
    region: str
    staging: str


@dataclass(frozen=True)
class ConvertedTable:
    """A table in staging: its columns, and one converted shard for each of its objects."""

    columns: tuple[Column, ...]
    shards: tuple[ConvertedShard, ...]

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)

    @property
    def bytes(self) -> int:
        """What its objects take."""
        return sum(shard.bytes for shard in self.shards)

    @property
    def sources(self) -> set[str]:
        """The columns that the source has."""
        return {source for shard in self.shards for source in shard.sources}

    def staged(self) -> StagedTable:
        """What `publish` takes."""
        return StagedTable(
            self.rows,
            self.bytes,
            [{"name": column.name, "source": column.source, **asdict(column.form)} for column in self.columns],
            {shard.shard.uri.rpartition("/")[2]: shard.shard.uri for shard in self.shards},
        )

    def nulls(self) -> dict[str, int]:
        return {column.name: sum(shard.nulls[column.name] for shard in self.shards) for column in self.columns}

    def rescued(self) -> dict[str, int]:
        """How many cells were put into meta_rescued, by column."""
        names = sorted({name for shard in self.shards for name in shard.rescued})
        return {name: sum(shard.rescued.get(name, 0) for shard in self.shards) for name in names}

    def examples(self) -> dict[str, str]:
        """For each of these columns the first cell, and where it is."""
        found: dict[str, str] = {}
        for shard in self.shards:
            found = {**shard.examples, **found}
        return found

    @property
    def type(self) -> FileType:
        """The type of its files."""
        return self.shards[0].shard.parts[0].type

    def bounds(self) -> dict[str, tuple[Any, Any]]:
        """Least and greatest value of each column that is not text and not all null."""
        found: dict[str, tuple[Any, Any]] = {}
        for shard in self.shards:
            for name, (low, high) in shard.bounds.items():
                least, greatest = found.get(name, (low, high))
                found[name] = (min(least, low), max(greatest, high))
        return found


def convert_tables(
    spark: "SparkSession",
    unpacked: Mapping[str, UnpackedTable],
    published: Mapping[str, Any] | None,
    declared: Mapping[str, list[DeclaredColumn]],
    file_format: FileFormat,
    place: Place,
) -> dict[str, ConvertedTable]:
    """Convert every table. `published` is the last published.json: its columns keep their names, order and types."""
    plans = {key: _TypePlan(key, table, published, declared[key], file_format) for key, table in unpacked.items()}
    shaped: dict[str, ConvertedTable] = {}
    for attempt in range(MOST_ROUNDS):
        columns = {key: plans[key].columns() for key in unpacked if key not in shaped}
        shards = [
            Shard(
                key,
                parts,
                columns[key],
                file_format,
                place.run_id,
                place.region,
                f"{place.staging}tables/{attempt}/{key}/{file}",
            )
            for key in columns
            for file, parts in _objects(key, unpacked[key], place.run_id)
        ]
        converted = _in_spark(spark, shards)
        for key in columns:
            done = [result for result in converted if result.shard.table == key]
            learned = plans[key].learn(done)
            if learned:
                LOG.info(f"{key}: the sample did not show all: {', '.join(learned)}; converting again")
            else:
                shaped[key] = ConvertedTable(columns[key], tuple(done))
                if shaped[key].rows:
                    plans[key].require_declared(shaped[key].sources)
                if hints := plans[key].hints():
                    LOG.info(
                        f"{key}: columns that could have a better type, if you declare it: {hint_line(key, hints)}"
                    )
        if len(shaped) == len(unpacked):
            return {key: shaped[key] for key in unpacked}
    raise RunFailed(
        "The types of some columns could not be settled. This is a defect of the job: report it with the run's record."
    )


class _TypePlan:
    """What one table's columns are to be: the contract's first, then those that the source has for the first time."""

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
        self._inferences: dict[str, Inference] = {}
        self._texts: dict[str, pa.Array] = {}
        samples = [read_part(sample.body, sample.part, file_format) for sample in table.samples]
        sources = list(dict.fromkeys([*table.sources, *(source for sample in samples for source in sample.columns)]))
        self._contract = {column.source: column for column in _contract(published, key, sources)}
        self._names = {column.source: column.name for column in self._contract.values()}
        self._sources: list[str] = []
        self._name(sources)
        for sample in samples:
            for source, cells in sample.columns.items():
                self._see(source, cells)
        for source in self._contract.keys() & self._inferences.keys():
            self._widen(source, [self._inferences[source]])

    def columns(self) -> tuple[Column, ...]:
        declared = by_source(self._declared, self._names)
        new = [
            self._new_column(source, declared.get(source)) for source in self._sources if source not in self._contract
        ]
        return (*self._contract.values(), *new)

    def learn(self, converted: Sequence[ConvertedShard]) -> list[str]:
        """Take in what the tasks found out, and say it. Nothing where they have converted all."""
        learned: dict[str, str] = {}
        for result in converted:
            self._name([source for source in result.refuted if source not in self._names])
            for source, infer in result.refuted.items():
                # A form that was refuted never comes back: the next one fits all that was seen in any round.
                self._inferences[source] = (
                    self._inferences[source].merged(infer) if source in self._inferences else infer
                )
                learned[source] = f"{self._names[source]} is {self._inferences[source].best.type}"
        widened: dict[str, list[Inference]] = {}
        for result in converted:
            for source, inferences in result.widened.items():
                widened.setdefault(source, []).extend(inferences)
        for source, inferences in widened.items():
            self._widen(source, inferences)
            learned[source] = f"{self._contract[source].name} is {self._contract[source].form.type}"
        return list(learned.values())

    def require_declared(self, sources: set[str]) -> None:
        """Raise RunFailed where something is declared of a column that neither the source nor the table has."""
        there = {column.source for column in by_source(self._declared, {*sources, *self._contract}).values()}
        missing = [column.source for column in self._declared if column.source not in there and column.column_type]
        if missing:
            there_are = ", ".join(sorted(sources))
            raise RunFailed(
                f"{self._key}: column_schema names {', '.join(missing)}, which the source does not have. It has {there_are}."
            )

    def hints(self) -> dict[str, dict[str, str]]:
        """What could be declared of the columns that were guessed now, by their samples."""
        inferred = [column for column in self.columns() if column.inferred and column.source in self._texts]
        found = {column.source: hint(self._texts[column.source], column.form) for column in inferred}
        return {source: entry for source, entry in found.items() if entry}

    def _see(self, source: str, cells: Cells) -> None:
        infer = cells.infer()
        self._inferences[source] = self._inferences[source].merged(infer) if source in self._inferences else infer
        if source not in self._contract:
            self._texts[source] = pa.concat_arrays(
                [self._texts.get(source, pa.array([], pa.string())), cells.as_text().cast(pa.string())]
            )

    def _widen(self, source: str, inferences: Sequence[Inference]) -> None:
        """Add the fields that all guesses agree on, then those that each has of its own as far as there is room."""
        column = self._contract[source]
        if not column.form.declared:
            for infer in (reduce(lambda one, other: one.merged(other), inferences), *inferences):
                column = replace(column, form=infer.widened(column.form))
            self._contract[source] = column

    def _name(self, sources: Sequence[str]) -> None:
        """Give the sources their names: published ones, else declared ones, else clean ones."""
        self._sources += sources
        declared = by_source(self._declared, [*self._names, *sources])
        for source, column in declared.items():
            published = self._contract.get(source)
            if published:
                _require_as_published(self._key, published, column)
            elif column.name:
                other = next(
                    (taken for taken, name in self._names.items() if name == column.name and taken != source), None
                )
                if other:
                    raise RunFailed(
                        f"{self._key}: target_name {column.name} of {source} is already that of {other}. Choose another, or {RESET}."
                    )
                self._names[source] = column.name
        self._names = clean_names(sources, self._names)

    def _new_column(self, source: str, declared: DeclaredColumn | None) -> Column:
        if declared and declared.column_type:
            return Column(self._names[source], source, declared.column_type, inferred=False)
        infer = self._inferences.get(source, NOTHING_SEEN)
        return Column(self._names[source], source, infer.best, inferred=True, unseen=infer.unseen)


def _in_spark(spark: "SparkSession", shards: list[Shard]) -> list[ConvertedShard]:
    """Convert the shards, in their order. More tasks than cores level out; many more cost: a Python worker needs 0.1 s to begin one."""
    context, count = spark.sparkContext, len(shards)
    tasks = min(count, max(TASKS_A_CORE * context.defaultParallelism, ceil(count / SHARDS_A_TASK)))
    groups = [shards[count * task // tasks : count * (task + 1) // tasks] for task in range(tasks)]
    try:
        converted: list[ConvertedShard] = (
            context.parallelize(groups, tasks).flatMap(partial(map, convert_shard)).collect()
        )
    except Exception as error:
        raise task_error(error) from error
    return converted


def _contract(published: Mapping[str, Any] | None, key: str, sources: Sequence[str]) -> list[Column]:
    """The published columns. One whose header only changed in case or spacing is the same column.

    Raises RunFailed where the source has none of them: then it is something else, an error page in plain text most of all.
    """
    table = published["tables"].get(key) if published else None
    columns = table["columns"] if table else []
    known = {column["source"] for column in columns}
    respelled = {comparison_key(source): source for source in sources if source not in known}
    contract = []
    for column in columns:
        source = (
            column["source"]
            if column["source"] in sources
            else respelled.pop(comparison_key(column["source"]), column["source"])
        )
        form = ColumnType(column["type"], column["spelling"], column.get("format", ""), column.get("declared", False))
        contract.append(Column(column["name"], source, form, inferred=False))
    if sources and contract and not any(column.source in sources for column in contract):
        raise RunFailed(
            f"{key}: the source has none of the published columns ({', '.join(sorted(known)[:5])}, …) but {', '.join(sources)[:200]}. "
            f"Look at the source; where it is right, {RESET}.",
            retryable=True,
        )
    return contract


def _require_as_published(key: str, published: Column, declared: DeclaredColumn) -> None:
    """A published column changes its name or type only when somebody resets the contract: the catalog does not follow by itself."""
    changes = []
    if declared.name and declared.name != published.name:
        changes.append(f"is published as {published.name}, and declared as {declared.name}")
    if declared.column_type and declared.column_type != replace(published.form, spelling=""):
        was, to_be = (f"{form.type} {form.format}".strip() for form in (published.form, declared.column_type))
        changes.append(
            f"is published as {was}{'' if published.form.declared else ' (guessed)'}, and declared as {to_be}"
        )
    if changes:
        raise RunFailed(
            f"{key}: {published.source} {' and '.join(changes)}. To make the table anew by what is declared, {RESET}."
        )


def _objects(key: str, table: UnpackedTable, run_id: str) -> list[tuple[str, tuple[Part, ...]]]:
    """The objects that a table will be: their file names, and the parts of each."""
    if table.bytes <= ONE_OBJECT_BYTES:
        return [(f"{key}.parquet", tuple(table.parts))]
    return [(f"{key}-{run_id}-{index:05}.parquet", (part,)) for index, part in enumerate(table.parts)]
