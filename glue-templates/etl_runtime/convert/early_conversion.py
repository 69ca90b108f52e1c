"""Converts parts of a large table while the next parts are being unpacked, with the types inferred from the first
parts.

A part is converted from memory, without being written to a file or to staging. Therefore, the source is unpacked again
if later values change a type. This only happens in runs that infer types, because published and declared types do not
depend on the values. If the last column has no value in the first parts, the source is also unpacked again if it has a
later value. The same happens if another writer changes the columns of an Iceberg table while the source is unpacked.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from threading import Semaphore
from traceback import clear_frames
from typing import TYPE_CHECKING

from etl_runtime.convert import conversion as sizes
from etl_runtime.convert.conversion import Conversion
from etl_runtime.convert.convert_shards import MAX_THREADS
from etl_runtime.convert.task import Column, ConvertedShard, Shard, Take, convert_shard
from etl_runtime.convert.unpacked_table import MAX_SAMPLES_PER_TABLE, Sample, UnpackedTable
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.store import Store
from etl_runtime.read.part import MEMORY_SCHEME, Part
from etl_runtime.read.split_records import PART_BYTES, RecordBlock

if TYPE_CHECKING:
    import pyarrow as pa

MAX_BYTES = 2 * PART_BYTES  # of a part; a larger part, which has a long record, is not converted early


@dataclass
class _Table:
    """The parts of a table and their numbers.

    `columns` are set as soon as it is known that the table has several objects, and the catalog is open. `schema` is
    the schema that the objects must have, if the table format prescribes one.
    """

    unpacked: UnpackedTable = field(default_factory=lambda: UnpackedTable([], []))
    numbers: list[int] = field(default_factory=list)
    columns: tuple[Column, ...] | None = None
    schema: "pa.Schema | None" = None
    omits_last: bool = False  # the columns do not include the last column, which had no value so far
    is_kept: bool = False  # further parts go to files: the columns cannot be determined, or a conversion failed


class EarlyConversion:
    """Converts parts of large tables while the next parts are being unpacked, in the threads of `pool`."""

    def __init__(self, conversion: Conversion, store: Store, pool: ThreadPoolExecutor) -> None:
        self._conversion = conversion
        self._store = store
        self._pool = pool
        self._slots = Semaphore(MAX_THREADS)
        self._tables: dict[str, _Table] = {}
        self._bodies: dict[str, bytes] = {}  # the content of parts in memory, keyed by URI
        self._shards: dict[str, tuple[Shard, Future[ConvertedShard]]] = {}  # keyed by object URI

    def add(self, key: str, number: int, part: Part, sample: bytes) -> None:
        """Add part number `number` of a table. The part is in a file and is converted once the types are known."""
        table = self._tables.setdefault(key, _Table())
        table.numbers.append(number)
        table.unpacked.parts.append(part)
        if len(table.unpacked.samples) < MAX_SAMPLES_PER_TABLE:
            table.unpacked.samples.append(Sample(part, sample))

    def start(self, key: str, number: int, part: Part, block: RecordBlock) -> Part | None:
        """Start converting part number `number` of a table from memory. If no thread is free, wait for one.

        Returns the part in memory. Returns None if the part has to be written to a file, for example because the table
        may have only one object, or because the catalog is not open yet.
        """
        table = self._tables.setdefault(key, _Table())
        is_large = part.bytes > MAX_BYTES
        if table.is_kept or is_large or table.unpacked.bytes <= sizes.ONE_OBJECT_BYTES:
            return None
        if table.columns is None:
            if self._conversion.place.tables.is_open:
                self._start_kept(key, table, block.blank_last)
        elif table.omits_last and not block.blank_last:
            table.is_kept = True  # all parts have to be converted again, with the last column
        if table.columns is None or table.is_kept:
            return None
        part = replace(part, uri=f"{MEMORY_SCHEME}{key}/{number:05}")
        self._slots.acquire()
        self._bodies[part.uri] = block.body
        converted = part.without_last_source() if table.omits_last else part
        shard = self._conversion.shard(key, number, (converted,), table.columns, table.schema)
        self._submit(shard, self._take).add_done_callback(lambda _: self._slots.release())
        return part

    def _start_kept(self, key: str, table: _Table, omits_last: bool) -> None:
        """Set the columns of a table, and start converting its first parts."""
        table.omits_last = omits_last
        unpacked = table.unpacked.without_last_source() if omits_last else table.unpacked
        try:
            columns = self._conversion.plan(key, unpacked).columns()
        except RunFailed:  # raised again when the whole table is converted
            table.is_kept = True
            return
        table.schema = self._conversion.place.schema(key, columns)
        table.columns = columns
        for number, part in zip(table.numbers, unpacked.parts, strict=True):
            self._submit(self._conversion.shard(key, number, (part,), columns, table.schema))

    def _take(self, part: Part) -> bytes:
        return self._bodies.pop(part.uri)

    def _submit(self, shard: Shard, take: Take | None = None) -> "Future[ConvertedShard]":
        future = self._pool.submit(self._convert, shard, take)
        self._shards[shard.uri] = shard, future
        return future

    def _convert(self, shard: Shard, take: Take | None) -> ConvertedShard:
        try:
            return convert_shard(shard, self._store, take)
        except BaseException as error:
            self._tables[shard.table].is_kept = True
            for part in shard.parts:
                self._bodies.pop(part.uri, None)
            chain: BaseException | None = error
            while chain is not None:  # free the rows in the stack frames; only the error stays in memory
                clear_frames(chain.__traceback__)
                chain = chain.__cause__ or chain.__context__
            raise

    def results(self, shards: Sequence[Shard]) -> "Mapping[str, Future[ConvertedShard]]":
        """Return the conversions of these shards, keyed by object URI. Ends all other conversions: cancels those that
        have not started, and waits for those that have."""
        results = {}
        for shard in shards:
            started, future = self._shards.get(shard.uri, (None, None))
            if started and future and started == shard and started.schema.equals(shard.schema, check_metadata=True):
                results[shard.uri] = future
        self._end(self._shards.keys() - results.keys())
        return results

    def has_other_schema(self, key: str, schema: "pa.Schema | None") -> bool:
        """Whether parts of the table are converted to another schema, because another writer has changed the table."""
        own = self._tables[key].schema
        return own is not None and schema is not None and not own.equals(schema, check_metadata=True)

    def end(self) -> None:
        """End all conversions. Their objects will be written again."""
        self._end(self._shards.keys())

    def _end(self, uris: Collection[str]) -> None:
        """Cancel conversions, and wait for those that have started."""
        running = []
        for shard, future in (self._shards[uri] for uri in uris):
            if future.cancel():
                for part in shard.parts:
                    self._bodies.pop(part.uri, None)
            else:
                running.append(future)
        wait(running)
