"""Runs a dataset twice at the same time, in every order of the steps of its publication. Prints one line per order.

    python tests/concurrent_matrix.py [--dataset NAME …]

Exits with code 1 if a row was lost or duplicated, or if a run failed for another reason.
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
from faults.proxy import Action, Fault
from faults.trial import Trial

KINDS = {kind.name: kind for kind in ICEBERG}


def orders(kind: DatasetKind) -> Iterator[tuple[Fault, Fault | None]]:
    """The requests at which the first and the second run are held. None means that the second run is not held."""
    steps = [
        Fault(Action.HOLD, "PutObject publishing.json"),
        *(Fault(Action.HOLD, "UpdateTable", number) for number in range(1, max(len(kind.tables), 1) + 1)),
        Fault(Action.HOLD, "PutObject published.json"),
        Fault(Action.HOLD, "PutObjectTagging"),
    ]
    for first in steps:
        yield first, None
    yield from ((first, second) for first in steps for second in steps)


def run_all(kind: DatasetKind, endpoint: str) -> bool:
    """Run all orders of a dataset. Returns whether there was a problem."""
    folder = Path(tempfile.mkdtemp(prefix="medallion-faults-"))
    processes = [JobProcesses(endpoint, folder / name, kind.constants) for name in ("first", "second")]
    trial = Trial(kind, endpoint, BUCKET, processes[0])
    is_failed = False
    try:
        trial.publish_initial()
        for first, second in orders(kind):
            outcome = run_concurrently(trial, processes[1].current, first, second)
            names = (
                f"{first.kind + ' ' + str(first.number):<28} {f'{second.kind} {second.number}' if second else '-':<28}"
            )
            ends = f"{outcome.first[:14] or 'published':<14} {outcome.second[:14] or 'published':<14}"
            print(f"{kind.name:<20} {names} {ends} {'; '.join(outcome.problems) or 'ok'}", flush=True)
            is_failed |= bool(outcome.problems)
    finally:
        trial.close()
        for each in processes:
            each.close()
    return is_failed


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
