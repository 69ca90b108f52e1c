"""The result of a transform for one table, in staging."""

from collections.abc import Sequence
from dataclasses import dataclass

from etl_runtime.publish.staged import StagedTable
from etl_runtime.transform.history import PublishedVersions
from etl_runtime.transform.key_ranges import VersionLayout
from etl_runtime.transform.lineage import Lineage
from etl_runtime.transform.write import Written


@dataclass(frozen=True)
class TransformedTable:
    """A table in staging. `old` are the versions that its history continues, or None if there are none.

    `columns` are the columns of the transform's result. A table with a history can have more columns. `layout` is set
    if objects of the history can be carried over into the next publication. `lineage` is the column lineage of the
    result.
    """

    written: Written
    staged: StagedTable
    old: PublishedVersions | None
    columns: Sequence[str]
    lineage: Lineage | None = None
    layout: VersionLayout | None = None
