"""Parts → typed Parquet in staging, one scan in Spark tasks.

Types that were published are a contract. The others are guessed from samples and proved by every task as it converts; a guess
that is refuted gives way to what fits, and the table is converted again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl_runtime.arguments import Names
from etl_runtime.columns import clean_names
from etl_runtime.convert import Column, Converted, Shard, convert
from etl_runtime.csv_kernel import read_table
from etl_runtime.errors import RunFailed
from etl_runtime.file_format import FileFormat
from etl_runtime.forms import TEXT, Form, Guess, guess
from etl_runtime.unpack import UnpackedTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ONE_OBJECT_BYTES = 128 << 20  # of text: up to here a table is one object, which S3 replaces atomically
MOST_ROUNDS = 8  # each round rules out a form of some column, and there are five


@dataclass(frozen=True)
class ShapedTable:
    """A table in staging: its columns, and one converted shard for each of its objects."""

    columns: tuple[Column, ...]
    shards: tuple[Converted, ...]

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards)

    def nulls(self) -> dict[str, int]:
        return {column.name: sum(shard.nulls[column.name] for shard in self.shards) for column in self.columns}

    def rescued(self) -> dict[str, int]:
        """How many cells were put into meta_rescued, by column."""
        names = sorted({name for shard in self.shards for name in shard.rescued})
        return {name: sum(shard.rescued.get(name, 0) for shard in self.shards) for name in names}

    def bounds(self) -> dict[str, tuple[Any, Any]]:
        """Least and greatest value of each column that is not text and not all null."""
        found: dict[str, tuple[Any, Any]] = {}
        for shard in self.shards:
            for name, (low, high) in shard.bounds.items():
                least, greatest = found.get(name, (low, high))
                found[name] = (min(least, low), max(greatest, high))
        return found


def shape(
    spark: "SparkSession",
    unpacked: Mapping[str, UnpackedTable],
    published: Mapping[str, Any] | None,
    rules: FileFormat,
    names: Names,
    run_id: str,
    staging: str,
    say: Callable[[str], None],
) -> dict[str, ShapedTable]:
    """Convert every table. `published` is the last published.json: its columns keep their names, order and types."""
    columns = {key: _planned(table, _contract(published, key), rules) for key, table in unpacked.items()}
    shaped: dict[str, ShapedTable] = {}
    for _ in range(MOST_ROUNDS):
        shards = [
            shard
            for key, table in unpacked.items()
            if key not in shaped
            for shard in _shards(key, table, columns[key], rules, run_id, staging)
        ]
        converted: list[Converted] = spark.sparkContext.parallelize(shards, len(shards)).map(convert).collect()
        for key in unpacked.keys() - shaped.keys():
            done = [result for result in converted if result.shard.table == key]
            refuted = _merged_refutations(done)
            if not refuted:
                shaped[key] = ShapedTable(columns[key], tuple(done))
                continue
            columns[key] = tuple(_widened(column, refuted.get(column.name)) for column in columns[key])
            widened = ", ".join(f"{column.name} is {column.form.type}" for column in columns[key] if column.name in refuted)
            say(f"{key}: the sample did not show all: {widened}; converting again")
        if len(shaped) == len(unpacked):
            return {key: shaped[key] for key in unpacked}
    raise RunFailed("The types of some columns could not be settled. This is a defect of the job: report it with the run's record.")


def _contract(published: Mapping[str, Any] | None, key: str) -> list[Column]:
    table = published["tables"].get(key) if published else None
    columns = table["columns"] if table else []
    return [Column(column["name"], column["source"], Form(column["type"], column["spelling"]), guessed=False) for column in columns]


def _planned(table: UnpackedTable, contract: list[Column], rules: FileFormat) -> tuple[Column, ...]:
    """The contract's columns, then those that the source has for the first time."""
    known = {column.source for column in contract}
    names = clean_names(table.sources, {column.source: column.name for column in contract})
    guesses = _guesses(table, known, rules)
    new = [Column(names[source], source, guesses[source].best, guessed=True) for source in table.sources if source not in known]
    return (*contract, *new)


def _guesses(table: UnpackedTable, known: set[str], rules: FileFormat) -> dict[str, Guess]:
    guesses = {source: Guess() for source in table.sources if source not in known}
    if guesses:
        for sample in table.samples:
            text = read_table(sample.text, rules, len(sample.sources))
            for source, column in zip(sample.sources, text.columns, strict=True):
                if source in guesses:
                    guesses[source] = guesses[source].merged(guess(column))
    return guesses


def _shards(key: str, table: UnpackedTable, columns: tuple[Column, ...], rules: FileFormat, run_id: str, staging: str) -> list[Shard]:
    folder = f"{staging}tables/{key}/"
    if table.bytes <= ONE_OBJECT_BYTES:
        return [Shard(key, tuple(table.parts), columns, rules, run_id, f"{folder}{key}.parquet")]
    return [
        Shard(key, (part,), columns, rules, run_id, f"{folder}{key}-{run_id}-{index:05}.parquet") for index, part in enumerate(table.parts)
    ]


def _merged_refutations(converted: Sequence[Converted]) -> dict[str, Guess]:
    merged: dict[str, Guess] = {}
    for result in converted:
        for name, found in result.refuted.items():
            merged[name] = merged.get(name, Guess()).merged(found)
    return merged


def _widened(column: Column, found: Guess | None) -> Column:
    """The next form that fits what the refuting tasks saw; text where nothing else does."""
    if found is None:
        return column
    best = found.best if found.best != column.form else TEXT
    return Column(column.name, column.source, best, guessed=True)
