"""A typical PySpark job: the ZIP file in memory, type inference by Spark, count, write, count again."""

import io
import urllib.request
import zipfile

import boto3
from pyspark.sql import SparkSession

from bench.request import BUCKET, Request


def main() -> None:
    request = Request.read()
    kind = request.data
    request.configure_spark()
    with request.step("fetch"), urllib.request.urlopen(request.url) as response:
        archive = zipfile.ZipFile(io.BytesIO(response.read()))
    with request.step("unpack"), archive.open("data.csv") as file:
        boto3.client("s3").upload_fileobj(file, BUCKET, "raw/naive/data.csv")
    with request.step("start spark"):
        spark = SparkSession.builder.appName("naive").getOrCreate()
    with request.step("infer"):
        frame = spark.read.csv(
            f"s3://{BUCKET}/raw/naive/data.csv",
            header=kind.header,
            sep=kind.delimiter,
            inferSchema=True,
            multiLine=kind.line_breaks_in_quotes,
        )
        frame = frame.toDF(*(column.name for column in kind.columns))
    with request.step("count"):
        rows = frame.count()
    with request.step("write"):
        frame.write.mode("overwrite").parquet(f"s3://{BUCKET}/bronze/naive/")
    with request.step("count again"):
        written = spark.read.parquet(f"s3://{BUCKET}/bronze/naive/").count()
    if rows != written:
        raise SystemExit(f"Row count mismatch: {rows} rows were read and {written} rows were written.")
    request.finish(f"s3://{BUCKET}/bronze/naive/")


if __name__ == "__main__":
    main()
