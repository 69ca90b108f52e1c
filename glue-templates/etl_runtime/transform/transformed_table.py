"""A table that a transform has made, in staging."""

from dataclasses import dataclass

from etl_runtime.publish.staged import StagedTable
from etl_runtime.transform.history import Versions
from etl_runtime.transform.write import Written


@dataclass(frozen=True)
class TransformedTable:
    """A table that was made and lies in staging: what was counted, and the versions that it goes on from if it has a history."""

    written: Written
    staged: StagedTable
    old: Versions | None

    def nulls(self) -> dict[str, int]:
        return {column["name"]: self.written.nulls[column["name"]] for column in self.staged.columns}
