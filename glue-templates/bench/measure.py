"""Runs a command and measures it with all that it starts, also what outlives it for a moment, as the JVM of a Spark driver does.

    python -m bench.measure RESULT.json COMMAND …

Writes to RESULT.json: `exit_code`; `seconds` until the command ended; `cpu_seconds` of all processes; and in MB `driver_mb`, the most that
the command's own process held, `jvm_mb`, the same of Java, `workers_mb`, the most that all other processes held together at a time, and
`total_mb`, the most that all held together. Processes are looked at ten times a second, and memory that they share counts in each. Linux.

The kernel adds up the CPU of processes that were waited for. Spark's Python workers are not: whoever forks them ignores their end. So the
CPU is also added up as it was last seen of each process. Both can only be too little, and the larger one is told.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parent import end_with_parent

BECOME_PARENT_OF_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Look:
    """A process as it is now: `held_mb` and `most_mb` of memory, `cpu_seconds` of its own."""

    name: str
    held_mb: float
    most_mb: float
    cpu_seconds: float


class Looks(threading.Thread):
    """Looks at a process and at all below this one."""

    def __init__(self, driver: int) -> None:
        super().__init__(daemon=True)
        self.driver_mb = self.jvm_mb = self.workers_mb = self.total_mb = 0.0
        self._cpu_seconds: dict[int, float] = {}
        self._driver = driver
        self._ended = threading.Event()

    def run(self) -> None:
        before: set[int] = set()
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            total = workers = 0.0
            here = set(below(os.getpid()))
            # A process that was just forked still has the memory of the one that it was forked from.
            for pid in here & (before | {self._driver}):
                found = look_at(pid)
                if found is None:
                    continue
                total += found.held_mb
                self._cpu_seconds[pid] = found.cpu_seconds
                if pid == self._driver:
                    self.driver_mb = max(self.driver_mb, found.most_mb)
                elif found.name == "java":
                    self.jvm_mb = max(self.jvm_mb, found.most_mb)
                else:
                    workers += found.held_mb
            self.workers_mb, self.total_mb = max(self.workers_mb, workers), max(self.total_mb, total)
            before = here

    @property
    def cpu_seconds(self) -> float:
        return sum(self._cpu_seconds.values())

    def end(self) -> None:
        self._ended.set()
        self.join()


def look_at(pid: int) -> Look | None:
    """None of a process that is gone."""
    try:
        lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        status = {words[0]: words[1] for words in lines if len(words) > 1}
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        held, most = (int(status[name]) * 1024 / 1e6 for name in ("VmRSS:", "VmHWM:"))
        return Look(status["Name:"], held, most, sum(map(int, times)) / os.sysconf("SC_CLK_TCK"))
    except (OSError, KeyError):
        return None


def below(pid: int) -> Iterator[int]:
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return
    for child in children:
        yield child
        yield from below(child)


def measure(command: list[str]) -> dict[str, float]:
    ctypes.CDLL(None, use_errno=True).prctl(BECOME_PARENT_OF_ORPHANS, 1, 0, 0, 0)
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    looks = Looks(process.pid)
    looks.start()
    exit_code = process.wait()
    seconds = time.monotonic() - started
    wait_for_orphans()
    looks.end()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit_code": exit_code,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(max(used.ru_utime + used.ru_stime, looks.cpu_seconds), 2),
        "driver_mb": round(looks.driver_mb),
        "jvm_mb": round(looks.jvm_mb),
        "workers_mb": round(looks.workers_mb),
        "total_mb": round(looks.total_mb),
    }


def wait_for_orphans() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def main() -> None:
    end_with_parent()
    result, *command = sys.argv[1:]
    Path(result).write_text(json.dumps(measure(command)), encoding="utf-8")


if __name__ == "__main__":
    main()
