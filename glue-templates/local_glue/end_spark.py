"""Ends the JVM of Spark."""

import importlib
import os
import signal
import subprocess
import sys


def end_spark() -> None:
    """End the JVM, so that no process outlives the command. At this point, all output has been written."""
    if "pyspark" not in sys.modules:
        return
    gateway = importlib.import_module("pyspark").SparkContext._gateway
    process: subprocess.Popen[bytes] | None = getattr(gateway, "proc", None)
    if process:
        # The threads of pyspark would log the lost connection, which is not output of the job.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
