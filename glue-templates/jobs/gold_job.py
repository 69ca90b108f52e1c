"""The gold job: tables of the lake → a table made of them by the dataset's query.

inputs → query → typed Parquet in staging, check, publish → gold
"""

import sys

from pyspark.sql import DataFrame

from etl_runtime.gold import Gold, run_gold


def transform(gold: Gold) -> DataFrame | dict[str, DataFrame]:
    return gold.query()


if __name__ == "__main__":
    run_gold(sys.argv, transform)
