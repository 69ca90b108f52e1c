"""A history by a plain model: what each load holds, and the versions that the loads make."""

from dataclasses import dataclass, replace
from functools import cache

import pyarrow as pa

from faults.origin import Version

KEYS = 12
TIMES = ("valid_from", "valid_to")


@dataclass(frozen=True)
class RowVersion:
    """A row as it was from one load to another."""

    id: int
    v: str | None
    began: Version
    ended: Version | None
    change_type: str

    def __str__(self) -> str:
        return told(self.id, self.v, self.began, self.ended, self.ended is None, self.change_type, self.began)


def told(*values: object) -> str:
    return " ".join(map(str, values))


def load(number: Version) -> dict[int, str | None]:
    """A load's value by key: some keys go, some come back, some values change, and nothing is one of the values."""

    def value(key: int) -> str | None:
        changes = (number + key) // 4
        return f"{key}:{changes % 3}" if changes % 5 else None

    return {key: value(key) for key in range(KEYS) if (key + number) % 6}


def load_table(number: Version) -> pa.Table:
    rows = load(number)
    return pa.table({"id": pa.array(rows, pa.int64()), "v": pa.array(rows.values(), pa.string())})


@cache
def versions(number: Version) -> tuple[RowVersion, ...]:
    """All versions after so many loads."""
    if number == 0:
        return ()
    new = load(number)
    made: list[RowVersion] = []
    for old in versions(number - 1):
        if old.ended is not None or (old.id in new and new[old.id] == old.v):
            made.append(old)
        elif old.id in new:
            made += [replace(old, ended=number), RowVersion(old.id, new[old.id], number, None, "update")]
        else:
            made.append(replace(old, ended=number, change_type="delete"))
    there = {old.id for old in versions(number - 1) if old.ended is None}
    return (*made, *(RowVersion(key, value, number, None, "insert") for key, value in new.items() if key not in there))


def version_texts(number: Version) -> list[str]:
    return list(map(str, versions(number)))


def read_versions(objects: list[pa.Table]) -> list[str]:
    """The versions of a table. Its times and its runs are told by their number, since every load begins versions: 1 is the first."""
    rows = [row for table in objects for row in table.to_pylist()]
    times = sorted({row[name] for row in rows for name in TIMES if row[name]})
    runs = sorted({row["meta_run_id"] for row in rows})
    load_at = {None: None, **{time: number for number, time in enumerate(times, 1)}}
    load_of = {run: number for number, run in enumerate(runs, 1)}
    return [
        told(
            row["id"],
            row["v"],
            load_at[row["valid_from"]],
            load_at[row["valid_to"]],
            row["is_current"],
            row["change_type"],
            load_of[row["meta_run_id"]],
        )
        for row in rows
    ]
