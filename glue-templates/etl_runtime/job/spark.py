"""The Spark session of a job, with settings that make results the same in every environment."""

import re
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from etl_runtime.job.errors import ErrorCode, RunFailed

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

SETTINGS = {
    # The job of a derived dataset drops and creates databases that have the names of the lake's databases. This must
    # never happen in the Data Catalog.
    "spark.sql.catalogImplementation": "in-memory",
    # Otherwise, Spark requests the folder of each input as an object, for which the role has no permission.
    "spark.sql.streaming.fileStreamSink.ignoreMetadata": "true",
    "spark.sql.session.timeZone": "UTC",  # otherwise, the time zone of a laptop would change the data
    "spark.sql.parquet.compression.codec": "zstd",
    # Spark 3.5 raises an error for dates before 1582 in files that Spark did not write.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.parquet.summary.metadata.level": "ALL",  # a convention of the lake; the Spark versions of Glue ignore it
}

REMEDY = "If the query or the script causes this error, correct it. Otherwise, run the job again."


class BackgroundSpark:
    """The Spark session of a run. It starts in its own thread when it is first needed."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._lock = Lock()
        self._starting: Future[SparkSession] | None = None

    def start(self) -> "Future[SparkSession]":
        """Start the session if it has not been started."""
        with self._lock:
            self._starting = self._starting or self._thread.submit(start_spark)
            return self._starting

    def session(self) -> "SparkSession":
        """Return the session. Start it if necessary, and wait until it is available."""
        return self.start().result()


def start_spark() -> "SparkSession":
    """Start Spark and send this package to its executors, because Glue adds `--extra-py-files` only to the driver's
    path."""
    from pyspark.sql import SparkSession  # not imported by runs without Spark, because that takes 0.2 s

    builder = SparkSession.builder
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    archive = _archive()
    if archive:
        spark.sparkContext.addPyFile(archive)
    return spark


def active_spark_context() -> "SparkContext | None":
    """The Spark context if Spark has been started. Does not import pyspark."""
    pyspark = sys.modules.get("pyspark")
    # getOrCreate would start Spark.
    return pyspark.SparkContext._active_spark_context if pyspark else None  # noqa: SLF001


def require_in_memory_catalog(spark: "SparkSession") -> None:
    """Raise RunFailed if SQL statements of this session would change a catalog outside the job."""
    expected = {
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.catalog.spark_catalog": "",
        "spark.sql.defaultCatalog": "spark_catalog",
    }
    for setting, value in expected.items():
        if (found := spark.conf.get(setting, value)) != value:
            raise RunFailed(
                ErrorCode.ARGUMENTS_INVALID,
                f"{setting} is {found}, so this job could change tables in the Glue Data Catalog. "
                "Remove the setting and --enable-glue-datacatalog from the job's default arguments, and deploy again.",
            )


def task_error(error: Exception) -> RunFailed:
    """Convert the error of a Spark task, or of the driver if no task failed, to a RunFailed with a one-line message.

    Spark wraps the Python traceback of a task in a Java stack trace. The last exception in the traceback is the cause.
    A Java error in a task follows the words `Lost task`.
    """
    raised = re.findall(r"^(?:\w+\.)*(\w*(?:Error|Exception|RunFailed|Interrupt)): (.+)$", str(error), re.MULTILINE)
    of_python = [(kind, text) for kind, text in raised if not text.startswith("An error occurred while calling")]
    of_java = re.search(r"Lost task .*? executor \w+\): (?:[\w$]+\.)*(\w+): (.+)", str(error))
    if of_python:
        kind, text = of_python[-1]
    elif of_java:
        kind, text = of_java.groups()
    else:
        return driver_error(error)
    if kind == "RunFailed":
        return RunFailed.parse(text, retryable=True)
    return RunFailed(
        ErrorCode.SPARK_FAILED, f"A Spark task failed: {kind}: {text.rstrip('.')}. {REMEDY}", retryable=True
    )


def driver_error(error: Exception) -> RunFailed:
    """Convert the Java exception of the driver to a RunFailed with a one-line message.

    In the message of Py4J, the exception is between the call and the Java stack trace.
    """
    of_java = re.search(r"^: (?:[\w$]+\.)*([\w$]+: .+)", str(error), re.MULTILINE)
    what = of_java[1] if of_java else f"{type(error).__name__}: {error}".partition("\n")[0]
    return RunFailed(ErrorCode.SPARK_FAILED, f"Spark failed: {what.rstrip('.')}. {REMEDY}", retryable=True)


def _archive() -> str | None:
    """The ZIP file from which this package is imported, or None if it is imported from a folder."""
    module = Path(__file__)
    return next((str(parent) for parent in module.parents if parent.suffix == ".zip" and str(parent) in sys.path), None)
