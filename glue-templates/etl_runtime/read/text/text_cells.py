"""A column of text: what delimited text and fixed width are made of, and what declared types are read from."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.column_types import ColumnType, ScalarInference, infer, stored, stored_with_misfits
from etl_runtime.job.file_format import NO_FORMATS, Formats


@dataclass(frozen=True)
class TextCells:
    """Cells of text, as `cells.Cells` has it."""

    text: pa.Array
    formats: Formats = NO_FORMATS

    def infer(self) -> ScalarInference:
        return infer(self.text, self.formats)

    def stored(self, form: ColumnType) -> pa.Array | None:
        return stored(self.text, form)

    def stored_with_misfits(self, form: ColumnType) -> tuple[pa.Array, dict[int, object]]:
        values, misfit = stored_with_misfits(self.text, form)
        return values, {row: self.text[row].as_py() for row in pc.indices_nonzero(misfit).to_pylist()}

    def as_text(self) -> pa.Array:
        return self.text
