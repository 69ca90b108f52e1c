"""The cost of publishing many small objects: seconds, and requests to S3 per object.

    npm run bench:publish -- [--objects 100] [--rounds 3]

Uploads objects to staging and publishes them: as the first publication, then as the replacement of a publication.
"""

import argparse
import statistics
import time

from bench.contenders.job import DATASET, names
from bench.request import BUCKET
from bench.servers import Store as Emulator
from bench.servers import set_environment, store
from etl_runtime.job.arguments import Names, TableName
from etl_runtime.job.store import Store
from etl_runtime.publish.parquet_publication import publish
from etl_runtime.publish.publication import read_published
from etl_runtime.publish.staged import StagedTable

BODY = bytes(10_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="npm run bench:publish --", description="Measures the publication of many small objects."
    )
    parser.add_argument("--objects", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    set_environment()
    print(f"{'publication of':<26} {'s':>6} {'calls':>6} {'per object':>10}   calls by kind")
    for what, previous in (("objects, first time", 0), ("objects, replacement", 1)):
        seconds: list[float] = []
        calls: dict[str, int] = {}
        for _ in range(arguments.rounds):
            with store() as emulator:
                for number in range(previous + 1):
                    taken, calls = published(emulator, arguments.objects, f"2026010{number + 1}T000000000Z-000000")
            seconds.append(taken)
        total = sum(calls.values())
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(calls.items()))
        label = f"{arguments.objects} {what}"
        print(
            f"{label:<26} {statistics.median(seconds):>6.2f} {total:>6} {total / arguments.objects:>10.2f}   {kinds}",
            flush=True,
        )


def published(emulator: Emulator, objects: int, run_id: str) -> tuple[float, dict[str, int]]:
    """Publish once. Returns the seconds and the requests of the publication."""
    s3, own = Store(), names()
    tables = {key: TableName(**table) for key, table in own.pop("tables").items()}
    lake = Names(tables=tables, **own)
    staged = {
        f"{DATASET}-{run_id}-{index:05}.parquet": f"{lake.staging}{run_id}/{index:05}.parquet"
        for index in range(objects)
    }
    for uri in staged.values():
        s3.client.put_object(
            Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"), Body=BODY, Metadata={"run-id": run_id}
        )
    old = read_published(lake, s3)
    table = StagedTable(objects, objects * len(BODY), [], staged)
    emulator.calls()
    started = time.monotonic()
    publish({DATASET: table}, {"document": "", "sources": []}, old, lake, run_id, s3)
    taken = time.monotonic() - started
    calls: dict[str, int] = emulator.calls()["calls"]
    return taken, calls


if __name__ == "__main__":
    main()
