"""The Spark session of a job, with the settings that make its results the same everywhere."""

import sys
from pathlib import Path

from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",  # else a laptop's zone leaks into the data
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
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


def _archive() -> str | None:
    """The zip that this package was imported from, if it was."""
    module = Path(__file__)
    return next((str(parent) for parent in module.parents if parent.suffix == ".zip" and str(parent) in sys.path), None)
