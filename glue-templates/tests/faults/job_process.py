"""A process that runs jobs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from faults.proxy import Fault, Proxy, aws_kind

HERE = Path(__file__).parent
TEMPLATES = HERE.parent.parent


class JobFailed(Exception):
    """The job ended with exit code 1."""


class Killed(Exception):
    """The job's process was killed."""


class JobProcess:
    """A process that runs jobs one after the other, with its own proxy to S3 and the Data Catalog and its own access key.

    Its files are in `folder`.
    """

    def __init__(self, endpoint: str, folder: Path, constants: Mapping[str, int | str]) -> None:
        folder.mkdir(parents=True)
        self.access_key = f"job-{folder.parent.name}-{folder.name}"
        self.s3 = Proxy(endpoint, aws_kind)
        self.output: list[str] = []
        self._log = folder / "stderr.txt"
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.s3.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "TMPDIR": str(folder),
            "PYTHONPATH": os.pathsep.join(str(TEMPLATES / path) for path in ("", "local_glue", "jobs", "tests")),
        }
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, HERE / "job.py", json.dumps(dict(constants))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
                start_new_session=True,  # a kill also ends the JVM and its child processes
            )
        self._ready = False

    def run(self, layer: str, arguments: Sequence[str], fault: Fault | None = None) -> None:
        """Run the layer's job once. Raises JobFailed or Killed."""
        self._wait_until_ready()
        self.s3.inject(fault, self._process.pid)
        assert self._process.stdin
        self._process.stdin.write(json.dumps([layer, *arguments]) + "\n")
        self._process.stdin.flush()
        self.output = []
        error = self._outcome()
        self.s3.wait_until_idle()
        if error is not None:
            raise JobFailed(error)

    def end(self) -> None:
        """Kill the process if it is alive."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.s3.close()

    def _wait_until_ready(self) -> None:
        if not self._ready:
            self._outcome()
            self._ready = True

    def _outcome(self) -> str | None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("outcome "):
                outcome: str | None = json.loads(line.removeprefix("outcome "))
                return outcome
            self.output.append(line.rstrip())
        if self._process.wait() != -signal.SIGKILL:
            raise RuntimeError(f"the job's process ended: {self._log.read_text()[-3000:]}")
        self.s3.wait_until_idle()
        raise Killed
