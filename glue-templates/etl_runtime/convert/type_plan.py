"""The columns of a table and their types.

Published types are a contract, and declared types are not changed. All other types are inferred from samples. The
conversion verifies the inferred types. If a value does not fit the inferred type of its column, the table is converted
again with a type that fits all values seen so far.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from etl_runtime.columns.blocking_values import blocked_lines
from etl_runtime.columns.cells import Inference
from etl_runtime.columns.column_schema import DeclaredColumn, by_source
from etl_runtime.columns.column_types import TEXT, ColumnType, ScalarInference
from etl_runtime.columns.names import clean_names, comparison_key
from etl_runtime.convert.column_samples import ColumnSamples, merge_inference
from etl_runtime.convert.task import Column, ConvertedShard
from etl_runtime.convert.unpacked_table import UnpackedTable
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.read.read_part import read_part

LOG = logging.getLogger(__name__)

NO_VALUES = ScalarInference()
RESET = 'run once with run_options {"reset_contract": true}'


class TypePlan:
    """The columns of one table: first the published columns, then the new columns of the source."""

    def __init__(
        self,
        key: str,
        table: UnpackedTable,
        published: Mapping[str, Any] | None,
        declared: list[DeclaredColumn],
        file_format: FileFormat,
    ) -> None:
        self._key = key
        self._declared = declared
        self._file_format = file_format
        self._samples = ColumnSamples()
        samples = [read_part(sample.body, sample.part, file_format) for sample in table.samples]
        sources = list(dict.fromkeys([*table.sources, *(source for sample in samples for source in sample.columns)]))
        self._contract = {column.source: column for column in _contract(published, key, sources)}
        self._names = {column.source: column.name for column in self._contract.values()}
        self._sources: list[str] = []
        self._add_names(sources)
        for sample in samples:
            for source, cells in sample.columns.items():
                self._samples.add(source, cells, keep_text=source not in self._contract)
        inferences = self._samples.inferences
        for source in self._contract.keys() & inferences.keys():
            self._widen(source, [inferences[source]])

    def columns(self) -> tuple[Column, ...]:
        declared = by_source(self._declared, self._names)
        new = [
            self._new_column(source, declared.get(source)) for source in self._sources if source not in self._contract
        ]
        return (*self._contract.values(), *new)

    def update(self, results: Sequence[ConvertedShard]) -> list[str]:
        """Change the types that the tasks refuted. Returns a description of each change. If the list is empty, all
        shards have been converted."""
        changes: dict[str, str] = {}
        for result in results:
            self._add_names([source for source in result.refuted if source not in self._names])
            for source, inference in result.refuted.items():
                merge_inference(self._samples.inferences, source, inference)
                changes[source] = f"{self._names[source]} is {self._samples.inferences[source].best.type}"
        widened: dict[str, list[Inference]] = {}
        for result in results:
            for source, inferences in result.widened.items():
                widened.setdefault(source, []).extend(inferences)
        for source, inferences in widened.items():
            self._widen(source, inferences)
            changes[source] = f"{self._contract[source].name} is {self._contract[source].column_type.type}"
        return list(changes.values())

    def require_declared(self, sources: set[str]) -> None:
        """Raise RunFailed if a type is declared for a column that neither the source nor the published table has."""
        found = {column.source for column in by_source(self._declared, {*sources, *self._contract}).values()}
        required = [column.source for column in self._declared if column.column_type and not column.optional]
        missing = [source for source in required if source not in found]
        if missing:
            raise RunFailed(
                ErrorCode.COLUMN_SCHEMA_INVALID,
                f"{self._key}: column_schema contains {', '.join(missing)}, which the source does not have. "
                f"{did_you_mean(missing[0], sources)}Use the column names of the source: {', '.join(sorted(sources))}.",
            )

    def hints(self) -> dict[str, dict[str, str]]:
        """The `column_schema` entries that would give new columns a more specific type than the inferred one."""
        hints = {column.source: self._samples.hint(column.source) for column in self.columns() if column.inferred}
        return {source: entry for source, entry in hints.items() if entry}

    def blocked_lines(self, hints: Mapping[str, object]) -> list[str]:
        """Log lines about the few values that force new columns to be text instead of a more specific type."""
        blocked = {
            column.source: found
            for column in self.columns()
            if column.inferred and column.source not in hints and column.column_type.type == "string"
            if (found := self._samples.blocked(column.source, self._file_format.formats))
        }
        return blocked_lines(self._key, blocked, self._file_format.null_values, header=self._file_format.header)

    def log_kept_types(self) -> None:
        """Log the published text columns that would have another type without the schema contract."""
        better = {
            column.name: inference.best.type
            for source, column in self._contract.items()
            if (inference := self._samples.inferences.get(source)) and not inference.unseen
            if column.column_type == TEXT and inference.best.type != "string"
        }
        if better:
            types = ", ".join(f"{name} ({type})" for name, type in better.items())
            LOG.warning(
                f"{self._key}: the dataset document has changed and gives these columns a different type, but the "
                f"schema contract keeps the published type string: {types}. To change them, {RESET}."
            )

    def _widen(self, source: str, inferences: Sequence[Inference]) -> None:
        """Add the struct fields that all inferences have in common. Then add the other fields of each inference, up to
        the size limit."""
        column = self._contract[source]
        if not column.column_type.declared:
            for inference in (reduce(lambda one, other: one.merged(other), inferences), *inferences):
                column = replace(column, column_type=inference.widened(column.column_type))
            self._contract[source] = column

    def _add_names(self, sources: Sequence[str]) -> None:
        """Name the columns. The published name takes precedence over the declared name, and both over the cleaned
        source name."""
        self._sources += sources
        declared = by_source(self._declared, [*self._names, *sources])
        for source, column in declared.items():
            published = self._contract.get(source)
            if published:
                _require_as_published(self._key, published, column)
            elif column.name:
                other = next(
                    (used for used, name in self._names.items() if name == column.name and used != source), None
                )
                if other:
                    raise RunFailed(
                        ErrorCode.COLUMN_SCHEMA_INVALID,
                        f'{self._key}: the target_name "{column.name}" of the column "{source}" is already the name of '
                        f'the column "{other}". Choose a different target_name, or {RESET}.',
                    )
                self._names[source] = column.name
        self._names = clean_names(sources, self._names)

    def _new_column(self, source: str, declared: DeclaredColumn | None) -> Column:
        if declared and declared.column_type:
            return Column(self._names[source], source, declared.column_type, inferred=False)
        inference = self._samples.inferences.get(source, NO_VALUES)
        return Column(self._names[source], source, inference.best, inferred=True, unseen=inference.unseen)


def _contract(published: Mapping[str, Any] | None, key: str, sources: Sequence[str]) -> list[Column]:
    """Return the published columns. Headers that differ only in case or punctuation refer to the same column.

    Raises RunFailed if the source has none of these columns: most likely, the source is an error page in plain text.
    """
    table = published["tables"].get(key) if published else None
    # If a table has always been empty, the types of its columns are not defined.
    columns = [column for column in table["columns"] if not column.get("unseen")] if table else []
    known = {column["source"] for column in columns}
    new = {comparison_key(source): source for source in sources if source not in known}
    contract = []
    for column in columns:
        source = column["source"]
        if source not in sources:
            source = new.pop(comparison_key(source), source)
        column_type = ColumnType(
            column["type"], column["spelling"], column.get("format", ""), column.get("declared", False)
        )
        contract.append(Column(column["name"], source, column_type, inferred=False))
    if sources and contract and not any(column.source in sources for column in contract):
        raise RunFailed(
            ErrorCode.SCHEMA_CONTRACT_CONFLICT,
            f"{key}: the source has none of the published columns ({', '.join(sorted(known)[:5])}, …). It has "
            f"{', '.join(sources)[:200]}. Check the source. If it is correct, {RESET}.",
            retryable=True,
        )
    return contract


def _require_as_published(key: str, published: Column, declared: DeclaredColumn) -> None:
    """Raise RunFailed if the declared name or type differs from the published one. A declaration alone does not change
    a published column."""
    differences = []
    if declared.name and declared.name != published.name:
        differences.append(f"the published name {published.name} and the declared name {declared.name}")
    if declared.column_type and declared.column_type != replace(published.column_type, spelling=""):
        current, wanted = (
            f"{each.type} {each.format}".rstrip() for each in (published.column_type, declared.column_type)
        )
        inferred = "" if published.column_type.declared else " (inferred)"
        differences.append(f"the published type {current}{inferred} and the declared type {wanted}")
    if differences:
        raise RunFailed(
            ErrorCode.SCHEMA_CONTRACT_CONFLICT,
            f"{key}: {published.source} has {', and '.join(differences)}. To rebuild the table as declared, {RESET}.",
        )
