"""Compares filters of pyiceberg, which skip files by the statistics of columns, with filters in Python.

    python compare_filters.py TABLE

Prints one JSON object to standard output: `filters` is the number of filters, `pruned` is the number of filters per
column that skip a file, and `differences` is a list of texts.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import EqualTo, GreaterThan, IsNull, LessThan, NotNull

KEY = "id"


def comparisons(column: str, value: Any) -> list[tuple[Any, Callable[[Any], bool]]]:
    """Filters with a value, and what they select in Python."""
    equal = (EqualTo(column, value), lambda cell: cell is not None and cell == value)
    if isinstance(value, bool | bytes):
        return [equal]
    return [
        equal,
        (LessThan(column, value), lambda cell: cell is not None and cell < value),
        (GreaterThan(column, value), lambda cell: cell is not None and cell > value),
    ]


def values_of(cells: list[Any]) -> list[Any]:
    """The lowest value, the highest and some between them, without NaN."""
    found = sorted({cell for cell in cells if cell is not None and cell == cell})
    return list(dict.fromkeys(found[index * (len(found) - 1) // 4] for index in range(5)))


def main() -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    properties = {"glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.region": os.environ["AWS_REGION"]}
    table = load_catalog("lake", type="glue", **properties).load_table(sys.argv[1])
    rows = table.scan().to_arrow().to_pylist()
    files = len(list(table.scan().plan_files()))
    filters, pruned, differences = 0, Counter[str](), []
    for field in table.schema().fields:
        if not field.field_type.is_primitive:
            continue
        column = field.name
        cells = {row[KEY]: row[column] for row in rows}
        selections: list[tuple[Any, Callable[[Any], bool]]] = [
            (IsNull(column), lambda cell: cell is None),
            (NotNull(column), lambda cell: cell is not None),
        ]
        for value in values_of(list(cells.values())):
            selections += comparisons(column, value)
        for expression, selects in selections:
            scan = table.scan(row_filter=expression, selected_fields=(KEY,))
            found = sorted(scan.to_arrow().column(KEY).to_pylist())
            expected = sorted(key for key, cell in cells.items() if selects(cell))
            filters += 1
            pruned[column] += len(list(scan.plan_files())) < files
            if found != expected:
                differences.append(f"{expression}: {len(found)} rows instead of {len(expected)}")
    result = {"rows": len(rows), "files": files, "filters": filters, "pruned": pruned, "differences": differences}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
