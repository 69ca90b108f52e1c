"""Summarizes the Parquet output of a contender, for the comparison with other outputs.

    python -m bench.output OUTPUT

OUTPUT is a file, or the `s3://…/` folder of a table. Prints {"rows": …, "columns": {name: {"type": …, "checksum": …}}}.
Types whose checksums can be compared have the same name: integer, number, text, boolean, date, timestamp. A checksum
does not depend on the order of the rows.
"""

import json
import os
import sys
from typing import Any

import duckdb
import pyarrow.dataset as ds
from pyarrow import fs

ADDED_COLUMNS = ("meta_run_id", "meta_rescued", "_dlt_id", "_dlt_load_id")  # the job and dlt add them
TYPES = {
    "BIGINT": "integer",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "DECIMAL": "number",
    "DOUBLE": "number",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
CASTS = {"integer": "BIGINT", "number": "DOUBLE"}


def dataset(output: str) -> Any:
    if not output.startswith("s3://"):
        return ds.dataset(output, format="parquet")
    store = fs.S3FileSystem(
        access_key="test",
        secret_key="test",
        endpoint_override=os.environ["AWS_ENDPOINT_URL"],
        scheme="http",
        region="us-east-1",
    )
    found = store.get_file_info(fs.FileSelector(output.removeprefix("s3://").rstrip("/"), recursive=True))
    return ds.dataset(
        [each.path for each in found if each.path.endswith(".parquet")], filesystem=store, format="parquet"
    )


def summarize(output: str) -> dict[str, Any]:
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.register("output", dataset(output))
    names = {
        name: str(type)
        for name, type, *_ in connection.execute("DESCRIBE output").fetchall()
        if name not in ADDED_COLUMNS
    }
    types = {name: TYPES.get(type.partition("(")[0].split(" ")[0], type) for name, type in names.items()}
    sums = [
        f'sum(hash("{name}"::{CASTS.get(type, names[name])})::HUGEINT % 1000000007)::VARCHAR'
        for name, type in types.items()
    ]
    rows, *checksums = connection.execute(f"SELECT count(*), {', '.join(sums)} FROM output").fetchall()[0]
    return {
        "rows": rows,
        "columns": {
            name: {"type": type, "checksum": sum} for (name, type), sum in zip(types.items(), checksums, strict=True)
        },
    }


if __name__ == "__main__":
    print(json.dumps(summarize(sys.argv[1])))
