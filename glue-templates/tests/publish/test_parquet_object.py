"""The Parquet objects of both layers: only columns with repeated values have a dictionary."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl_runtime.publish import parquet_object
from etl_runtime.publish.parquet_object import parquet_writer

ROWS = 200_000
rng = np.random.default_rng(1)
codes = np.array([f"code {number:012}" for number in rng.permutation(ROWS)])


def among_nulls(there: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    values = codes.astype(object)
    values[~there] = None
    return values


def written(table: pa.Table, path: Path) -> pq.FileMetaData:
    with path.open("wb") as file, parquet_writer(file, table) as writer:
        writer.write_table(table)
    return pq.read_metadata(path)


def dictionaries(metadata: pq.FileMetaData) -> dict[str, bool]:
    leaves = [metadata.row_group(0).column(index) for index in range(metadata.num_columns)]
    return {leaf.path_in_schema: "RLE_DICTIONARY" in leaf.encodings for leaf in leaves}


@pytest.mark.parametrize(
    ("values", "repeats"),
    [
        (codes, False),
        (rng.permutation(2 * ROWS), False),
        (among_nulls(rng.random(ROWS) < 0.8), False),
        (codes[rng.integers(10_000, size=ROWS)], True),
        (codes[np.arange(ROWS) % 10_000], True),  # the same values for each day: they are repeated only after many rows
        (np.sort(codes[rng.integers(10_000, size=ROWS)]), True),
        (among_nulls(np.arange(ROWS) % 100 == 0), True),  # few enough for a dictionary
        (codes[:1000], True),
        (np.array(["long" * 50_000] * 100), True),
    ],
    ids=["codes", "numbers", "nulls", "few", "panel", "sorted", "sparse", "short", "long"],
)
def test_a_column_has_a_dictionary_only_if_its_values_are_repeated(values: Any, repeats: bool, tmp_path: Path) -> None:
    table = pa.table({"column": pa.array(values)})
    found = written(table, tmp_path / "ours.parquet")
    assert dictionaries(found) == {"column": repeats}
    pq.write_table(table, tmp_path / "always.parquet", compression="zstd", compression_level=3)
    assert (tmp_path / "ours.parquet").stat().st_size <= (tmp_path / "always.parquet").stat().st_size
    assert pq.read_table(tmp_path / "ours.parquet").equals(table)


def test_repeated_long_texts_have_a_dictionary(tmp_path: Path) -> None:
    texts = np.array([f"{number:08}" * 512 for number in range(128)])
    table = pa.table({f"column_{number}": texts[rng.integers(128, size=500)] for number in range(16)})
    assert all(dictionaries(written(table, tmp_path / "object.parquet")).values())


days = [date(2020, 1, 1) + timedelta(days=number) for number in range(1000)]


@pytest.mark.parametrize(
    ("type", "values"),
    [
        (pa.string(), [str(number) for number in range(1000)]),
        (pa.binary(), [bytes([number % 256]) for number in range(1000)]),
        (pa.bool_(), [number % 3 == 0 for number in range(1000)]),
        (pa.int8(), [number % 100 for number in range(1000)]),
        (pa.int16(), list(range(1000))),
        (pa.int32(), list(range(1000))),
        (pa.int64(), list(range(1000))),
        (pa.float32(), [number / 4 for number in range(1000)]),
        (pa.float64(), [number / 3 for number in range(1000)]),
        (pa.decimal128(18, 2), [Decimal(number) / 4 for number in range(1000)]),
        (pa.decimal128(38, 0), [Decimal(10) ** 37 + number for number in range(1000)]),
        (pa.date32(), days),
        (pa.timestamp("us", tz="UTC"), [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]),
        (pa.list_(pa.string()), [[str(number)] for number in range(1000)]),
        (pa.map_(pa.string(), pa.int64()), [[(str(number), number)] for number in range(1000)]),
        (pa.struct([("a.b", pa.list_(pa.int64()))]), [{"a.b": [number]} for number in range(1000)]),
    ],
    ids=str,
)
@pytest.mark.parametrize("max_distinct_share", [1, -1], ids=["with dictionaries", "without dictionaries"])
def test_values_of_every_type_are_read_as_written(
    max_distinct_share: int, type: pa.DataType, values: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_object, "MAX_DISTINCT_SHARE", max_distinct_share)
    full = pa.table({"before": pa.array(["x"] * 1000), "column": pa.array(values, type)})
    for table in (
        full,
        pa.concat_tables([full, full, full.slice(0, 1)]),
        full.slice(1, 0),
        full.set_column(1, "column", pa.nulls(1000, type)),
    ):
        written(table, tmp_path / "object.parquet")
        assert pq.read_table(tmp_path / "object.parquet").equals(table)


def test_a_task_that_runs_twice_writes_the_same_object(tmp_path: Path) -> None:
    # The share of distinct values is close to the limit: with another sample, some columns would get a dictionary.
    table = pa.table({f"column_{number}": rng.permutation(204_600) for number in range(16)})
    for name in ("one", "two"):
        written(table, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
