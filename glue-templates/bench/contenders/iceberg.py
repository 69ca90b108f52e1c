"""The packaged bronze job with an Iceberg table."""

import boto3

from bench.contenders.job import names, run
from bench.request import Request

if __name__ == "__main__":
    boto3.client("glue").create_database(DatabaseInput={"Name": names()["database"]})
    run(Request.read(), table_format="iceberg")
