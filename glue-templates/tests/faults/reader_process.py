"""A process that reads Iceberg tables with pyiceberg."""

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa


class ReadFailed(Exception):
    """A reader cannot read a table that exists."""


class ReaderProcess:
    """Runs pyiceberg with the Python interpreter READERS_PYTHON, which `npx projen test:python` sets."""

    def __init__(self, endpoint: str) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [os.environ["READERS_PYTHON"], Path(__file__).with_name("iceberg_reader.py"), endpoint],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )

    def current(self, database: str, table: str) -> pa.Table | None:
        """The rows of the current snapshot; None if the table is not in the Data Catalog. Raises ReadFailed."""
        return self._rows([database, table])

    def of_metadata(self, location: str) -> pa.Table | None:
        """The rows of the current snapshot of the metadata file at `location`. Raises ReadFailed."""
        return self._rows(location)

    def named(self, database: str, table: str) -> tuple[set[int], set[str]]:
        """The IDs of the snapshots and the URIs of the objects of the table. Raises ReadFailed."""
        response, _ = self._request({"named": [database, table]})
        return set(response["snapshots"]), set(response["named"])

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)

    def _rows(self, name: list[str] | str) -> pa.Table | None:
        response, body = self._request({"read": name})
        return None if "missing" in response else pa.ipc.open_stream(body).read_all()

    def _request(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdin and self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            response = json.loads(self._process.stdout.readline())
            body = self._process.stdout.read(response["bytes"])
        if "error" in response:
            raise ReadFailed(f"{request}: {response['error']}")
        return response, body
