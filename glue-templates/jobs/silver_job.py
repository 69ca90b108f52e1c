"""The packaged silver job: publishes the result of the dataset's SQL query on tables of the lake."""

import sys

from pyspark.sql import DataFrame

from etl_runtime.silver import Silver, run_silver


def transform(silver: Silver) -> DataFrame | dict[str, DataFrame]:
    return silver.query()


if __name__ == "__main__":
    run_silver(sys.argv, transform)
