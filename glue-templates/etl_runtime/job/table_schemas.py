"""The schemas of published tables, as they are in the Data Catalog after a crawl."""

from collections.abc import Mapping
from typing import Any


def changed_tables(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[str]:
    """The keys of tables whose schema in `new` differs from their schema in `old`. Each is the content of a
    published.json file."""
    return [key for key in new["tables"] if _columns(new, key) != _columns(old, key)]


def _columns(published: Mapping[str, Any] | None, key: str) -> list[tuple[str, str]]:
    table = (published or {}).get("tables", {}).get(key, {})
    dates = [("meta_source_date", "date")] if "source_date" in table else []
    return [*((column["name"], column["type"]) for column in table.get("columns", [])), *dates]
