"""Resets the schema contract of a bronze dataset, so that its next run infers columns and types again.

    python reset_contract.py RUNS        s3:// prefix of the run records, such as s3://bucket/etl/zipcodes/runs/bronze/

The script sets "contract_reset": true in published.json. The published tables are unchanged. The next publication
removes the key. If the dataset is not published, the exit code is 1, with one line on standard error.
"""

import argparse
import json
import os
import sys

from parent import end_with_parent
from pyarrow import fs


def reset_contract(lake: fs.S3FileSystem, runs: str) -> None:
    """Set the key in published.json. Raises FileNotFoundError if the dataset is not published."""
    path = f"{runs.removeprefix('s3://')}published.json"
    with lake.open_input_file(path) as file:
        published = json.loads(file.read())
    published["contract_reset"] = True
    with lake.open_output_stream(path) as file:
        file.write(json.dumps(published, indent=1, ensure_ascii=False).encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("runs")
    arguments = parser.parse_args()
    end_with_parent()
    lake = fs.S3FileSystem(
        endpoint_override=os.environ["AWS_ENDPOINT_URL"], scheme="http", region=os.environ["AWS_REGION"]
    )
    try:
        reset_contract(lake, arguments.runs)
    except FileNotFoundError:
        dataset = arguments.runs.split("/")[4]
        sys.exit(
            f"{dataset} is not published in this lake yet. Its next run infers the columns and types without a reset."
        )


if __name__ == "__main__":
    main()
