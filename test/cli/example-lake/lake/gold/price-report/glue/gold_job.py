import sys

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from etl_runtime.gold import Gold, run_gold


def transform(gold: Gold) -> DataFrame:
    drugs = gold.read("${silver_database}.drugs")
    prices = gold.read("${bronze_database}.unit_prices")
    rates = gold.read("${bronze_database}.exchange_rates").select(
        "currency", f.col("value").cast("decimal(10,4)").alias("rate")
    )
    gold.require("prices are positive", "highest_price > 0")
    highest = drugs.join(prices, "package_code").groupBy("product").agg(f.max("price").alias("highest"))
    price = (f.col("highest") * f.col("rate")).cast("decimal(18,2)")
    return highest.crossJoin(rates).select("product", "currency", price.alias("highest_price"))


if __name__ == "__main__":
    run_gold(sys.argv, transform)
