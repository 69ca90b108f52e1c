"""The process in which jobs run and its replacement, because a process takes seconds to start."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from faults.job_process import JobProcess


class JobProcesses:
    """The current process and its replacement. `constants`, keyed by dotted name, are set in each process.

    `folder` contains the files of the processes and is removed at the end.
    """

    def __init__(self, endpoint: str, folder: Path, constants: Mapping[str, int | str]) -> None:
        self._endpoint = endpoint
        self._folder = folder
        self._constants = constants
        self._started = 0
        self._current: JobProcess | None = None
        self._spare: JobProcess | None = None

    @property
    def current(self) -> JobProcess:
        """A process that is alive."""
        if self._current is None or self._current.s3.dead:
            if self._current:
                self._current.end()
            self._current, self._spare = self._spare or self._start(), None
        return self._current

    def prepare_next(self) -> None:
        """Start the replacement, in case the current process is killed."""
        self._spare = self._spare or self._start()

    def close(self) -> None:
        for process in (self._current, self._spare):
            if process:
                process.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> JobProcess:
        self._started += 1
        return JobProcess(self._endpoint, self._folder / str(self._started), self._constants)
