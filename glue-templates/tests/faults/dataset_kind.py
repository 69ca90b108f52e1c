"""A dataset to be made to fail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from faults.lake import Read, first_column
from faults.origin import Origin, Version


@dataclass(frozen=True)
class DatasetKind:
    """What it is made of, and what has to come of it.

    `origin`: makes what it is made of, of an S3 endpoint, the bucket and the dataset's name. `rows`: what each table holds once a version
    is published, as `read` tells of its objects. `options`: of every run. `rebuilds`: runs make the tables of the originals of an earlier
    run. `rests`: a run on the same version again publishes nothing. `constants`: what the job's process sets, by dotted name.
    """

    name: str
    layer: str
    origin: Callable[[str, str, str], Origin]
    rows: Callable[[Version], list[str]]
    read: Read = first_column
    tables: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, int | str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    rebuilds: bool = False
    rests: bool = False
