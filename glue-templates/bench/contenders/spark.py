"""A Spark session with one empty task: the fixed cost of every Spark job."""

from bench.request import Request


def main() -> None:
    request = Request.read()
    request.configure_spark()
    from etl_runtime.job.spark import start_spark

    with request.step("start spark"):
        spark = start_spark()
    with request.step("task"):
        spark.sparkContext.parallelize([0], 1).map(bool).collect()
    request.finish()


if __name__ == "__main__":
    main()
