"""The bronze job: files or an API → typed tables in Athena, with the originals kept."""

import sys

from etl_runtime.bronze import run_bronze

if __name__ == "__main__":
    run_bronze(sys.argv)
