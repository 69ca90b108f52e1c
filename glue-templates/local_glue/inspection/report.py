"""What an inspection found, in lines for the terminal."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from etl_runtime.job.plural import plural
from inspection.sample import Sample
from inspection.sampled_table import SampledTable


def report_lines(
    container: str,
    samples: Sequence[Sample],
    tables: Sequence[SampledTable],
    file_format: Mapping[str, Any],
    skipped: Mapping[str, str],
) -> list[str]:
    """One line for each table, and one for the skipped files with their reasons. `container` is the download."""
    lines = [_table_line(container, sample, table, file_format) for sample, table in zip(samples, tables, strict=True)]
    reasons = ", ".join(f"{name} ({reason})" for name, reason in skipped.items())
    return [*lines, f"skipped files: {reasons}"] if skipped else lines


def _table_line(container: str, sample: Sample, table: SampledTable, file_format: Mapping[str, Any]) -> str:
    format = [str(sample.type)]
    if sample.type == "csv":
        format += [
            f"delimiter {json.dumps(file_format.get('delimiter', ','))}",
            file_format.get("encoding", "utf-8"),
            "header" if file_format.get("header", True) else "no header",
        ]
    archive = "" if sample.member.name == container else f" in {container}"
    records = plural(table.rows, "record") if sample.is_complete else f"the first {plural(table.rows, 'record')}"
    columns = plural(len(table.columns.inferences), "column")
    return f"{sample.member.name}{archive} → {table.key}: {', '.join(format)}; {records}, {columns}"
