"""A published form meets the cells of another kind of file: what does not fit is a misfit, nothing is lost, nothing breaks."""

import time
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from etl_runtime.cells import Cells
from etl_runtime.forms import POINT_ZERO, SHORTEST, Form
from etl_runtime.json_cells import JsonCells
from etl_runtime.text_cells import TextCells

TYPES = [
    Form("bigint"),
    Form("double"),
    Form("decimal(10,2)"),
    Form("decimal(38,0)"),
    Form("boolean"),
    Form("date"),
    Form("timestamp"),
    Form("binary"),
    Form("string"),
    Form("array<bigint>"),
    Form("map<string,bigint>"),
    Form("struct<a:bigint>"),
]
CELLS: list[Cells] = [
    TextCells(pa.array(["true", "x", "", None, "1", "1.50", "2024-01-31", "2024-01-31 10:00:00"])),
    TextCells(pa.array([None, None], pa.string())),
    JsonCells(["true", 1, None, {"a": 1}, [1], True, "2024-01-31", "2024-01-31T10:00:00Z"]),
]


@pytest.mark.parametrize("form", TYPES, ids=[form.type for form in TYPES])
@pytest.mark.parametrize("cells", CELLS, ids=["text", "nulls", "json"])
def test_every_published_type_takes_the_cells_of_every_file(cells: Cells, form: Form) -> None:
    whole = cells.stored(form)
    values, misfits = cells.stored_with_misfits(form)
    text = cells.as_text().to_pylist()
    assert values.type == form.arrow_type
    assert [value is not None or row in misfits for row, value in enumerate(values.to_pylist())] == [cell is not None for cell in text]
    assert whole is None or (whole.equals(values) and not misfits)


def test_text_is_read_by_its_value_where_the_published_column_had_no_text() -> None:
    cells = TextCells(pa.array(["True", "no", "soon"]))
    assert cells.stored_with_misfits(Form("boolean"))[0].to_pylist() == [True, False, None]
    cells = TextCells(pa.array(["2024-01-31T10:00:00Z", "2024-01-31", "soon"]))
    assert cells.stored_with_misfits(Form("timestamp"))[0].to_pylist() == [
        datetime(2024, 1, 31, 10, tzinfo=UTC),
        datetime(2024, 1, 31, tzinfo=UTC),
        None,
    ]


MANY = 100_000
MISFITS: list[tuple[Form, str]] = [
    (Form("bigint"), "0{}"),
    (Form("bigint"), "10000000000000{:06}"),
    (SHORTEST, "{}.50"),
    (POINT_ZERO, "{}.50"),
    (Form("decimal(18,2)"), "0{}.50"),
    (Form("decimal(18,2)"), "10000000000{:06}.50"),
    (Form("decimal(18,2)", format="1.234,56"), "{},5"),
    (Form("date"), "{:04}-02-30"),
    (Form("timestamp", "0000-00-00 00:00:00.000000"), "2024-02-30 10:00:00.{:06}"),
    (Form("timestamp", "0000-00-00 00:00:00.000000"), "2024-02-01 10:60:00.{:06}"),
    (Form("decimal(18,2)", declared=True), "{}.555"),
    (Form("decimal(18,2)", declared=True), "10000000000{:06}"),
    (Form("bigint", declared=True), "100000000000000{:06}"),
    (Form("bigint", declared=True), "{}.5"),
    (Form("double", declared=True), "123456789012345{:06}"),
    (Form("timestamp", format="yyyyMMdd HHmmssSSSSSS", declared=True), "20240230 100000{:06}"),
]


@pytest.mark.parametrize(("form", "misfit"), MISFITS, ids=[f"{form.type} {misfit}" for form, misfit in MISFITS])
def test_many_misfits_take_seconds_and_no_minutes(form: Form, misfit: str) -> None:
    cells = TextCells(pa.array([misfit.format(number) for number in range(1, MANY, 2)] + [None]))
    began = time.perf_counter()
    values, misfits = cells.stored_with_misfits(form)
    assert time.perf_counter() - began < 5
    assert values.null_count == len(values)
    assert len(misfits) == len(values) - 1
