"""Captures the log lines of the runtime."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

RUNTIME = logging.getLogger("etl_runtime")


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@contextmanager
def logged(into: list[str] | None = None) -> Iterator[list[str]]:
    """Capture the lines that are logged within the block, in `into` if it is given."""
    lines = [] if into is None else into
    handler, level = _Lines(lines), RUNTIME.level
    RUNTIME.addHandler(handler)
    RUNTIME.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        RUNTIME.removeHandler(handler)
        RUNTIME.setLevel(level)
