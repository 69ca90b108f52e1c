"""Every fault at every call, for every kind of dataset. Prints a line a fault, and what went wrong at the end.

    python tests/fault_matrix.py [--dataset NAME …] [--only kills|calls]

Exit code 1 where a reader saw what it must not see, or a run did not come back.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from faults.bronze_kinds import MAIN, MANY, OTHERS, TABLES
from faults.dataset_kind import DatasetKind
from faults.gold_kinds import GOLD_MAIN, GOLD_MANY, GOLD_OTHERS, GOLD_OUTPUTS
from faults.job_processes import JobProcesses
from faults.lake import make_bucket
from faults.proxy import READS, Action, Fault
from faults.trial import Before, Outcome, Trial

BUCKET = "pp-dw-123456789012"
KINDS = {kind.name: kind for kind in (*MAIN, *OTHERS, *GOLD_MAIN, *GOLD_OTHERS)}
OF_ALL_CALLS = (*MAIN, *GOLD_MAIN)
AFTER_DEATHS = (MANY, TABLES, GOLD_MANY, GOLD_OUTPUTS)  # those with a second copy to die at
ANY_CALL = (Action.ANSWER_500, Action.ANSWER_503, Action.RESET_BEFORE, Action.RESET_AFTER)
ALSO = {
    "GetObject": (Action.CUT,),
    "ListObjectsV2": (Action.CUT,),
    "CopyObject": (Action.CUT, Action.ERROR_IN_200),
    "CreateMultipartUpload": (Action.CUT,),
    "CompleteMultipartUpload": (Action.CUT, Action.ERROR_IN_200),
    "DeleteObjects": (Action.CUT, Action.HALF_DELETED),
    "Download": (Action.CUT,),
}


def kills(calls: Counter[str]) -> Iterator[Fault]:
    """At every write, once S3 has done it: what S3 then holds is what it holds before the next one."""
    writes = sum(count for kind, count in calls.items() if kind not in READS and kind != "Download")
    yield Fault(Action.KILL_BEFORE, "write", 1)
    for number in range(1, writes + 1):
        yield Fault(Action.KILL_AFTER, "write", number)


def spoilt_calls(calls: Counter[str]) -> Iterator[Fault]:
    """Every call once, every call from there on, and S3 as a whole from there on."""
    for kind, count in calls.items():
        for number in range(1, count + 1):
            twice = () if kind in READS else (Action.DUPLICATE,)
            for action in (*ANY_CALL, *twice, *ALSO.get(kind, ())):
                yield Fault(action, kind, number)
            yield Fault(Action.ANSWER_500, kind, number, lasts=True)
    for number in range(1, calls.total() - calls["Download"] + 1):
        yield Fault(Action.OUTAGE, "any", number)
    for kind in calls:
        yield Fault(Action.DELAY, kind, 1, lasts=True)
        yield Fault(Action.RESET_AFTER, kind, 1, lasts=True)


def try_all(kind: DatasetKind, endpoint: str, only: str | None) -> Iterator[Outcome]:
    """Every fault that is to be tried on a dataset."""
    processes = JobProcesses(endpoint, Path(tempfile.mkdtemp(prefix="medallion-faults-")), kind.constants)
    trial = Trial(kind, endpoint, BUCKET, processes)
    try:
        trial.publish_first()
        calls = trial.calls(Before.NOTHING)
        if only != "kills" and kind in OF_ALL_CALLS:
            for fault in spoilt_calls(calls):
                yield trial.run(fault)
        if only == "calls":
            return
        for fault in kills(calls):
            yield trial.run(fault)
        for before in (Before.DIED, Before.DIED_AND_EXPIRED) if kind in AFTER_DEATHS else ():
            for fault in kills(trial.calls(before)):
                yield trial.run(fault, before)
    finally:
        trial.close()
        processes.close()


def printed(outcome: Outcome) -> str:
    fault = outcome.fault
    where = f"{fault.kind} {fault.number}{' …' if fault.lasts else ''}"
    verdict = "; ".join(outcome.problems) or "ok"
    past = {Before.NOTHING: "", Before.DIED: "died", Before.DIED_AND_EXPIRED: "expired"}[outcome.before]
    return f"{outcome.dataset:<28} {past:<8} {fault.action:<13} {where:<28} {outcome.ended:<10} {outcome.seen:<6} {outcome.after:<6} {verdict}"


def start_emulator() -> tuple["subprocess.Popen[str]", str]:
    """S3 in memory, and its endpoint. LAKE_PYTHON is the Python that has it."""
    script = Path(__file__).parent.parent / "local_glue" / "emulator.py"
    emulator = subprocess.Popen(
        [os.environ["LAKE_PYTHON"], script, "--memory"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert emulator.stdout
    return emulator, emulator.stdout.readline().strip()


def main() -> int:
    parser = argparse.ArgumentParser(description="Every fault at every call of a job.")
    parser.add_argument("--dataset", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", choices=("kills", "calls"))
    arguments = parser.parse_args()
    emulator, endpoint = start_emulator()
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    os.environ |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    make_bucket(endpoint, BUCKET)
    started = time.monotonic()
    print(f"{'dataset':<28} {'before':<8} {'fault':<13} {'call':<28} {'run':<10} {'seen':<6} {'after':<6}")
    outcomes: list[Outcome] = []
    for name in arguments.dataset:
        for outcome in try_all(KINDS[name], endpoint, arguments.only):
            print(printed(outcome), flush=True)
            outcomes.append(outcome)
    wrong = [outcome for outcome in outcomes if outcome.problems]
    ends = Counter(outcome.ended for outcome in outcomes)
    ended = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    print(f"{len(outcomes)} faults in {time.monotonic() - started:.0f} s: {ended}; wrong: {len(wrong)}")
    for outcome in wrong:
        print(printed(outcome))
    assert emulator.stdin
    emulator.stdin.close()
    emulator.wait(10)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
