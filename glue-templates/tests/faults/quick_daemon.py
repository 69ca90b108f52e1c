"""Replaces pyspark.daemon, from which Spark forks its workers, so that retries in the workers do not wait."""

from pyspark.daemon import manager

from faults import quick_retries

if __name__ == "__main__":
    quick_retries.install()
    manager()
