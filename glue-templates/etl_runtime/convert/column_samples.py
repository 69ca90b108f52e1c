"""Type inference from sampled cells, per source column."""

from dataclasses import dataclass, field

import pyarrow as pa

from etl_runtime.columns.blocking_values import BlockedType, blocked_type
from etl_runtime.columns.cells import Cells, Inference
from etl_runtime.columns.type_hints import hint
from etl_runtime.job.file_format import NO_FORMATS, Formats


def merge_inference(inferences: dict[str, Inference], source: str, inference: Inference) -> None:
    """Merge the inference from further cells of a source column. A type that one cell rules out stays ruled out."""
    inferences[source] = inferences[source].merged(inference) if source in inferences else inference


@dataclass
class ColumnSamples:
    """The inferred type of each source column, and its sampled cells as text if they are kept."""

    inferences: dict[str, Inference] = field(default_factory=dict)
    texts: dict[str, list[pa.Array]] = field(default_factory=dict)

    def add(self, source: str, cells: Cells, *, keep_text: bool = True) -> None:
        merge_inference(self.inferences, source, cells.infer())
        if keep_text:
            self.texts.setdefault(source, []).append(cells.as_text().cast(pa.string()))

    def text(self, source: str) -> pa.Array:
        return pa.concat_arrays(self.texts[source])

    def hint(self, source: str) -> dict[str, str] | None:
        """The `column_schema` entry for a type that is more specific than the inferred one, or None if there is no
        such type."""
        return hint(self.text(source), self.inferences[source].best) if source in self.texts else None

    def blocked(self, source: str, formats: Formats = NO_FORMATS) -> BlockedType | None:
        """The type that nearly all values of a text column match, and the values that do not match it, or None if there
        is no such type."""
        is_text = source in self.texts and self.inferences[source].best.type == "string"
        return blocked_type(self.text(source), formats) if is_text else None
