"""The gates between staging and the table. All are looked at, and all that fail are named."""

from collections.abc import Mapping

from etl_runtime.errors import RunFailed
from etl_runtime.shape import ShapedTable
from etl_runtime.unpack import UnpackedTable


def check(unpacked: Mapping[str, UnpackedTable], shaped: Mapping[str, ShapedTable]) -> None:
    """Raise RunFailed, naming each gate that fails and by how much. The published table then stays as it is."""
    failures = [
        f"{key}: {unpacked[key].records:,} records were counted while unpacking, {table.rows:,} rows were written"
        for key, table in shaped.items()
        if table.rows != unpacked[key].records
    ]
    if failures:
        raise RunFailed(f"Rows in are not rows out: {'; '.join(failures)}. Nothing was published. Report this with the original file.")
