"""Parts → typed Parquet in staging, one scan in Spark tasks.

Types that were published are a contract. The others are guessed from samples and proved by every task as it converts; a guess
that is refuted gives way to what fits, and the table is converted again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl_runtime.columns import clean_name, clean_names
from etl_runtime.convert import Column, Converted, Shard, convert
from etl_runtime.csv_kernel import read_table
from etl_runtime.errors import RunFailed
from etl_runtime.file_format import FileFormat
from etl_runtime.forms import Form, Guess, guess
from etl_runtime.unpack import Part, UnpackedTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ONE_OBJECT_BYTES = 128 << 20  # of text: up to here a table is one object, which S3 replaces atomically
MOST_ROUNDS = 12  # each round rules out a form of every column that is refuted, and a guess has nine at most


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
    run_id: str,
    region: str,
    staging: str,
    say: Callable[[str], None],
) -> dict[str, ShapedTable]:
    """Convert every table. `published` is the last published.json: its columns keep their names, order and types."""
    contracts = {key: _contract(published, key, table.sources) for key, table in unpacked.items()}
    guesses = {key: _guesses(table, {column.source for column in contracts[key]}, rules) for key, table in unpacked.items()}
    shaped: dict[str, ShapedTable] = {}
    for attempt in range(MOST_ROUNDS):
        columns = {key: _columns(table, contracts[key], guesses[key]) for key, table in unpacked.items() if key not in shaped}
        shards = [
            Shard(key, parts, columns[key], rules, run_id, region, f"{staging}tables/{attempt}/{key}/{file}")
            for key in columns
            for file, parts in _objects(key, unpacked[key], run_id)
        ]
        converted = _in_spark(spark, shards)
        for key in columns:
            done = [result for result in converted if result.shard.table == key]
            refuted = _merged_refutations(done)
            if not refuted:
                shaped[key] = ShapedTable(columns[key], tuple(done))
                continue
            # A form that was refuted never comes back: the next one fits all that was seen in any round.
            sources = {column.name: column.source for column in columns[key]}
            guesses[key] |= {sources[name]: guesses[key][sources[name]].merged(found) for name, found in refuted.items()}
            widened = ", ".join(f"{name} is {guesses[key][sources[name]].best.type}" for name in refuted)
            say(f"{key}: the sample did not show all: {widened}; converting again")
        if len(shaped) == len(unpacked):
            return {key: shaped[key] for key in unpacked}
    raise RunFailed("The types of some columns could not be settled. This is a defect of the job: report it with the run's record.")


def _in_spark(spark: "SparkSession", shards: list[Shard]) -> list[Converted]:
    try:
        converted: list[Converted] = spark.sparkContext.parallelize(shards, len(shards)).map(convert).collect()
    except Exception as error:
        # What a task raised is a line near the end of the Python traceback that Spark wraps into Java's.
        raised = re.findall(r"^(?:\w+\.)*(\w*(?:Error|Exception|RunFailed|Interrupt)): (.+)$", str(error), re.MULTILINE)
        own = [(kind, text) for kind, text in raised if not text.startswith("An error occurred while calling")]
        kind, text = own[-1] if own else (type(error).__name__, str(error).partition("\n")[0])
        raise RunFailed(text if kind == "RunFailed" else f"A Spark task failed: {kind}: {text}", retryable=True) from error
    return converted


def _contract(published: Mapping[str, Any] | None, key: str, sources: Sequence[str]) -> list[Column]:
    """The published columns. One whose header only changed in case or spacing is the same column.

    Raises RunFailed where the source has none of them: then it is something else, an error page in plain text most of all.
    """
    table = published["tables"].get(key) if published else None
    columns = table["columns"] if table else []
    known = {column["source"] for column in columns}
    respelled = {clean_name(source): source for source in sources if source not in known}
    contract = []
    for column in columns:
        source = column["source"] if column["source"] in sources else respelled.pop(clean_name(column["source"]), column["source"])
        contract.append(Column(column["name"], source, Form(column["type"], column["spelling"]), guessed=False))
    if contract and not any(column.source in sources for column in contract):
        raise RunFailed(
            f"{key}: the source has none of the published columns ({', '.join(sorted(known)[:5])}, …) but {', '.join(sources)[:200]}. "
            'Look at the source; where it is right, run once with run_options {"reset_contract": true}.',
            retryable=True,
        )
    return contract


def _columns(table: UnpackedTable, contract: list[Column], guesses: Mapping[str, Guess]) -> tuple[Column, ...]:
    """The contract's columns, then those that the source has for the first time."""
    names = clean_names(table.sources, {column.source: column.name for column in contract})
    new = [Column(names[source], source, guesses[source].best, guessed=True) for source in table.sources if source in guesses]
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


def _objects(key: str, table: UnpackedTable, run_id: str) -> list[tuple[str, tuple[Part, ...]]]:
    """The objects that a table will be: their file names, and the parts of each."""
    if table.bytes <= ONE_OBJECT_BYTES:
        return [(f"{key}.parquet", tuple(table.parts))]
    return [(f"{key}-{run_id}-{index:05}.parquet", (part,)) for index, part in enumerate(table.parts)]


def _merged_refutations(converted: Sequence[Converted]) -> dict[str, Guess]:
    merged: dict[str, Guess] = {}
    for result in converted:
        for name, found in result.refuted.items():
            merged[name] = merged.get(name, Guess()).merged(found)
    return merged
