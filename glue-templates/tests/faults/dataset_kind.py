"""A dataset of the fault tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from faults.lake import Read, first_column
from faults.origin import Origin, Version


@dataclass(frozen=True)
class DatasetKind:
    """A dataset and the expected content of its tables.

    `origin` creates its origin from an S3 endpoint, the bucket and the dataset's name. `rows` are the expected rows of
    each table after a version is published, in the form that `read` returns. `options` are the options of every run.
    `rebuilds`: runs rebuild the tables from the originals of an earlier run. `idempotent`: another run on the same
    version publishes nothing. `constants` are set in the job's process, by dotted name.
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
    idempotent: bool = False

    @property
    def is_iceberg(self) -> bool:
        return self.document.get("table_format") == "iceberg"


def iceberg(kind: DatasetKind) -> DatasetKind:
    """The same dataset with Iceberg tables, whose snapshots expire seconds after they are replaced. Parts are converted
    early even if the job has to wait for the catalog, so that the order of its calls does not depend on the time at
    which the catalog is open."""
    return replace(
        kind,
        name=f"{kind.name}-iceberg",
        document={**kind.document, "table_format": "iceberg"},
        constants={
            **kind.constants,
            "etl_runtime.iceberg.snapshots.MIN_RETENTION_HOURS": 0,
            "etl_runtime.publish.iceberg_tables.IcebergTables.is_open": 1,
        },
    )
