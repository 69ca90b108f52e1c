"""Opens DuckDB connections, and quotes names in SQL."""

from typing import Any

import duckdb


def connect(database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Open a connection that does not download extensions. By default, the database is in memory."""
    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    return duckdb.connect(database, config=settings)


def quoted(name: str) -> str:
    """Quote a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
