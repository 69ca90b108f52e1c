"""Looks at Parquet that a contender wrote, so that two outputs can be compared.

    python -m bench.output PLACE

PLACE is a file, or the `s3://…/` folder of a table. Prints {"rows": …, "columns": {name: {"type": …, "checksum": …}}}. Types are those of
which the checksums can be compared: integer, number, text, boolean, date, timestamp. A checksum does not depend on the order of rows.
"""

import json
import os
import sys
from typing import Any

import duckdb
import pyarrow.dataset as ds
from pyarrow import fs

OWN = ("meta_run_id", "meta_rescued", "_dlt_id", "_dlt_load_id")  # what the job or dlt adds
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


def dataset(place: str) -> Any:
    if not place.startswith("s3://"):
        return ds.dataset(place, format="parquet")
    store = fs.S3FileSystem(
        access_key="test",
        secret_key="test",
        endpoint_override=os.environ["AWS_ENDPOINT_URL"],
        scheme="http",
        region="us-east-1",
    )
    found = store.get_file_info(fs.FileSelector(place.removeprefix("s3://").rstrip("/"), recursive=True))
    return ds.dataset(
        [each.path for each in found if each.path.endswith(".parquet")], filesystem=store, format="parquet"
    )


def inspect_source(place: str) -> dict[str, Any]:
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.register("output", dataset(place))
    names = {name: str(type) for name, type, *_ in connection.execute("DESCRIBE output").fetchall() if name not in OWN}
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
    print(json.dumps(inspect_source(sys.argv[1])))
