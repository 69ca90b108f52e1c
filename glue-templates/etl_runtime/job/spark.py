"""The Spark session of a job, with the settings that make its results the same everywhere."""

import re
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from etl_runtime.job.errors import ErrorCode, RunFailed

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",  # else a laptop's zone leaks into the data
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # files that Spark has not written: 3.5 would throw on 1582 and before
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.parquet.summary.metadata.level": "ALL",  # the convention asks for it; these versions of Spark ignore it
}


def start_spark() -> SparkSession:
    """Start Spark, and give its executors this package: Glue puts `--extra-py-files` on the driver's path only."""
    builder = SparkSession.builder
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    archive = _archive()
    if archive:
        spark.sparkContext.addPyFile(archive)
    return spark


def task_error(error: Exception) -> RunFailed:
    """What a Spark task raised, in one line: near the end of the Python traceback that Spark wraps into Java's, or behind the lost task.

    Where no task did, it is what Java raised in the driver.
    """
    raised = re.findall(r"^(?:\w+\.)*(\w*(?:Error|Exception|RunFailed|Interrupt)): (.+)$", str(error), re.MULTILINE)
    own = [(kind, text) for kind, text in raised if not text.startswith("An error occurred while calling")]
    of_java = re.search(r"Lost task .*? executor \w+\): (?:[\w$]+\.)*(\w+): (.+)", str(error))
    if own:
        kind, text = own[-1]
    elif of_java:
        kind, text = of_java.groups()
    else:
        return driver_error(error)
    if kind == "RunFailed":
        return RunFailed.parse(text, retryable=True)
    return RunFailed(ErrorCode.SPARK_FAILED, f"A Spark task failed: {kind}: {text}", retryable=True)


def driver_error(error: Exception) -> RunFailed:
    """What Java raised to the driver, in one line: it stands between the call that Py4J names and Java's stack."""
    of_java = re.search(r"^: (?:[\w$]+\.)*([\w$]+: .+)", str(error), re.MULTILINE)
    what = of_java[1] if of_java else f"{type(error).__name__}: {error}".partition("\n")[0]
    return RunFailed(ErrorCode.SPARK_FAILED, f"Spark failed: {what}", retryable=True)


def _archive() -> str | None:
    """The zip that this package was imported from, if it was."""
    module = Path(__file__)
    return next((str(parent) for parent in module.parents if parent.suffix == ".zip" and str(parent) in sys.path), None)
