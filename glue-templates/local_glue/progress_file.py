"""Writes the progress of a job to a file, which `medallion run` reads to redraw a line on the terminal.

The file is a JSON object. `activities` contains the running downloads, keyed by name, each with `done` and `total` in
bytes or with a `text`. `tasks` contains the numbers of completed tasks and of all tasks in the running Spark stages, or
is null.
"""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# The logger of etl_runtime.job.progress, which is not imported, because the job has its own copy of the runtime.
RUNTIME_PROGRESS = logging.getLogger("etl_runtime.job.progress")
TASKS_SECONDS = 0.5


@contextmanager
def writing_progress(path: str | None) -> Iterator[None]:
    """Write the progress of the job in this process to a file, instead of logging it.

    If `path` is None, the job logs its progress as usual.
    """
    if path is None:
        yield
        return
    file = _ProgressFile(Path(path))
    level, ended = RUNTIME_PROGRESS.level, threading.Event()
    RUNTIME_PROGRESS.setLevel(logging.DEBUG)
    RUNTIME_PROGRESS.addFilter(_is_update)
    RUNTIME_PROGRESS.addHandler(file)
    watch = threading.Thread(target=_watch_tasks, args=(file, ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join(timeout=5)
        RUNTIME_PROGRESS.removeHandler(file)
        RUNTIME_PROGRESS.removeFilter(_is_update)
        RUNTIME_PROGRESS.setLevel(level)


def _is_update(record: logging.LogRecord) -> bool:
    return hasattr(record, "activity")


class _ProgressFile(logging.Handler):
    def __init__(self, path: Path) -> None:
        super().__init__(logging.DEBUG)
        self._path = path
        self._activities: dict[str, Any] = {}
        self._tasks: tuple[int, int] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        name, state = getattr(record, "activity", ""), getattr(record, "state", None)
        if state is None:
            self._activities.pop(name, None)
        else:
            self._activities[name] = state
        self._write()

    def set_tasks(self, tasks: tuple[int, int] | None) -> None:
        with self.lock or threading.RLock():
            if tasks != self._tasks:
                self._tasks = tasks
                self._write()

    def _write(self) -> None:
        """Replace the file. A run does not fail if its progress cannot be shown, for example because the disk is
        full."""
        with suppress(OSError):
            temporary = self._path.with_suffix(".new")
            temporary.write_text(json.dumps({"activities": self._activities, "tasks": self._tasks}), encoding="utf-8")
            temporary.replace(self._path)


def _watch_tasks(file: _ProgressFile, ended: threading.Event) -> None:
    while not ended.wait(TASKS_SECONDS):
        # The JVM can end at any time, and then each call raises a different exception.
        with suppress(Exception):
            file.set_tasks(_running_tasks())


def _running_tasks() -> tuple[int, int] | None:
    """The numbers of completed tasks and of all tasks in the running stages. None if no stage is running."""
    pyspark = sys.modules.get("pyspark")
    context = pyspark and pyspark.SparkContext._active_spark_context
    if not context:
        return None
    tracker = context.statusTracker()
    stages = [stage for id in tracker.getActiveStageIds() if (stage := tracker.getStageInfo(id))]
    return (sum(each.numCompletedTasks for each in stages), sum(each.numTasks for each in stages)) if stages else None
