"""A table that lies in staging, ready to be published: what both layers make, and what `publish` takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StagedTable:
    """`bytes` is what its objects take.

    `columns` are {name, type, …} as published.json has them, without those that the job adds. `objects` are the URIs in staging by the
    names that the files will have in the table's folder.
    """

    rows: int
    bytes: int
    columns: Sequence[Mapping[str, Any]]
    objects: Mapping[str, str]
