"""Has a dataset's next run forget the published columns and types, and guess anew.

    python reset_contract.py RUNS        s3:// prefix of the runs' records, as in s3://bucket/etl/zipcodes/runs/bronze/

published.json gets "contract_reset": true; the tables that it names stay as they are. The next publication writes it without.
Exit code 1 and one line on standard error: nothing has been published there.
"""

import argparse
import json
import os
import sys

from parent import end_with_parent
from pyarrow import fs


def reset_contract(lake: fs.S3FileSystem, runs: str) -> None:
    """Mark what is published. Raises FileNotFoundError where nothing is."""
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
            f"Nothing of {dataset} is published in this lake yet, so its next run guesses its columns and types anyway."
        )


if __name__ == "__main__":
    main()
