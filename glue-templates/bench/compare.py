"""Compares the bronze job with other ways to convert a file to Parquet: time, CPU time, memory, requests to S3.

    npm run bench -- [--sizes 50,500,2000] [--kinds wide,pipes,narrow] [--contenders job,naive,…] [--rounds 3]
                     [--cores 2] [--out DIR]

In each round, every contender runs once, in separate processes and with a new S3 emulator. The table shows medians.
README.md describes the contenders and the figures. Prints the table, and writes `bench.md` and `bench.json` to --out.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from bench.data import KINDS, make
from bench.package import write_package
from bench.request import BUCKET, Request, spark_events
from bench.servers import TEMPLATES, child, set_environment, store, store_speed

CONTENDERS = ("job", "tasks", "iceberg", "text", "naive", "duckdb", "dlt", "unpack", "unzip", "floor", "spark")
SINGLE_THREADED = ("unpack", "unzip", "floor")
CALLS = ("list", "head", "get", "put", "copy", "delete")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cdk-glue-medallion-bench"


@dataclass(frozen=True)
class Entry:
    """A row of the result table: one contender, with the data and the number of cores that it gets."""

    kind: str
    mb: int
    contender: str
    cores: int


def main() -> None:
    arguments = read_arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    set_environment()
    entries = [
        Entry(kind, mb, contender, cores)
        for kind in arguments.kinds
        for mb in arguments.sizes
        for contender in arguments.contenders
        for cores in (arguments.cores if contender not in SINGLE_THREADED else [1])
    ]
    runs: dict[Entry, list[dict[str, Any]]] = {entry: [] for entry in entries}
    speed = store_speed(arguments.store_mb)
    log(f"speed of the store: put {speed['put']} MB/s, get {speed['get']} MB/s, object of {arguments.store_mb} MB")
    with child(sys.executable, "-m", "bench.serve", CACHE) as (url, _):
        for kind, mb in dict.fromkeys((entry.kind, entry.mb) for entry in entries):
            log(f"generating {kind}, {mb} MB")
            archive = make(KINDS[kind], mb, CACHE)
            text = unzipped(archive)
            for number in range(1, arguments.rounds + 1):
                for entry in [each for each in entries if (each.kind, each.mb) == (kind, mb)]:
                    found = run(entry, f"{url}/{archive.name}", text, summarize=number == 1)
                    runs[entry].append(found)
                    status = f"{found['seconds']} s" if found["exit_code"] == 0 else f"FAILED\n{found['errors']}"
                    log(f"round {number}  {kind}, {mb} MB  {entry.contender}, {entry.cores} cores  {status}")
    write(arguments, speed, runs)
    if failed := [entry.contender for entry, found in runs.items() if any(each["exit_code"] for each in found)]:
        sys.exit(f"The medians do not include failed rounds of these contenders: {', '.join(dict.fromkeys(failed))}")


def read_arguments() -> argparse.Namespace:
    def comma_separated(text: str) -> list[str]:
        return text.split(",")

    def numbers(text: str) -> list[int]:
        return [int(each) for each in comma_separated(text)]

    def names_of(known: Sequence[str]) -> Callable[[str], list[str]]:
        def names(text: str) -> list[str]:
            unknown = set(comma_separated(text)) - set(known)
            if unknown:
                raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is not one of {', '.join(known)}")
            return comma_separated(text)

        return names

    parser = argparse.ArgumentParser(
        prog="npm run bench --", description="Compares the bronze job with other ways to convert a file to Parquet."
    )
    parser.add_argument(
        "--sizes", type=numbers, default=[50, 500, 2000], help="size of the CSV file in MB (default: 50,500,2000)"
    )
    parser.add_argument(
        "--kinds", type=names_of(tuple(KINDS)), default=list(KINDS), help=f"kind of data (default: {','.join(KINDS)})"
    )
    available = [name for name in CONTENDERS if name != "unzip" or shutil.which("unzip")]
    parser.add_argument(
        "--contenders",
        type=names_of(CONTENDERS),
        default=available,
        help=f"what to compare (default: everything that this machine can run, {','.join(available)})",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--cores",
        type=numbers,
        default=[os.cpu_count() or 1],
        help="concurrent Spark tasks: 2, or 1,2 (default: all cores)",
    )
    parser.add_argument(
        "--store-mb",
        type=int,
        default=200,
        help="size in MB of the object for measuring the speed of the store (default: 200)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path(tempfile.gettempdir()) / "medallion-bench", help="folder for the results"
    )
    return parser.parse_args()


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def python_of(contender: str) -> str:
    return {"duckdb": os.environ["LAKE_PYTHON"], "dlt": os.environ.get("DLT_PYTHON", "")}.get(
        contender
    ) or sys.executable


def unzipped(archive: Path) -> Path:
    text = archive.with_suffix(".csv")
    if not text.exists():
        unfinished = archive.with_suffix(".csv.part")
        with zipfile.ZipFile(archive) as zipped, zipped.open("data.csv") as member, unfinished.open("wb") as file:
            shutil.copyfileobj(member, file, 1 << 20)
        unfinished.rename(text)
    return text


def run(entry: Entry, url: str, text: Path, summarize: bool) -> dict[str, Any]:
    """Run and measure one contender. With `summarize`, its output is read after the measurement and summarized."""
    with store() as s3, tempfile.TemporaryDirectory(prefix="medallion-bench-", ignore_cleanup_errors=True) as folder:
        work, figures, errors = Path(folder, "work"), Path(folder, "figures.json"), Path(folder, "errors")
        work.mkdir()
        write_package(work)
        request = Request(entry.kind, url, str(text), entry.cores, str(work)).write()
        command = [python_of(entry.contender), "-m", f"bench.contenders.{entry.contender}", str(request)]
        environment = {**os.environ, "TMPDIR": str(work), "RUNTIME__DLTHUB_TELEMETRY": "false"}
        s3.calls()
        before = s3.cpu_seconds()
        with errors.open("w") as file:
            measured = [sys.executable, "-m", "bench.measure", str(figures), *command]
            # bench.measure ends its process group when this process ends, because its standard input is a pipe.
            process = subprocess.Popen(
                measured,
                cwd=TEMPLATES,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            process.wait()
        found: dict[str, Any] = {
            **json.loads(figures.read_text()),
            "store_cpu_seconds": round(s3.cpu_seconds() - before, 2),
            "s3": s3.calls(),
            "spark": spark_events(str(work)),
        }
        if found["exit_code"] != 0:
            return {**found, "errors": errors.read_text()[-3000:]}
        result = json.loads((work / "result.json").read_text())
        output = result["output"]
        return {
            **found,
            "steps": result["steps"],
            "output_mb": round(size_of(output) / 1e6, 1) if output else None,
            "summary": summary_of(output) if output and summarize else None,
        }


def size_of(output: str) -> int:
    if not output.startswith("s3://"):
        return Path(output).stat().st_size
    prefix = output.removeprefix(f"s3://{BUCKET}/")
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return sum(each["Size"] for page in pages for each in page.get("Contents", []))


def summary_of(output: str) -> dict[str, Any]:
    done = subprocess.run(
        [os.environ["LAKE_PYTHON"], "-m", "bench.output", output], cwd=TEMPLATES, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def write(arguments: argparse.Namespace, speed: dict[str, int], runs: dict[Entry, list[dict[str, Any]]]) -> None:
    lines = [
        f"{os.cpu_count()} cores; medians of {arguments.rounds} rounds. "
        f"Speed of the store: put {speed['put']} MB/s, get {speed['get']} MB/s, object of {arguments.store_mb} MB.",
        "",
        *table(runs),
        "",
        *(line for kind in arguments.kinds for mb in arguments.sizes for line in compared(kind, mb, runs)),
    ]
    text = "\n".join(lines) + "\n"
    raw = [{**vars(entry), "rounds": found} for entry, found in runs.items()]
    (arguments.out / "bench.md").write_text(text, encoding="utf-8")
    (arguments.out / "bench.json").write_text(
        json.dumps({"store_mb_per_second": speed, "runs": raw}, indent=1), encoding="utf-8"
    )
    print(text)
    log(f"written to {arguments.out}")


def table(runs: dict[Entry, list[dict[str, Any]]]) -> list[str]:
    head = "kind | MB | contender | cores | s | CPU s | driver MB | JVM MB | workers MB | all MB"
    head += " | list | head | get | put | copy | delete"
    head += " | MB in | MB out | jobs/stages/tasks | output MB | store CPU s | steps, s"
    lines = [f"| {head} |", f"|{'---|' * (head.count('|') + 1)}"]
    for entry, rounds in runs.items():
        done = [found for found in rounds if found["exit_code"] == 0]
        if not done:
            lines.append(f"| {entry.kind} | {entry.mb} | {entry.contender} | {entry.cores} | failed |")
            continue
        cells = [
            entry.kind,
            entry.mb,
            entry.contender,
            entry.cores,
            *(
                median(done, name)
                for name in ("seconds", "cpu_seconds", "driver_mb", "jvm_mb", "workers_mb", "total_mb")
            ),
            *(number(statistics.median(found["s3"]["calls"].get(kind, 0) for found in done)) for kind in CALLS),
            *(
                number(statistics.median(found["s3"][name] / 1e6 for found in done))
                for name in ("bytes_in", "bytes_out")
            ),
            "/".join(str(count) for count in done[-1]["spark"].values()) if done[-1]["spark"] else "",
            "" if done[-1]["output_mb"] is None else median(done, "output_mb"),
            median(done, "store_cpu_seconds"),
            ", ".join(
                f"{step} {number(statistics.median(found['steps'].get(step, 0) for found in done))}"
                for step in done[-1]["steps"]
            ),
        ]
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return lines


def median(rounds: list[dict[str, Any]], name: str) -> str:
    return number(statistics.median(found[name] for found in rounds))


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def compared(kind: str, mb: int, runs: dict[Entry, list[dict[str, Any]]]) -> Iterator[str]:
    """Compare the outputs for one file: rows, types, and the checksums of columns with the same type."""
    summaries = {
        entry.contender: rounds[0]["summary"]
        for entry, rounds in runs.items()
        if (entry.kind, entry.mb) == (kind, mb) and rounds and rounds[0].get("summary")
    }
    first = next(iter(summaries), None)
    for other in list(summaries)[1:]:
        assert first
        mine, theirs = summaries[first], summaries[other]
        rows = (
            f"equal ({mine['rows']:,})"
            if mine["rows"] == theirs["rows"]
            else f"NOT EQUAL, {mine['rows']:,} and {theirs['rows']:,}"
        )
        pairs = {
            name: (column, theirs["columns"].get(name, {"type": "missing"})) for name, column in mine["columns"].items()
        }
        same_type = {name: pair for name, pair in pairs.items() if pair[0]["type"] == pair[1]["type"]}
        equal = [name for name, (one, two) in same_type.items() if one["checksum"] == two["checksum"]]
        differences = [f"{name} has DIFFERENT VALUES" for name in same_type if name not in equal]
        differences += [
            f"{name} is {one['type']} and {two['type']}" for name, (one, two) in pairs.items() if name not in same_type
        ]
        columns = (
            f"{len(same_type)} of {len(pairs)} columns with the same type, {len(equal)} of these with equal checksums"
        )
        details = f": {'; '.join(differences)}" if differences else ""
        yield f"- {kind}, {mb} MB, {first} and {other}: rows {rows}; {columns}{details}"


if __name__ == "__main__":
    main()
