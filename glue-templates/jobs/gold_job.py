"""The packaged gold job: publishes the result of the dataset's SQL query on tables of the lake."""

import sys

from pyspark.sql import DataFrame

from etl_runtime.gold import Gold, run_gold


def transform(gold: Gold) -> DataFrame | dict[str, DataFrame]:
    return gold.query()


if __name__ == "__main__":
    run_gold(sys.argv, transform)
