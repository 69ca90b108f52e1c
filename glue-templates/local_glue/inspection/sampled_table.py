"""The columns of a table, derived from the sampled records."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from etl_runtime.columns.blocking_values import BlockedType, blocked_lines
from etl_runtime.columns.names import MAX_NAME_CHARACTERS, clean_names, unused_name
from etl_runtime.convert.column_samples import ColumnSamples
from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.detect_format import with_delimiter_of
from etl_runtime.read.part import Part
from etl_runtime.read.read_part import read_part
from etl_runtime.read.split_records import split_records
from inspection.sample import Sample

DECLARABLE = re.compile(r"string|bigint|double|boolean|date|timestamp|decimal\(\d+,\d+\)")


@dataclass
class SampledTable:
    """The sampled records of one file, keyed by source column. Read the properties only after all records are added."""

    key: str
    rows: int = 0
    columns: ColumnSamples = field(default_factory=ColumnSamples)

    @property
    def names(self) -> dict[str, str]:
        """The column names, keyed by source column. They do not begin with `meta_`, the prefix of the columns that the
        job adds."""
        names = clean_names(self.columns.inferences, {})
        kept = {source: name for source, name in names.items() if not name.startswith("meta_")}
        used = set(kept.values())
        counts: dict[str, int] = {}
        for source, name in names.items():
            if source not in kept:
                base = f"source_{name}"[:MAX_NAME_CHARACTERS].rstrip("_")
                kept[source] = unused_name(base, used, counts)
                used.add(kept[source])
        return {source: kept[source] for source in names}

    @cached_property
    def blocked(self) -> dict[str, BlockedType]:
        """The text columns that would have another type without a few exceptional values. Contains these values and the
        type of all other values, keyed by source column."""
        return {source: found for source in self.columns.texts if (found := self.columns.blocked(source))}

    def blocked_lines(self, file_format: Mapping[str, Any]) -> list[str]:
        """Return lines for the terminal about columns that are text only because of a few exceptional values."""
        null_values, header = file_format.get("null_values", ()), file_format.get("header", True)
        return blocked_lines(self.key, self.blocked, null_values, header=header)


def read_sample(sample: Sample, key: str, file_format: FileFormat) -> SampledTable:
    """Read the records of the sample as the table `key`. The table has no rows if the file has only a header."""
    table = SampledTable(key)
    member = sample.member
    detected = with_delimiter_of(member.name, replace(file_format, type=sample.type))
    for block in split_records(member, detected):
        sources = block.sources[:-1] if block.blank_last else block.sources
        size, first = len(block.body), table.rows + 1
        part = Part("", sample.type, member.name, sources, size, block.records, first, detected.delimiter)
        records = read_part(bytes(block.body), part, detected)
        table.rows += records.rows
        for source, cells in records.columns.items():
            table.columns.add(source, cells)
    return table


def column_schema(table: SampledTable) -> dict[str, dict[str, str]]:
    """The `column_schema` entry of each column: its name in the table, and a type that keeps every sampled value."""
    names = table.names
    return {
        source: {"target_name": names[source], **({} if inference.unseen else _declared_type(table.columns, source))}
        for source, inference in table.columns.inferences.items()
    }


def _declared_type(columns: ColumnSamples, source: str) -> dict[str, str]:
    """The type to declare. Empty for a type that cannot be declared, such as an array."""
    inferred = columns.inferences[source].best.type
    if not DECLARABLE.fullmatch(inferred):
        return {}
    better = columns.hint(source)
    return {"type": inferred} if better is None or " or " in better.get("format", "") else better
