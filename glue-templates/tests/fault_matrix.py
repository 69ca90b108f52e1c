"""Injects every fault into every call of a run, for every dataset of the fault tests. Prints one line per fault.

    python tests/fault_matrix.py [--dataset NAME …] [--only kills|calls|catalog] [--part NUMBER/OF]

Exits with code 1 if readers saw inconsistent tables, or if the next run did not repair them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from faults.bronze_kinds import ICEBERG, MAIN, MANY, OTHERS, TABLES
from faults.dataset_kind import DatasetKind
from faults.gold_kinds import GOLD_ICEBERG, GOLD_MAIN, GOLD_MANY, GOLD_OTHERS, GOLD_OUTPUTS
from faults.job_processes import JobProcesses
from faults.lake import make_bucket
from faults.proxy import CATALOG_WRITES, READS, Action, Fault
from faults.trial import Before, Outcome, Trial
from job_role import ROLES_FOLDER

BUCKET = "pp-dw-123456789012"
KINDS = {kind.name: kind for kind in (*MAIN, *OTHERS, *GOLD_MAIN, *GOLD_OTHERS, *ICEBERG, *GOLD_ICEBERG)}
CATALOG_CALLS = CATALOG_WRITES | {"GetTable"}
ALL_CALLS = (*MAIN, *GOLD_MAIN, *ICEBERG, *GOLD_ICEBERG)
AFTER_INTERRUPTION = (MANY, TABLES, GOLD_MANY, GOLD_OUTPUTS)  # a publication copies at least two objects
BEFORE = (Before.NOTHING, Before.INTERRUPTED, Before.INTERRUPTED_AND_EXPIRED)
# UNPUBLISHED is last, because the run after a first publication has no snapshot to expire, and thus fewer calls.
BEFORE_ICEBERG = (Before.NOTHING, Before.INTERRUPTED, Before.UNPUBLISHED)
ACTIONS_ON_ANY_CALL = (Action.STATUS_500, Action.STATUS_503, Action.RESET_BEFORE, Action.RESET_AFTER)
ACTIONS_BY_KIND = {
    "GetObject": (Action.CUT,),
    "ListObjectsV2": (Action.CUT,),
    "CopyObject": (Action.CUT, Action.ERROR_IN_200),
    "CreateMultipartUpload": (Action.CUT,),
    "CompleteMultipartUpload": (Action.CUT, Action.ERROR_IN_200),
    "DeleteObjects": (Action.CUT, Action.HALF_DELETED),
    "Download": (Action.CUT,),
    "GetTable": (Action.CUT,),
    "CreateTable": (Action.CUT, Action.CONFLICT, Action.TIMEOUT),
    "UpdateTable": (Action.CUT, Action.CONFLICT, Action.TIMEOUT),
}


class Part(NamedTuple):
    """Every `of`-th fault, from fault `number` on."""

    number: int
    of: int


def part(text: str) -> Part:
    """Parse a part, such as 2/4. Raises ValueError if it is not a part."""
    number, of = map(int, text.split("/"))
    if not 1 <= number <= of:
        raise ValueError(text)
    return Part(number, of)


def kills(calls: Counter[str]) -> Iterator[Fault]:
    """A kill before the first write and after each write. A kill before the next write would leave the same state."""
    writes = sum(count for kind, count in calls.items() if kind not in READS and kind != "Download")
    yield Fault(Action.KILL_BEFORE, "write", 1)
    for number in range(1, writes + 1):
        yield Fault(Action.KILL_AFTER, "write", number)


def call_faults(calls: Counter[str]) -> Iterator[Fault]:
    """For each call, faults of only this call, of all calls of its kind from this call on, and an outage from it on."""
    for kind, count in calls.items():
        for number in range(1, count + 1):
            twice = () if kind in READS else (Action.DUPLICATE,)
            for action in (*ACTIONS_ON_ANY_CALL, *twice, *ACTIONS_BY_KIND.get(kind, ())):
                yield Fault(action, kind, number)
            yield Fault(Action.STATUS_500, kind, number, permanent=True)
    for number in range(1, calls.total() - calls["Download"] + 1):
        yield Fault(Action.OUTAGE, "any", number)
    for kind in calls:
        yield Fault(Action.DELAY, kind, 1, permanent=True)
        yield Fault(Action.RESET_AFTER, kind, 1, permanent=True)


def faults(kind: DatasetKind, before: Before, calls: Counter[str], only: str | None) -> Iterator[Fault]:
    """The faults of a dataset for one event before the run."""
    if only != "kills" and kind in ALL_CALLS and before in (Before.NOTHING, Before.UNPUBLISHED):
        for fault in call_faults(calls):
            if fault.kind in CATALOG_CALLS or (only != "catalog" and before == Before.NOTHING):
                yield fault
    if only in (None, "kills"):
        yield from kills(calls)


def run_all(kind: DatasetKind, endpoint: str, only: str | None, part: Part) -> Iterator[Outcome]:
    """Run all faults of a dataset, or one part of them."""
    processes = JobProcesses(endpoint, Path(tempfile.mkdtemp(prefix="medallion-faults-")), kind.constants)
    trial = Trial(kind, endpoint, BUCKET, processes)
    events = BEFORE_ICEBERG if kind.is_iceberg else BEFORE if kind in AFTER_INTERRUPTION else (Before.NOTHING,)
    try:
        trial.publish_initial()
        for before in events:
            for fault in islice(faults(kind, before, trial.calls(before), only), part.number - 1, None, part.of):
                yield trial.run(fault, before)
    finally:
        trial.close()
        processes.close()


def summary(outcome: Outcome) -> str:
    fault = outcome.fault
    where = f"{fault.kind} {fault.number}{' …' if fault.permanent else ''}"
    verdict = "; ".join(outcome.problems) or "ok"
    past = {
        Before.NOTHING: "",
        Before.UNPUBLISHED: "unpublished",
        Before.INTERRUPTED: "interrupted",
        Before.INTERRUPTED_AND_EXPIRED: "expired",
    }[outcome.before]
    return f"{outcome.dataset:<28} {past:<11} {fault.action:<13} {where:<28} {outcome.ended:<10} {outcome.seen:<6} {outcome.after:<6} {verdict}"


@contextmanager
def set_up() -> Iterator[str]:
    """Run the in-memory emulator of S3 and the Data Catalog, with the bucket. Yields its endpoint.

    LAKE_PYTHON is the Python interpreter of the emulator.
    """
    script = Path(__file__).parent.parent / "local_glue" / "emulator.py"
    os.environ[ROLES_FOLDER] = tempfile.mkdtemp(prefix="medallion-roles-")
    emulator = subprocess.Popen(
        [os.environ["LAKE_PYTHON"], script, "--memory", "--roles", os.environ[ROLES_FOLDER]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert emulator.stdin and emulator.stdout
    endpoint = emulator.stdout.readline().strip()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    os.environ |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    make_bucket(endpoint, BUCKET)
    yield endpoint
    emulator.stdin.close()
    emulator.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description="Injects every fault into every call of a job.")
    parser.add_argument("--dataset", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", choices=("kills", "calls", "catalog"))
    parser.add_argument(
        "--part",
        type=part,
        default="1/1",
        metavar="NUMBER/OF",
        help="only every OF-th fault, from fault NUMBER on, so that several processes can run side by side",
    )
    arguments = parser.parse_args()
    started = time.monotonic()
    print(f"{'dataset':<28} {'before':<11} {'fault':<13} {'call':<28} {'run':<10} {'seen':<6} {'after':<6}")
    outcomes: list[Outcome] = []
    with set_up() as endpoint:
        for name in arguments.dataset:
            for outcome in run_all(KINDS[name], endpoint, arguments.only, arguments.part):
                print(summary(outcome), flush=True)
                outcomes.append(outcome)
    failed = [outcome for outcome in outcomes if outcome.problems]
    ends = Counter(outcome.ended for outcome in outcomes)
    ended = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    print(f"{len(outcomes)} faults in {time.monotonic() - started:.0f} s: {ended}; failed: {len(failed)}")
    for outcome in failed:
        print(summary(outcome))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
