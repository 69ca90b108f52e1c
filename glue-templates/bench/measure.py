"""Runs a command and measures it with all that it starts, also what outlives it for a moment, as the JVM of a Spark driver does.

    python -m bench.measure RESULT.json COMMAND …

Writes to RESULT.json: `exit_code`; `seconds` until the command ended; `cpu_seconds` of all processes; and in MB `driver_mb`, the most that
the command's own process held, `jvm_mb`, the same of Java, `workers_mb`, the most that all other processes held together at a time, and
`total_mb`, the most that all held together. Memory is looked at ten times a second, and pages that processes share count in each. Linux.
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
from pathlib import Path

from parent import end_with_parent

BECOME_PARENT_OF_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
SECONDS_BETWEEN_LOOKS = 0.1


class Memory(threading.Thread):
    """Looks at the memory of a process and of all below this one."""

    def __init__(self, driver: int) -> None:
        super().__init__(daemon=True)
        self.driver_mb = self.jvm_mb = self.workers_mb = self.total_mb = 0.0
        self._driver = driver
        self._ended = threading.Event()

    def run(self) -> None:
        before: set[int] = set()
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            total = workers = 0.0
            here = set(below(os.getpid()))
            # A process that was just forked still has the memory of the one that it was forked from.
            for pid in here & (before | {self._driver}):
                name, now, peak = memory_of(pid)
                total += now
                if pid == self._driver:
                    self.driver_mb = max(self.driver_mb, peak)
                elif name == "java":
                    self.jvm_mb = max(self.jvm_mb, peak)
                else:
                    workers += now
            self.workers_mb, self.total_mb = max(self.workers_mb, workers), max(self.total_mb, total)
            before = here

    def end(self) -> None:
        self._ended.set()
        self.join()


def memory_of(pid: int) -> tuple[str, float, float]:
    """A process's name, the MB that it holds, and the most that it has held. Nothing of one that is gone."""
    try:
        lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        status = {words[0]: words[1] for words in lines if len(words) > 1}
        return status["Name:"], int(status["VmRSS:"]) * 1024 / 1e6, int(status["VmHWM:"]) * 1024 / 1e6
    except (OSError, KeyError):
        return "", 0, 0


def below(pid: int) -> Iterator[int]:
    try:
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return
    for child in children:
        yield child
        yield from below(child)


def measure(command: list[str]) -> dict[str, float]:
    ctypes.CDLL(None, use_errno=True).prctl(BECOME_PARENT_OF_ORPHANS, 1, 0, 0, 0)
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    memory = Memory(process.pid)
    memory.start()
    exit_code = process.wait()
    seconds = time.monotonic() - started
    wait_for_orphans()
    memory.end()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit_code": exit_code,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "driver_mb": round(memory.driver_mb),
        "jvm_mb": round(memory.jvm_mb),
        "workers_mb": round(memory.workers_mb),
        "total_mb": round(memory.total_mb),
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
