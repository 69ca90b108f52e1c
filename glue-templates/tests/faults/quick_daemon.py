"""Stands in for pyspark.daemon, of which Spark's workers are forked: their retries follow at once."""

from pyspark.daemon import manager

from faults import quick_retries

if __name__ == "__main__":
    quick_retries.install()
    manager()
