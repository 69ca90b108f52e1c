"""The job's log. Redacts the log lines of the runtime, and prints each with the current step of the run."""

import logging

from etl_runtime.job.redaction import REDACTION

RUNTIME = logging.getLogger("etl_runtime")


class RunLog(logging.Handler):
    """Prints the step of the run, then the message, such as `fetch s3://…/orders.csv 12 kB`.

    A record's `step` overrides the current step: `LOG.info("…", extra={"step": "script"})`.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.step = "run"

    def emit(self, record: logging.LogRecord) -> None:
        step = getattr(record, "step", self.step)
        print(f"{step:<8} {REDACTION.redact(record.getMessage())}", flush=True)

    def attach(self) -> None:
        """Start printing. Log lines do not propagate to Glue's own handlers, which would print them a second time."""
        RUNTIME.addHandler(self)
        RUNTIME.setLevel(logging.INFO)
        RUNTIME.propagate = False

    def detach(self) -> None:
        RUNTIME.removeHandler(self)
        RUNTIME.setLevel(logging.NOTSET)
        RUNTIME.propagate = True
