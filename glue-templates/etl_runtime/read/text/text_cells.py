"""Text cells, for the columns of delimited and fixed-width files, and for values that are converted to declared
types."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.column_types import ColumnType, ScalarInference, convert, convert_with_mismatches, infer
from etl_runtime.job.file_format import NO_FORMATS, Formats


@dataclass(frozen=True)
class TextCells:
    """Implements `cells.Cells` for text."""

    text: pa.Array
    formats: Formats = NO_FORMATS

    def infer(self) -> ScalarInference:
        return infer(self.text, self.formats)

    def convert(self, column_type: ColumnType) -> pa.Array | None:
        return convert(self.text, column_type)

    def convert_with_mismatches(self, column_type: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        values, mismatch = convert_with_mismatches(self.text, column_type)
        return values, {row: self.text[row].as_py() for row in pc.indices_nonzero(mismatch).to_pylist()}

    def has_type(self, column_type: ColumnType) -> bool:
        return False

    def as_text(self) -> pa.Array:
        return self.text
