"""The quality gates that bronze and derived datasets share. Also decides whether a failed gate stops the run."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from etl_runtime.job.arguments import GATES
from etl_runtime.job.dataset_document import DataQuality, DatasetDocument
from etl_runtime.job.errors import RunFailed
from etl_runtime.job.plural import plural
from etl_runtime.job.suggestion import did_you_mean


def stop_unless_allowed(failures: Iterable[tuple[str, str, str]], allowed: Collection[str]) -> list[dict[str, Any]]:
    """Return the failed gates as entries of the run record: gate, code, table, found, allowed.

    Each item in `failures` consists of the gate, the table and what was found. Raises RunFailed if one of them is not
    `allowed`. The error lists all failed gates. It has the code of the first gate that is not `allowed`.
    """
    gates: list[dict[str, Any]] = [
        {"gate": gate, "code": GATES[gate], "table": table, "found": found, "allowed": gate in allowed}
        for gate, table, found in failures
    ]
    stopping = [failed for failed in gates if not failed["allowed"]]
    if stopping:
        findings = "; ".join(f"{failed['table']}: {failed['found']} [{failed['code']}]" for failed in gates)
        allow = json.dumps(sorted({failed["gate"] for failed in stopping}))
        raise RunFailed(
            GATES[stopping[0]["gate"]],
            f"Quality gates failed: {findings}. The published table is unchanged. Check the source. "
            f'To publish once despite the failed gates, run with run_options {{"allow": {allow}}}',
            gates=gates,
        )
    return gates


def required_value_failures(
    key: str, nulls: Mapping[str, int], rows: int, columns: Collection[str], quality: DataQuality, where: str
) -> Iterator[tuple[str, str]]:
    """Yield the failures of the gates for required columns and for the minimum number of rows. `columns` are the
    columns of the table. `where` is their origin as it appears in messages, such as "the source"."""
    threshold = quality.get("critical_null_threshold", 0.05)
    for name in _for_table(quality.get("required_columns", []), key, []):
        if name not in columns:
            yield (
                "required_columns",
                f"the required column {name} is not in {where}. {did_you_mean(name, sorted(columns))}"
                f"{where[0].upper()}{where[1:]} has {', '.join(sorted(columns))}",
            )
        elif nulls[name] > threshold * rows:
            yield (
                "null_share",
                f"{name} is null in {share_text(nulls[name], rows)}, but critical_null_threshold is {threshold:.2%}",
            )
    expected = min_rows(quality, key)
    if rows < expected:
        yield "min_rows", f"{plural(rows, 'row')}, but expected_record_count_min is {expected:,}"


def min_rows(quality: DataQuality, key: str) -> int:
    """The minimum number of rows of a table. 0 allows an empty table."""
    return _for_table(quality.get("expected_record_count_min", 1), key, 1)


def columns_of_other_gates(key: str, document: DatasetDocument) -> set[str]:
    """The columns that the gates for lost columns skip: optional columns, and required columns, which have gates of
    their own."""
    quality = document.get("data_quality", {})
    return {*quality.get("optional_columns", []), *_for_table(quality.get("required_columns", []), key, [])}


def shrink_failures(rows: int, published: int, document: DatasetDocument) -> Iterator[tuple[str, str]]:
    max_shrink = document.get("data_quality", {}).get("max_shrink", 0.5)
    if rows < published * (1 - max_shrink):
        yield "shrink", f"{plural(rows, 'row')}, but {published:,} are published and max_shrink is {max_shrink:.0%}"


Value = TypeVar("Value")


def _for_table(setting: Value | Mapping[str, Value], key: str, default: Value) -> Value:
    """The value for one table, from a setting that has a single value or one value per table."""
    return setting.get(key, default) if isinstance(setting, Mapping) else setting


def share_text(count: int, rows: int) -> str:
    share = count / rows
    return f"{count:,} of {plural(rows, 'row')} ({'<0.01%' if 0 < share < 0.0001 else f'{share:.2%}'})"
