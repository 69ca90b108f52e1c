"""Describes the findings of an inspection as lines of text for the terminal."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from etl_runtime.job.plural import plural
from etl_runtime.read.detect_format import delimiter_of
from inspection.encoding import encoding_line
from inspection.sample import Sample
from inspection.sampled_table import SampledTable


def report_lines(
    container: str,
    samples: Sequence[Sample],
    tables: Sequence[SampledTable],
    file_format: Mapping[str, Any],
    declared: Mapping[str, Any],
    skipped: Mapping[str, str],
) -> list[str]:
    """Return one line per table, and one line that lists the skipped files and the reasons.

    `container` is the name of the downloaded file. `declared` has the keys of `file_format` that the command line sets.
    """
    lines = [_table_line(container, sample, table, file_format) for sample, table in zip(samples, tables, strict=True)]
    reasons = ", ".join(f"{name} ({reason})" for name, reason in skipped.items())
    encoding = file_format.get("encoding")
    if encoding and "encoding" not in declared and (line := encoding_line(samples[0].head, encoding)):
        lines.append(line)
    if words := file_format.get("null_values"):
        lines.append(f"null_values {json.dumps(words, ensure_ascii=False)}: these words are read as null")
    if count := file_format.get("skip_rows_after_header"):
        lines.append(f"skip_rows_after_header {count}: skips {plural(count, 'record')} without data below the header")
    if samples[0].type == "csv":
        lines += [line for table in tables for line in table.blocked_lines(file_format)]
    return [*lines, f"skipped files: {reasons}"] if skipped else lines


def _table_line(container: str, sample: Sample, table: SampledTable, file_format: Mapping[str, Any]) -> str:
    format = [str(sample.type)]
    if sample.type == "csv":
        format += [
            f"delimiter {json.dumps(file_format.get('delimiter', delimiter_of(sample.member.name)))}",
            file_format.get("encoding", "utf-8"),
            "header" if file_format.get("header", True) else "no header",
        ]
    archive = "" if sample.member.name == container else f" in {container}"
    records = plural(table.rows, "record") if sample.is_complete else f"the first {plural(table.rows, 'record')}"
    columns = plural(len(table.columns.inferences), "column")
    line = f"{sample.member.name}{archive} → {table.key}: {', '.join(format)}; {records}, {columns}"
    return line if table.rows else f"{line}; the table may be empty: expected_record_count_min is 0"
