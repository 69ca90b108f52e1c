"""The packaged bronze job, in which all parts go through S3 to Spark tasks. Usually, only parts beyond 2 GB do so."""

from bench.contenders.job import run
from bench.request import Request

if __name__ == "__main__":
    run(Request.read(), in_spark=True)
