"""Runs a dataset twice at the same time, in every order of the steps of its publication. Prints one line per order.

    python tests/concurrent_matrix.py [--dataset NAME …]

Exits with code 1 if a row was lost or doubled, or if a run failed for another reason.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from fault_matrix import BUCKET, set_up

from faults.bronze_kinds import ICEBERG
from faults.concurrent_runs import run_concurrently
from faults.dataset_kind import DatasetKind
from faults.job_processes import JobProcesses
from faults.proxy import CATALOG_WRITES, Action, Call, Fault
from faults.trial import Before, Trial

KINDS = {kind.name: kind for kind in ICEBERG}


def orders(writes: list[Call]) -> Iterator[tuple[int, int | None]]:
    """The positions of the writes at which the first and the second run are held; the second one also at none."""
    commits = [index for index, call in enumerate(writes) if call.kind in CATALOG_WRITES]
    for first in range(len(writes)):
        yield first, None
    steps = [0, *commits, commits[-1] + 1, commits[-1] + 2]
    yield from ((first, second) for first in steps for second in steps)


def run_all(kind: DatasetKind, endpoint: str) -> bool:
    """Run all orders of a dataset. Returns whether there was a problem."""
    folder = Path(tempfile.mkdtemp(prefix="medallion-faults-"))
    processes = [JobProcesses(endpoint, folder / name, kind.constants) for name in ("first", "second")]
    trial = Trial(kind, endpoint, BUCKET, processes[0])
    is_failed = False
    try:
        trial.publish_initial()
        trial.calls(Before.NOTHING)
        writes = trial.publication_writes()
        numbers = [trial.write_number(position) for position in range(len(writes))]
        for first, second in orders(writes):
            outcome = run_concurrently(
                trial,
                processes[1].current,
                Fault(Action.HOLD, "write", numbers[first]),
                None if second is None else Fault(Action.HOLD, "write", numbers[second]),
            )
            second_name = "-" if second is None else name_of(writes[second])
            ends = f"{outcome.first[:20] or 'published':<20} {outcome.second[:20] or 'published':<20}"
            verdict = "; ".join(outcome.problems) or "ok"
            print(f"{kind.name:<22} {name_of(writes[first]):<40} {second_name:<40} {ends} {verdict}", flush=True)
            is_failed |= bool(outcome.problems)
    finally:
        trial.close()
        for each in processes:
            each.close()
    return is_failed


def name_of(call: Call) -> str:
    return f"{call.kind} {call.name[-25:]}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs a dataset twice at the same time, in every order.")
    parser.add_argument("--dataset", nargs="+", choices=KINDS, default=list(KINDS))
    arguments = parser.parse_args()
    started = time.monotonic()
    with set_up() as endpoint:
        failed = [name for name in arguments.dataset if run_all(KINDS[name], endpoint)]
    print(f"{time.monotonic() - started:.0f} s; datasets with problems: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
