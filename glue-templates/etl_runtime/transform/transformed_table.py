"""The result of a transform for one table, in staging."""

from dataclasses import dataclass

from etl_runtime.publish.staged import StagedTable
from etl_runtime.transform.history import PublishedVersions
from etl_runtime.transform.write import Written


@dataclass(frozen=True)
class TransformedTable:
    """A table in staging. `old` are the versions that its history continues, if it has a history."""

    written: Written
    staged: StagedTable
    old: PublishedVersions | None

    def nulls(self) -> dict[str, int]:
        return {column["name"]: self.written.nulls[column["name"]] for column in self.staged.columns}
