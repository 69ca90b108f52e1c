"""What a part of a table is once it is read: columns of cells, of whatever kind the file has.

Text, JSON and Parquet differ in what a cell is and in what it can become. The steps behind, `shape` and `convert`, know these
protocols alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

import pyarrow as pa

from etl_runtime.columns.column_types import ColumnType


class Inference(Protocol):
    """What a column may become, from the cells seen so far."""

    @property
    def best(self) -> ColumnType:
        """The form to try next. Text where no cell had a value."""
        ...

    @property
    def unseen(self) -> bool:
        """Whether no cell had a value."""
        ...

    def merged(self, other: Self) -> Self:
        """What fits the cells of both. It never brings back a form that either has ruled out."""
        ...

    def widened(self, column_type: ColumnType) -> ColumnType:
        """The published form with the struct fields that these cells add, at any depth; the form itself where they add none."""
        ...


class Cells(Protocol):
    """The cells of one column of the source, in the order of the rows."""

    def infer(self) -> Inference:
        """What these cells may become."""
        ...

    def convert(self, column_type: ColumnType) -> pa.Array | None:
        """The cells as values of the form's type, or None where one does not fit."""
        ...

    def convert_with_mismatches(self, column_type: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        """The values, null where a cell does not fit; and by row the cells that do not fit, as JSON values."""
        ...

    def as_text(self) -> pa.Array:
        """The cells as text: what a declared type is read from."""
        ...


@dataclass(frozen=True)
class PartTable:
    """A part, read: cells by the source's column, and by row number what a record has too many, or how many fields came at all."""

    rows: int
    columns: Mapping[str, Cells]
    surplus: Mapping[int, list[str]] = field(default_factory=dict)
    short: Mapping[int, int] = field(default_factory=dict)
