"""Converts shards. Shards with parts on the driver are converted in threads of the driver. All other shards are
converted in one Spark job."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import ceil
from typing import TYPE_CHECKING

from etl_runtime.convert.task import ConvertedShard, Shard, convert_shard
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.progress import Progress
from etl_runtime.job.spark import task_error
from etl_runtime.job.store import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAX_THREADS = min(4, os.cpu_count() or 1)
"""The number of threads on the driver. Arrow releases the global interpreter lock (GIL) most of the time, so two
threads take 0.6 times as long as one thread. However, each thread needs up to 200 MB."""
TASKS_PER_CORE = 4
MAX_SHARDS_PER_TASK = 4  # so that executor cores that become available later also get work


@dataclass(frozen=True)
class Failure:
    """A RunFailed that a Spark task raised and that is not retryable."""

    code: ErrorCode
    message: str


@contextmanager
def driver_threads() -> Iterator[ThreadPoolExecutor]:
    """Provide the thread pool of the driver. When the context ends, no further conversion starts. The context does not
    wait for running conversions, because a stopped run has little time left."""
    pool = ThreadPoolExecutor(MAX_THREADS)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def convert_shards(
    shards: Sequence[Shard],
    store: Store,
    spark: "Callable[[], SparkSession]",
    pool: ThreadPoolExecutor,
    started: "Mapping[str, Future[ConvertedShard]]",
    cores: int = 0,
) -> list[ConvertedShard]:
    """Convert the shards. The results are in the order of the shards.

    `store` is the store of the driver. `spark` is called only if there are shards for Spark. `started` are the
    conversions that have already started in `pool`, keyed by object URI. `cores` is the number of cores of all
    executors that can start, if it is known.
    """
    in_spark = [shard for shard in shards if not shard.is_on_driver]
    with Progress("convert") as progress:
        on_driver = {
            shard.uri: started.get(shard.uri) or pool.submit(convert_shard, shard, store)
            for shard in shards
            if shard.is_on_driver
        }
        _show(progress, list(on_driver.values()))
        of_spark = iter(_convert_in_spark(spark(), in_spark, cores) if in_spark else ())
        return [on_driver[shard.uri].result() if shard.is_on_driver else next(of_spark) for shard in shards]


def _show(progress: Progress, conversions: "Sequence[Future[ConvertedShard]]") -> None:
    numbers = count(1)

    def show(_: "Future[ConvertedShard]") -> None:
        done = next(numbers)
        progress.update(lambda: f"{done} of {len(conversions)} objects")

    for each in conversions:
        each.add_done_callback(show)


def _convert_in_spark(spark: "SparkSession", shards: Sequence[Shard], cores: int) -> list[ConvertedShard]:
    """Convert the shards. The results are in the order of the shards.

    With more tasks than cores, the load is balanced. However, each task needs 0.1 s to start its Python worker. Auto
    scaling starts executors only if tasks are waiting. Therefore, the number of tasks depends on all cores that can
    start, not only on those that have started.
    """
    context, size = spark.sparkContext, len(shards)
    cores = max(cores, context.defaultParallelism)
    tasks = min(size, max(TASKS_PER_CORE * cores, ceil(size / MAX_SHARDS_PER_TASK)))
    groups = [shards[size * task // tasks : size * (task + 1) // tasks] for task in range(tasks)]
    try:
        results: list[ConvertedShard | Failure] = (
            context.parallelize(groups, tasks).flatMap(partial(map, _convert_or_fail)).collect()
        )
    except Exception as error:
        raise task_error(error) from error
    converted = [result for result in results if isinstance(result, ConvertedShard)]
    for failure in (result for result in results if isinstance(result, Failure)):
        raise RunFailed(failure.code, failure.message)
    return converted


def _convert_or_fail(shard: Shard) -> ConvertedShard | Failure:
    """The work of a Spark task. Spark retries a task that raises an error, so errors that are not retryable are
    returned instead."""
    try:
        return convert_shard(shard)
    except RunFailed as failed:
        if failed.retryable:
            raise
        return Failure(failed.code, failed.message)
