"""Reads Iceberg tables with pyiceberg, in an environment of its own and without the code of the job.

    python iceberg_reader.py ENDPOINT      the URL of the S3 and Glue API

Each line on standard input is a request, a JSON object:

- `{"read": [DATABASE, TABLE]}` reads the current snapshot, as the Data Catalog names it.
- `{"read": METADATA_LOCATION}` reads the current snapshot of a metadata file.
- `{"named": [DATABASE, TABLE]}` returns the IDs of the snapshots and the objects of the table.

For each request, a line with a JSON object is written to standard output. `bytes` is the number of bytes that follow:
the rows as an Arrow stream.
"""

import json
import sys
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import StaticTable, Table


def main() -> None:
    endpoint = sys.argv[1]
    keys = {"access-key-id": "test", "secret-access-key": "test", "region": "us-east-1", "endpoint": endpoint}
    properties = {f"{service}.{name}": value for service in ("glue", "s3") for name, value in keys.items()}
    catalog = GlueCatalog("glue", **properties)
    for line in sys.stdin:
        request = json.loads(line)
        body = b""
        response: dict[str, Any]
        try:
            name = request.get("read") or request["named"]
            table = (
                StaticTable.from_metadata(name, properties)
                if isinstance(name, str)
                else catalog.load_table(tuple(name))
            )
            if "named" in request:
                snapshots = [snapshot.snapshot_id for snapshot in table.snapshots()]
                response = {"named": sorted(named_objects(table)), "snapshots": snapshots}
            else:
                response, body = {}, rows(table)
        except NoSuchTableError:
            response = {"missing": True}
        except Exception as error:
            response = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.buffer.write(json.dumps({**response, "bytes": len(body)}).encode() + b"\n" + body)
        sys.stdout.buffer.flush()


def rows(table: Table) -> bytes:
    """The rows of the current snapshot. Fails if an object is missing, or if the manifests have another row count."""
    snapshot = table.current_snapshot()
    found = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow() if snapshot else table.scan().to_arrow()
    counted = sum(task.file.record_count for task in table.scan().plan_files())
    if counted != found.num_rows:
        raise ValueError(f"the manifests count {counted} rows, but the objects have {found.num_rows}")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema) as writer:
        writer.write_table(found)
    return bytes(sink.getvalue())


def named_objects(table: Table) -> set[str]:
    """The metadata files in the log, and the objects of all snapshots."""
    named = {table.metadata_location, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    for snapshot in table.snapshots():
        named.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            named.add(manifest.manifest_path)
            named |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)}
    return named


if __name__ == "__main__":
    main()
