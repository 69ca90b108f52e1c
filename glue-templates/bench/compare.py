"""The bronze job beside other ways to make Parquet of the same file: time, CPU, memory, calls to S3.

    npm run bench -- [--sizes 50,500,2000] [--kinds wide,pipes,narrow] [--contenders job,naive,…] [--rounds 3] [--cores 2] [--out DIR]

Each contender runs in processes of its own against a fresh store, all of them in turn, round by round; the table has the medians. README.md
says what contenders and figures there are. Prints the table, and writes `bench.md` and `bench.json` to --out.
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

CONTENDERS = ("job", "text", "naive", "duckdb", "dlt", "unpack", "unzip", "floor", "spark")
ON_ONE_CORE = ("unpack", "unzip", "floor")  # which no number of cores changes
CALLS = ("list", "head", "get", "put", "copy", "delete")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cdk-glue-medallion-bench"


@dataclass(frozen=True)
class Entry:
    """A line of the table."""

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
        for cores in (arguments.cores if contender not in ON_ONE_CORE else [1])
    ]
    runs: dict[Entry, list[dict[str, Any]]] = {entry: [] for entry in entries}
    speed = store_speed(arguments.store_mb)
    say(f"the store itself: put {speed['put']} MB/s, get {speed['get']} MB/s of an object of {arguments.store_mb} MB")
    with child(sys.executable, "-m", "bench.serve", CACHE) as (address, _):
        for kind, mb in dict.fromkeys((entry.kind, entry.mb) for entry in entries):
            say(f"making {kind}, {mb} MB")
            archive = make(KINDS[kind], mb, CACHE)
            text = unzipped(archive)
            for number in range(1, arguments.rounds + 1):
                for entry in [each for each in entries if (each.kind, each.mb) == (kind, mb)]:
                    found = run(entry, f"{address}/{archive.name}", text, look=number == 1)
                    runs[entry].append(found)
                    told = f"{found['seconds']} s" if found["exit_code"] == 0 else f"FAILED\n{found['errors']}"
                    say(f"round {number}  {kind}, {mb} MB  {entry.contender}, {entry.cores} cores  {told}")
    write(arguments, speed, runs)
    if failed := [entry.contender for entry, found in runs.items() if any(each["exit_code"] for each in found)]:
        sys.exit(f"failed in some rounds, which are in no median: {', '.join(dict.fromkeys(failed))}")


def read_arguments() -> argparse.Namespace:
    def listed(text: str) -> list[str]:
        return text.split(",")

    def numbers(text: str) -> list[int]:
        return [int(each) for each in listed(text)]

    def of(known: Sequence[str]) -> Callable[[str], list[str]]:
        def names(text: str) -> list[str]:
            unknown = set(listed(text)) - set(known)
            if unknown:
                raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(known)}")
            return listed(text)

        return names

    parser = argparse.ArgumentParser(
        prog="npm run bench --", description="The bronze job beside other ways to make Parquet of a file."
    )
    parser.add_argument(
        "--sizes", type=numbers, default=[50, 500, 2000], help="of the CSV, in MB (default: 50,500,2000)"
    )
    parser.add_argument(
        "--kinds", type=of(tuple(KINDS)), default=list(KINDS), help=f"of data (default: {','.join(KINDS)})"
    )
    here = [name for name in CONTENDERS if name != "unzip" or shutil.which("unzip")]
    parser.add_argument(
        "--contenders", type=of(CONTENDERS), default=here, help=f"default: all that can run here, {','.join(here)}"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--cores",
        type=numbers,
        default=[os.cpu_count() or 1],
        help="tasks of Spark at once: 2, or 1,2 (default: all cores)",
    )
    parser.add_argument(
        "--store-mb", type=int, default=200, help="size of the object by which the store is measured (default: 200)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(tempfile.gettempdir()) / "medallion-bench", help="folder of the results"
    )
    return parser.parse_args()


def say(text: str) -> None:
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


def run(entry: Entry, url: str, text: Path, look: bool) -> dict[str, Any]:
    """One run of one contender, measured. `look` reads what it wrote, after all is counted."""
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
            measuring = [sys.executable, "-m", "bench.measure", str(figures), *command]
            # It holds our pipe and leads a group: when we are gone, so is all that it started.
            process = subprocess.Popen(
                measuring,
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
            "looked": looked_at(output) if output and look else None,
        }


def size_of(output: str) -> int:
    if not output.startswith("s3://"):
        return Path(output).stat().st_size
    prefix = output.removeprefix(f"s3://{BUCKET}/")
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return sum(each["Size"] for page in pages for each in page.get("Contents", []))


def looked_at(output: str) -> dict[str, Any]:
    done = subprocess.run(
        [os.environ["LAKE_PYTHON"], "-m", "bench.output", output], cwd=TEMPLATES, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def write(arguments: argparse.Namespace, speed: dict[str, int], runs: dict[Entry, list[dict[str, Any]]]) -> None:
    lines = [
        f"{os.cpu_count()} cores; medians of {arguments.rounds} rounds. "
        f"The store itself: put {speed['put']} MB/s, get {speed['get']} MB/s of an object of {arguments.store_mb} MB.",
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
    say(f"written to {arguments.out}")


def table(runs: dict[Entry, list[dict[str, Any]]]) -> list[str]:
    head = "kind | MB | contender | cores | s | CPU s | driver MB | JVM MB | workers MB | all MB | list | head | get | put | copy | delete"
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
    """Whether the contenders made the same of one file: rows, types, and the checksums of columns of one type."""
    looked = {
        entry.contender: rounds[0]["looked"]
        for entry, rounds in runs.items()
        if (entry.kind, entry.mb) == (kind, mb) and rounds and rounds[0].get("looked")
    }
    first = next(iter(looked), None)
    for other in list(looked)[1:]:
        assert first
        mine, theirs = looked[first], looked[other]
        rows = (
            f"equal ({mine['rows']:,})"
            if mine["rows"] == theirs["rows"]
            else f"NOT EQUAL, {mine['rows']:,} and {theirs['rows']:,}"
        )
        pairs = {
            name: (column, theirs["columns"].get(name, {"type": "missing"})) for name, column in mine["columns"].items()
        }
        of_one_type = {name: pair for name, pair in pairs.items() if pair[0]["type"] == pair[1]["type"]}
        equal = [name for name, (one, two) in of_one_type.items() if one["checksum"] == two["checksum"]]
        odd = [f"{name} has OTHER VALUES" for name in of_one_type if name not in equal]
        odd += [
            f"{name} is {one['type']} and {two['type']}"
            for name, (one, two) in pairs.items()
            if name not in of_one_type
        ]
        columns = (
            f"{len(of_one_type)} of {len(pairs)} columns of equal type, {len(equal)} of these with equal checksums"
        )
        yield f"- {kind}, {mb} MB, {first} and {other}: rows {rows}; {columns}{': ' if odd else ''}{'; '.join(odd)}"


if __name__ == "__main__":
    main()
