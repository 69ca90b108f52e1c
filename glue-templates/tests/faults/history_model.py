"""A simple model of a history: the rows of each load, and the expected versions."""

from dataclasses import dataclass, replace
from functools import cache

import pyarrow as pa

from faults.origin import Version

KEYS = 12
TIMES = ("valid_from", "valid_to")


@dataclass(frozen=True)
class RowVersion:
    """The values that a row has from one load until another load."""

    id: int
    v: str | None
    began: Version
    ended: Version | None
    change_type: str

    def __str__(self) -> str:
        return version_text(self.id, self.v, self.began, self.ended, self.ended is None, self.change_type, self.began)


def version_text(*values: object) -> str:
    return " ".join(map(str, values))


def load(number: Version) -> dict[int, str | None]:
    """The values of a load, by key. From load to load, keys disappear and return, and values change or become null."""

    def value(key: int) -> str | None:
        changes = (number + key) // 4
        return f"{key}:{changes % 3}" if changes % 5 else None

    return {key: value(key) for key in range(KEYS) if (key + number) % 6}


def load_table(number: Version) -> pa.Table:
    rows = load(number)
    return pa.table({"id": pa.array(rows, pa.int64()), "v": pa.array(rows.values(), pa.string())})


@cache
def versions(number: Version) -> tuple[RowVersion, ...]:
    """All versions after `number` loads."""
    if number == 0:
        return ()
    new = load(number)
    result: list[RowVersion] = []
    for old in versions(number - 1):
        if old.ended is not None or (old.id in new and new[old.id] == old.v):
            result.append(old)
        elif old.id in new:
            result += [replace(old, ended=number), RowVersion(old.id, new[old.id], number, None, "update")]
        else:
            result.append(replace(old, ended=number, change_type="delete"))
    current = {old.id for old in versions(number - 1) if old.ended is None}
    return (
        *result,
        *(RowVersion(key, value, number, None, "insert") for key, value in new.items() if key not in current),
    )


def version_texts(number: Version) -> list[str]:
    return list(map(str, versions(number)))


def read_versions(objects: list[pa.Table]) -> list[str]:
    """The versions of a table, with the number of the load, from 1, instead of times and run ids."""
    rows = [row for table in objects for row in table.to_pylist()]
    times = sorted({row[name] for row in rows for name in TIMES if row[name]})
    runs = sorted({row["meta_run_id"] for row in rows})
    load_at = {None: None, **{time: number for number, time in enumerate(times, 1)}}
    load_of = {run: number for number, run in enumerate(runs, 1)}
    return [
        version_text(
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
