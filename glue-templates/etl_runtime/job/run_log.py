"""The job's log: every line that the runtime logs, prefixed with the step of the run and without secrets."""

import logging

from etl_runtime.job.redaction import REDACTION

LOG = logging.getLogger(__name__)

RUNTIME = logging.getLogger("etl_runtime")


class RunLog(logging.Handler):
    """Prints `fetch    kept in s3://…`: the step of the run, then the message.

    A record's `step` overrides the current step: `LOG.info("…", extra={"step": "script"})`.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.step = "run"

    def emit(self, record: logging.LogRecord) -> None:
        step = getattr(record, "step", self.step)
        print(f"{step:<8} {REDACTION.out_of(record.getMessage())}", flush=True)

    def attach(self) -> None:
        """Print what the runtime logs from now on, and keep it from Glue's own handlers, which would repeat it."""
        RUNTIME.addHandler(self)
        RUNTIME.setLevel(logging.INFO)
        RUNTIME.propagate = False

    def detach(self) -> None:
        RUNTIME.removeHandler(self)
        RUNTIME.setLevel(logging.NOTSET)
        RUNTIME.propagate = True
