"""The columns of a part of a table after it is read, independent of the file format.

Text, JSON and Parquet files have different cells and different type inference. The `convert` package uses only these
protocols.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

import pyarrow as pa

from etl_runtime.columns.column_types import ColumnType


class Inference(Protocol):
    """The column types that fit all cells seen so far."""

    @property
    def best(self) -> ColumnType:
        """The preferred column type. Text if no cell has a value."""
        ...

    @property
    def unseen(self) -> bool:
        """Whether no cell has a value."""
        ...

    def merged(self, other: Self) -> Self:
        """The inference for the cells of both. A type that either one excludes stays excluded."""
        ...

    def widened(self, column_type: ColumnType) -> ColumnType:
        """The published type plus the struct fields that only these cells have, at any depth."""
        ...


class Cells(Protocol):
    """The cells of one source column, in row order."""

    def infer(self) -> Inference:
        """The column types that fit these cells."""
        ...

    def convert(self, column_type: ColumnType) -> pa.Array | None:
        """The cells as values of the column type, or None if any cell does not match it."""
        ...

    def convert_with_mismatches(self, column_type: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        """The values, with null for each cell that does not match the type, and the cells that do not match by row
        number, as JSON values."""
        ...

    def has_type(self, column_type: ColumnType) -> bool:
        """Whether the cells are values of the data type already, so that a declared type changes none of them."""
        ...

    def as_text(self) -> pa.Array:
        """The cells as text. Declared types are converted from text."""
        ...


@dataclass(frozen=True)
class PartTable:
    """The cells of a part by source column name.

    By row number, `surplus` has the extra fields of a record, and `short` the number of fields of a record with too
    few.
    """

    rows: int
    columns: Mapping[str, Cells]
    surplus: Mapping[int, list[str]] = field(default_factory=dict)
    short: Mapping[int, int] = field(default_factory=dict)
