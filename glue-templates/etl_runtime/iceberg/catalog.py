"""Uses the Glue Data Catalog as an Iceberg catalog, through the Iceberg library in Spark's JVM.

The job uses the library directly instead of Spark's SQL catalogs, because it writes the objects itself and a commit
only needs their metadata. Spark settings with the prefix SETTINGS are passed to the catalog as properties.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError
from pyspark.errors.exceptions.captured import CapturedException
from tenacity import retry, retry_if_exception, stop_after_attempt

from etl_runtime.job.errors import ErrorCode, RunFailed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SETTINGS = "spark.sql.catalog.glue_catalog."
JAVA_ERRORS = (Py4JJavaError, CapturedException)
"""The errors that a call to Java can raise. PySpark converts some exceptions, such as IllegalArgumentException."""
CONFLICTS = ("ValidationException", "CommitFailedException", "AlreadyExistsException")
"""The exceptions that Iceberg throws if another writer has changed a table."""
INCOMPLETE_READS = ("EOFException", "ConnectionClosedException")
"""The root causes of the exception that Iceberg throws if it reads an object and the response of S3 is cut off."""
MAX_ATTEMPTS = 3  # Iceberg retries failed requests, but not requests whose response is cut off


class IcebergCatalog:
    """The Data Catalog, for the tables in one bucket. This is a context manager that closes the connections of the
    library.

    Creating an instance takes half a second, mostly to load classes.
    """

    def __init__(self, spark: "SparkSession", bucket: str) -> None:
        self._spark = spark
        context: Any = spark.sparkContext
        self.jvm: Any = context._jvm
        self.iceberg: Any = self.jvm.org.apache.iceberg
        properties = self.jvm.java.util.HashMap()
        properties.put("warehouse", f"s3://{bucket}/")
        properties.put("io-impl", "org.apache.iceberg.aws.s3.S3FileIO")
        for name, value in context.getConf().getAll():
            if name.startswith(SETTINGS):
                properties.put(name.removeprefix(SETTINGS), value)
        try:
            self._catalog = self.iceberg.CatalogUtil.loadCatalog(
                "org.apache.iceberg.aws.glue.GlueCatalog",
                "glue_catalog",
                properties,
                context._jsc.hadoopConfiguration(),
            )
        except TypeError as error:  # Py4J treats a class that does not exist as a package
            raise RunFailed(
                ErrorCode.ARGUMENTS_INVALID,
                "The Iceberg library is not on the classpath of this job. Set the job's default argument "
                "--datalake-formats to iceberg, or deploy the dataset's stack again.",
            ) from error

    def identifier(self, database: str, name: str) -> Any:
        names = self._spark.sparkContext._gateway.new_array(self.jvm.java.lang.String, 1)
        names[0] = database
        return self.iceberg.catalog.TableIdentifier.of(self.iceberg.catalog.Namespace.of(names), name)

    def load(self, database: str, name: str) -> Any | None:
        """The table, or None if it does not exist."""
        try:
            return self._catalog.loadTable(self.identifier(database, name))
        except JAVA_ERRORS as error:
            if exception_name(error) == "NoSuchTableException":
                return None
            raise

    def __enter__(self) -> "IcebergCatalog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._catalog.close()

    def java_list(self, values: Sequence[str]) -> Any:
        found = self.jvm.java.util.ArrayList()
        for value in values:
            found.add(value)
        return found

    def builder(self, database: str, name: str, schema: Any) -> Any:
        return self._catalog.buildTable(self.identifier(database, name), schema)


def iterate(java: Any) -> Iterator[Any]:
    """The elements of a Java Iterable."""
    iterator = java.iterator()
    while iterator.hasNext():
        yield iterator.next()


def iterate_and_close(java: Any) -> Iterator[Any]:
    """The elements of a Java Iterable that has open files."""
    try:
        yield from iterate(java)
    finally:
        java.close()


def exception_name(error: BaseException) -> str:
    """The name of the Java class, without its package."""
    exception = _java_exception(error)
    return type(error).__name__ if exception is None else str(exception.getClass().getSimpleName())


def is_incomplete_read(error: BaseException) -> bool:
    """Whether Iceberg could not read an object because the response of S3 was cut off.

    The response to a commit can be cut off too. Then Iceberg throws a CommitFailedException or a
    CommitStateUnknownException.
    """
    exception = _java_exception(error)
    if exception is None or exception_name(error).startswith("Commit"):
        return False
    return _root_cause(exception).getClass().getSimpleName() in INCOMPLETE_READS


retry_incomplete_reads = retry(
    stop=stop_after_attempt(MAX_ATTEMPTS), retry=retry_if_exception(is_incomplete_read), reraise=True
)


def is_conflict(error: Exception) -> bool:
    """Whether another writer has changed the table.

    A ValidationException that has a cause is a validation error of the Glue API, not a conflict.
    """
    exception = _java_exception(error)
    has_cause = exception is not None and exception.getCause() is not None
    name = exception_name(error)
    return name in CONFLICTS and not (name == "ValidationException" and has_cause)


def catalog_error(error: Exception, table: str) -> RunFailed:
    """Convert the error of a catalog call to a RunFailed. `table` is the name of the table, such as
    pp_dw_bronze.zipcodes."""
    message, cause = _messages(error)
    if is_conflict(error):
        return RunFailed(
            ErrorCode.CONCURRENT_RUN,
            f"Another writer has changed {table} since this run started: {message}. "
            "This run has not changed the published table. Run the job again.",
            retryable=True,
        )
    return RunFailed(
        ErrorCode.SPARK_FAILED,
        f"{table}: {exception_name(error)}: {message}{f' Cause: {cause}' if cause else ''}",
        retryable="AccessDenied" not in cause,
    )


def _messages(error: Exception) -> tuple[str, str]:
    """The message of the Java exception, and the class and message of its first cause."""
    exception = _java_exception(error)
    if exception is None:
        return str(error).partition("\n")[0], ""
    root = _root_cause(exception)
    cause = "" if root.equals(exception) else f"{root.getClass().getSimpleName()}: {root.getMessage()}"
    return str(exception.getMessage()), cause


def _root_cause(exception: Any) -> Any:
    while exception.getCause() is not None:
        exception = exception.getCause()
    return exception


def _java_exception(error: BaseException) -> Any | None:
    return error.java_exception if isinstance(error, Py4JJavaError) else getattr(error, "_origin", None)
