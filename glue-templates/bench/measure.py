"""Runs a command and measures it and its descendants, even if they outlive it, like the JVM of Spark. Requires Linux.

    python -m bench.measure RESULT.json COMMAND …

Writes to RESULT.json:

    exit_code     the exit code of the command
    seconds       the time until the command ends
    cpu_seconds   the CPU time of all processes
    driver_mb     the peak memory of the process of the command
    jvm_mb        the peak memory of Java
    workers_mb    the peak of the total memory of the other processes
    total_mb      the peak of the total memory of all processes

The processes are sampled ten times a second. Shared memory is counted for each process.

The kernel only adds up the CPU time of processes whose parent waits for them. The parent of Spark's Python workers does
not wait. So the CPU time is also added up from the samples. Both sums can be too small, and the larger one is reported.
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
SAMPLE_SECONDS = 0.1


@dataclass(frozen=True)
class ProcessUsage:
    """The current and peak memory of a process, and its CPU time without that of its children."""

    name: str
    current_mb: float
    peak_mb: float
    cpu_seconds: float


class ResourceMonitor(threading.Thread):
    """Samples the descendants of this process. `driver` is the process of the command."""

    def __init__(self, driver: int) -> None:
        super().__init__(daemon=True)
        self.driver_mb = self.jvm_mb = self.workers_mb = self.total_mb = 0.0
        self._cpu_seconds: dict[int, float] = {}
        self._driver = driver
        self._ended = threading.Event()

    def run(self) -> None:
        previous: set[int] = set()
        while not self._ended.wait(SAMPLE_SECONDS):
            total = workers = 0.0
            current = set(descendants(os.getpid()))
            # A new process is skipped once: right after the fork, it still has the memory of its parent.
            for pid in current & (previous | {self._driver}):
                usage = process_usage(pid)
                if usage is None:
                    continue
                total += usage.current_mb
                self._cpu_seconds[pid] = usage.cpu_seconds
                if pid == self._driver:
                    self.driver_mb = max(self.driver_mb, usage.peak_mb)
                elif usage.name == "java":
                    self.jvm_mb = max(self.jvm_mb, usage.peak_mb)
                else:
                    workers += usage.current_mb
            self.workers_mb, self.total_mb = max(self.workers_mb, workers), max(self.total_mb, total)
            previous = current

    @property
    def cpu_seconds(self) -> float:
        return sum(self._cpu_seconds.values())

    def end(self) -> None:
        self._ended.set()
        self.join()


def process_usage(pid: int) -> ProcessUsage | None:
    """Return the memory and CPU time of a process, or None if the process has ended."""
    try:
        lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        status = {words[0]: words[1] for words in lines if len(words) > 1}
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        current, peak = (int(status[name]) * 1024 / 1e6 for name in ("VmRSS:", "VmHWM:"))
        return ProcessUsage(status["Name:"], current, peak, sum(map(int, times)) / os.sysconf("SC_CLK_TCK"))
    except (OSError, KeyError):
        return None


def descendants(pid: int) -> Iterator[int]:
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
        yield from descendants(child)


def measure(command: list[str]) -> dict[str, float]:
    ctypes.CDLL(None, use_errno=True).prctl(BECOME_PARENT_OF_ORPHANS, 1, 0, 0, 0)
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    monitor = ResourceMonitor(process.pid)
    monitor.start()
    exit_code = process.wait()
    seconds = time.monotonic() - started
    wait_for_orphans()
    monitor.end()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit_code": exit_code,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(max(used.ru_utime + used.ru_stime, monitor.cpu_seconds), 2),
        "driver_mb": round(monitor.driver_mb),
        "jvm_mb": round(monitor.jvm_mb),
        "workers_mb": round(monitor.workers_mb),
        "total_mb": round(monitor.total_mb),
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
