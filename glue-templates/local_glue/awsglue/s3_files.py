"""Implements `from_options` with Spark: reads and writes files in S3."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, DataFrameReader, SparkSession

from awsglue.unavailable import unavailable

_FORMATS = ("csv", "json", "orc", "parquet")
_TUNING = {
    "groupFiles",
    "groupSize",
    "inPartition",
    "maxBand",
    "maxFilesInBand",
    "optimizePerformance",
    "useS3ListImplementation",
}
"""Options that do not change the result, so they are accepted and ignored."""
_CSV = {
    "separator": "sep",
    "quoteChar": "quote",
    "escaper": "escape",
    "multiline": "multiLine",
    "multiLine": "multiLine",
}
"""The options for CSV files in Glue, mapped to their names in Spark."""


def read_files(
    spark: SparkSession,
    connection_type: str,
    connection_options: Mapping[str, Any] | None,
    file_format: str | None,
    format_options: Mapping[str, Any] | None,
) -> DataFrame:
    """Read the rows of files as Glue does. In CSV files, all columns are strings. If no header is declared, the columns
    are named col0, col1, …."""
    options, name = _supported(connection_type, connection_options, {"paths", "recurse"}, file_format)
    paths = options.get("paths") or unavailable("from_options without paths", 'Set {"paths": ["s3://…"]}.')
    reader = spark.read
    if options.get("recurse"):
        reader = reader.option("recursiveFileLookup", "true")
    given = dict(format_options or {})
    if name == "csv":
        return _read_csv(reader, paths, given)
    if name == "json":
        if given.pop("multiline", given.pop("multiLine", False)):
            reader = reader.option("multiLine", "true")
        _require_known(given, "json")
        return reader.json(paths)
    return reader.format(name).load(paths)


def _read_csv(reader: DataFrameReader, paths: list[str], given: dict[str, Any]) -> DataFrame:
    has_header = bool(given.pop("withHeader", False))
    for option, of_spark in _CSV.items():
        if option in given:
            reader = reader.option(of_spark, _text(given.pop(option)))
    _require_known(given, "csv")
    rows = reader.option("header", _text(has_header)).csv(paths)
    return rows if has_header else rows.toDF(*(f"col{index}" for index in range(len(rows.columns))))


def write_files(
    rows: DataFrame,
    connection_type: str,
    connection_options: Mapping[str, Any] | None,
    file_format: str | None,
    format_options: Mapping[str, Any] | None,
) -> None:
    """Add files to a folder, as Glue does. CSV files have a header unless writeHeader is false."""
    options, name = _supported(
        connection_type, connection_options, {"path", "partitionKeys", "compression"}, file_format
    )
    path = options.get("path") or unavailable("from_options without a path", 'Set {"path": "s3://…"}.')
    given = dict(format_options or {})
    writer = rows.write.mode("append").format(name)
    compression = options.get("compression", given.pop("compression", None))
    if compression:
        writer = writer.option("compression", compression)
    if name == "csv":
        writer = writer.option("header", _text(given.pop("writeHeader", True)))
        for option, of_spark in _CSV.items():
            if option in given:
                writer = writer.option(of_spark, _text(given.pop(option)))
    given.pop("useGlueParquetWriter", None)
    _require_known(given, name)
    writer.partitionBy(*options.get("partitionKeys") or ()).save(path)


def _supported(
    connection_type: str, options: Mapping[str, Any] | None, known: set[str], file_format: str | None
) -> tuple[dict[str, Any], str]:
    """Return the options and the name of the format in Spark. Fails if an option or the format is not supported."""
    if connection_type != "s3":
        unavailable(f"The connection type {connection_type!r}", 'Local runs can only read and write "s3".')
    name = "parquet" if file_format == "glueparquet" else (file_format or "").lower()
    if name not in _FORMATS:
        unavailable(f"The format {file_format!r}", f"Supported formats: {', '.join(_FORMATS)}.")
    given = dict(options or {})
    _require_known({option: value for option, value in given.items() if option not in known}, "connection_options")
    return given, name


def _require_known(remaining: Mapping[str, Any], what: str) -> None:
    for option in remaining:
        if option not in _TUNING:
            unavailable(
                f"The option {option!r} ({what})", "Remove it, or read the files with glueContext.spark_session."
            )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
