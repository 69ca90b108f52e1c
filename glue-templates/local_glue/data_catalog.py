"""Stores the databases and tables of the emulator's Glue Data Catalog in a file, so that they outlive the emulator."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

STORED = ("databases", "tables", "partitions", "partition_indexes")
READS = ("Get", "BatchGet", "List", "Search")
"""Read-only actions begin with these words."""


def load_catalog(glue: Any, file: Path) -> None:
    """Load the databases and tables into the Glue module of ministack. Ends the emulator if the file is invalid."""
    from ministack.core.persistence import _json_object_hook

    if not file.exists():
        return
    try:
        state = json.loads(file.read_text(encoding="utf-8"), object_hook=_json_object_hook)
        glue.load_persisted_state({name: state[name] for name in STORED})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(
            f"The Data Catalog of the local lake, {file}, is invalid ({type(error).__name__}: {error}). "
            "Restore the file, or delete the lake with `npx medallion reset` and run the datasets again."
        )


def serialize_requests(glue: Any, on_change: Callable[[], None]) -> None:
    """Execute the requests to the Glue module of ministack one at a time.

    ministack handles requests in several threads. For an update, it compares the version of the table and then writes
    the table. Without a lock, two concurrent updates of the same version would both succeed.

    on_change: called after each change, before the response is sent.
    """
    execute = glue._handle_request_sync
    lock = threading.Lock()

    def execute_alone(method: str, path: str, headers: dict[str, str], *others: Any) -> Any:
        with lock:
            response = execute(method, path, headers, *others)
            if response[0] == 200 and not _action(headers).startswith(READS):
                on_change()
            return response

    glue._handle_request_sync = execute_alone


def store_catalog(glue: Any, file: Path) -> None:
    """Replace the file. If the emulator is killed, either the previous file or the new one exists."""
    from ministack.core.persistence import _json_default

    temporary = file.with_name(f"{file.name}.tmp")
    state = {name: glue._ALL_STATE[name] for name in STORED}
    temporary.write_text(json.dumps(state, default=_json_default), encoding="utf-8")
    temporary.replace(file)


def _action(headers: dict[str, str]) -> str:
    """The action of a request, such as UpdateTable."""
    return headers.get("x-amz-target", "").rpartition(".")[2]
