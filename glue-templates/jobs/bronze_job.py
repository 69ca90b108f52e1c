"""The packaged bronze job: publishes files or the responses of an API as typed tables, and keeps the originals."""

import sys

from etl_runtime.bronze import run_bronze

if __name__ == "__main__":
    run_bronze(sys.argv)
