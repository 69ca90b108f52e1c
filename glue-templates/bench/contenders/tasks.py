"""The packaged bronze job, but all parts go through S3 and are converted by Spark tasks, as those beyond 2 GB are."""

from bench.contenders.job import run
from bench.request import Request

if __name__ == "__main__":
    run(Request.read(), in_spark=True)
