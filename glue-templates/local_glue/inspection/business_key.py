"""Proposes the business key of a table."""

import re

import pyarrow.compute as pc

from inspection.sampled_table import SampledTable

KEY_NAME = re.compile(r"(^|_)(id|code|key|no|num|number|uuid|guid)$")
MIN_ROWS = 20


def find_business_key(table: SampledTable) -> list[str]:
    """Return the first candidate column with unique values, as a list. The list is empty if there is no such column.

    Candidates are the first column of the table and the columns whose names look like keys.
    """
    if table.rows < MIN_ROWS:
        return []
    names = table.names
    for position, (source, inference) in enumerate(table.columns.inferences.items()):
        is_candidate = position == 0 or KEY_NAME.search(names[source])
        if is_candidate and inference.best.type in ("bigint", "string"):
            text = table.columns.text(source)
            if text.null_count == 0 and len(pc.unique(text)) == len(text) == table.rows:
                return [names[source]]
    return []
