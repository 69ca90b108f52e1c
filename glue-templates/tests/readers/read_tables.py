"""Runs the examples of docs/operations/readers.md, and prints the rows that each library has read.

    python read_tables.py PAGE HEADING NAME REPLACEMENT

HEADING is the heading of the section with the examples. In the examples, NAME is replaced by REPLACEMENT. Prints
one JSON object to standard output: the rows as objects, keyed by the variable of the example. Values are text, except
for booleans.
"""

import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def examples(page: str, heading: str) -> str:
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


def rows_of(read: Any) -> list[dict[str, Any]]:
    """The rows of an Arrow table, or of a frame of pandas, Polars or DuckDB."""
    if hasattr(read, "to_dict") and hasattr(read, "iloc"):
        found = read.to_dict("records")
    elif hasattr(read, "to_dicts"):
        found = read.to_dicts()
    else:
        found = (read if hasattr(read, "to_pylist") else read.to_arrow_table()).to_pylist()
    return [{name: plain(value) for name, value in row.items()} for row in found]


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list) or getattr(value, "ndim", 0) > 0:
        return [plain(each) for each in value]
    if value is None or value != value:  # NaN and NaT: pandas represents null with them
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return bool(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def main() -> None:
    page, heading, name, replacement = sys.argv[1:]
    names: dict[str, Any] = {}
    code = examples(Path(page).read_text(encoding="utf-8"), heading).replace(name, replacement)
    exec(compile(code, page, "exec"), names)
    wanted = ("_table", "_frame", "_rows")
    print(json.dumps({each: rows_of(value) for each, value in names.items() if each.endswith(wanted)}))


if __name__ == "__main__":
    main()
