"""The quality gates that both layers have, and what becomes of a run that fails some."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from etl_runtime.job.dataset_document import DataQuality, DatasetDocument
from etl_runtime.job.errors import RunFailed


def decided(failures: Iterable[tuple[str, str, str]], allowed: Collection[str]) -> list[dict[str, Any]]:
    """The gates that failed, as the run's record has them: gate, table, found, allowed.

    `failures` are gate, table and what was found. Raises RunFailed, naming all of them, where one is not allowed to fail.
    """
    gates = [
        {"gate": gate, "table": table, "found": found, "allowed": gate in allowed} for gate, table, found in failures
    ]
    stopping = {failed["gate"] for failed in gates if not failed["allowed"]}
    if stopping:
        named = "; ".join(f"{failed['table']}: {failed['found']} [{failed['gate']}]" for failed in gates)
        raise RunFailed(
            f"Quality gates failed: {named}. The published table stays as it is. "
            f'Look at the source; to publish all the same, once, run with run_options {{"allow": {json.dumps(sorted(stopping))}}}',
            gates=gates,
        )
    return gates


def required_values(
    key: str, nulls: Mapping[str, int], rows: int, there: Collection[str], quality: DataQuality, where: str
) -> Iterator[tuple[str, str]]:
    """The gates on required columns and on the number of rows. `there` are the columns that `where` has."""
    threshold = quality.get("critical_null_threshold", 0.05)
    for name in _of_table(quality.get("required_columns", []), key, []):
        if name not in there:
            yield (
                "required_columns",
                f"the required column {name} is not in {where}, which has {', '.join(sorted(there))}",
            )
        elif nulls[name] > threshold * rows:
            yield (
                "null_share",
                f"{name} is null in {share(nulls[name], rows)}, critical_null_threshold is {threshold:.2%}",
            )
    least = _of_table(quality.get("expected_record_count_min", 1), key, 1)
    if rows < least:
        yield "min_rows", f"{rows:,} rows, expected_record_count_min is {least:,}"


def shrink(rows: int, published: int, document: DatasetDocument) -> Iterator[tuple[str, str]]:
    most = document.get("data_quality", {}).get("max_shrink", 0.5)
    if rows < published * (1 - most):
        yield "shrink", f"{rows:,} rows, {published:,} are published, max_shrink is {most:.0%}"


Value = TypeVar("Value")


def _of_table(setting: Value | Mapping[str, Value], key: str, otherwise: Value) -> Value:
    """A setting that may be given by table."""
    return setting.get(key, otherwise) if isinstance(setting, Mapping) else setting


def share(count: int, rows: int) -> str:
    return f"{count:,} of {rows:,} rows ({count / rows:.2%})"
