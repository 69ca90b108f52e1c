"""Interfaces for the cells of a part, which is a group of complete records of one table.

Each file format (text, JSON, Parquet) implements cells and type inference in its own way. The `convert` package uses
only these interfaces, so it does not depend on the file format.
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
        """The preferred column type, or text if no cell has a value."""
        ...

    @property
    def unseen(self) -> bool:
        """Whether no cell has a value."""
        ...

    def merged(self, other: Self) -> Self:
        """Combine two inferences. A type that either inference excludes stays excluded."""
        ...

    def widened(self, column_type: ColumnType) -> ColumnType:
        """Return the published type, extended with the struct fields, at any depth, that only these cells have."""
        ...


class Cells(Protocol):
    """The cells of one source column, in row order."""

    def infer(self) -> Inference:
        """The column types that fit these cells."""
        ...

    def convert(self, column_type: ColumnType) -> pa.Array | None:
        """Convert the cells to values of the column type. Returns None if any cell does not match the type."""
        ...

    def convert_with_mismatches(self, column_type: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        """Return the values, with null for each cell that does not match the type, and the mismatching cells as JSON
        values, keyed by row number."""
        ...

    def has_type(self, column_type: ColumnType) -> bool:
        """Whether the cells already have this data type. In that case, declaring the type does not change the cells."""
        ...

    def as_text(self) -> pa.Array:
        """The cells as text. Declared types are converted from text."""
        ...


@dataclass(frozen=True)
class PartTable:
    """The cells of a part, keyed by source column name.

    `surplus` contains the extra fields of records with too many fields. `short` contains the field counts of records
    with too few fields. Both are keyed by row number.
    """

    rows: int
    columns: Mapping[str, Cells]
    surplus: Mapping[int, list[str]] = field(default_factory=dict)
    short: Mapping[int, int] = field(default_factory=dict)
