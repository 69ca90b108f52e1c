"""Declared column names, types and formats. A value that does not match a declared type is kept in meta_rescued."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import Dataset, Source
from etl_runtime.columns.column_types import ColumnType, convert, convert_with_mismatches, infer, parse, to_text
from etl_runtime.job.file_format import Formats

MakeDataset = Callable[..., Dataset]

VALUES: list[tuple[str, str, dict[str, Any]]] = [
    ("bigint", "", {"007": 7, "+1": 1, "3.0": 3, " 5 ": 5, "1e5": None, "3.5": None, "9223372036854775808": None, "x": None}),
    ("bigint", "1,234", {"1,234,567": 1234567, "12": 12, "1,23": None, "1.5": None}),
    ("double", "", {"1e5": 1e5, "0.10": 0.1, ".5": 0.5, "Infinity": math.inf, "-inf": -math.inf, "+Inf": math.inf, "infinite": None, "1e999": None, "0.1234567890123456789": None, "1" + "0" * 30: 1e30}),
    ("double", "", {"9007199254740992": 2.0**53, "9007199254740993": None, "0.12345678901234567": None, "0.30000000000000004": 0.1 + 0.2, "1e-400": None}),
    ("decimal(18,2)", "", {"2.5": Decimal("2.50"), "3": Decimal("3.00"), "1e2": Decimal("100.00"), "2.555": None, "1" * 17: None, "2.500": Decimal("2.50"), "00012.": Decimal("12.00")}),
    ("decimal(2,2)", "", {".25": Decimal("0.25"), "0.25": Decimal("0.25"), "1.25": None, "25e-2": Decimal("0.25")}),
    ("double", "1.234,56", {"1.234,5": 1234.5, "-Infinity": -math.inf, "inf": math.inf, "1.5": None, "x": None}),
    ("decimal(18,2)", "", {"2.50": Decimal("2.50"), "NaN": None, "Infinity": None}),
    ("bigint", "", {"1": 1, "nan": None, "inf": None}),
    ("decimal(18,2)", "1.234,56", {"1.234,5": Decimal("1234.50"), "-2,55": Decimal("-2.55"), "1234,5": Decimal("1234.50"), "1.5": None}),
    ("date", "", {"2024-01-31": date(2024, 1, 31), "2024-02-30": None, "20240131": None}),
    ("date", "yyyyMMdd", {"18920101": date(1892, 1, 1), "00000000": None, "20240230": None, "2024-01-31": None}),
    ("date", "M/d/yy", {"1/3/99": date(1999, 1, 3), "12/31/24": date(2024, 12, 31), "13/1/24": None}),
    ("date", "MMM d, yyyy", {"Jan 3, 1982": date(1982, 1, 3), "FEB 28, 2001": date(2001, 2, 28), "Foo 1, 2000": None}),
    ("timestamp", "", {"2024-01-31": datetime(2024, 1, 31, tzinfo=UTC), "2024-01-31T10:00:00+02:00": datetime(2024, 1, 31, 8, tzinfo=UTC), "2024-01-31 10:00:00.5": datetime(2024, 1, 31, 10, 0, 0, 500000, UTC), "soon": None}),
    ("timestamp", "MM/dd/yyyy HH:mm", {"01/31/2024 23:59": datetime(2024, 1, 31, 23, 59, tzinfo=UTC), "13/01/2024 00:00": None}),
    ("timestamp", "MM/dd/yyyy h:mm a", {"01/31/2024 12:05 am": datetime(2024, 1, 31, 0, 5, tzinfo=UTC), "01/31/2024 12:05 p.m.": datetime(2024, 1, 31, 12, 5, tzinfo=UTC), "01/31/2024 13:05 PM": None}),
    ("decimal(18,2)", "$1,234.56", {"$1,000.50": Decimal("1000.50"), "-$2": Decimal(-2), "$-3.5": Decimal("-3.5"), "1,000.50": Decimal("1000.50"), "€5": None, "$": None}),
    ("boolean", "", {"Yes": True, "0": False, "TRUE": True, "maybe": None}),
    ("boolean", "✓/–", {"✓": True, "–": False, "-": None}),
    ("boolean", "Ja/Nein", {"ja": True, "NEIN": False, "yes": None}),
    ("string", "", {"007": "007", " x ": " x "}),
]  # fmt: skip


@pytest.mark.parametrize(("type", "format", "cells"), VALUES)
@pytest.mark.parametrize("before", [0, 3])
def test_a_declared_type_keeps_values_and_reports_mismatches(
    type: str, format: str, cells: dict[str, Any], before: int
) -> None:
    text = pa.array(["x"] * before + [None, *cells])[before:]  # a slice: some pyarrow functions ignore its offset
    values, mismatch = convert_with_mismatches(text, ColumnType(type, format=format, declared=True))
    assert values.to_pylist() == [None, *cells.values()]
    assert mismatch.fill_null(False).to_pylist() == [False, *(value is None for value in cells.values())]


PATTERNS = [
    "yyyyMMdd",
    "MM/dd/yyyy",
    "M/d/yyyy",
    "dd.MM.yyyy",
    "d-MMM-yyyy",
    "MMM dd, yyyy",
    "yyyyMMddHHmmss",
    "dd/MM/yyyy HH:mm:ss.SSS",
    "MM/dd/yyyy hh:mm:ss a",
    "M/d/yyyy h:mma",
    "d.M.yyyy H:mm",
]


@given(
    st.lists(st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), min_size=1), st.sampled_from(PATTERNS)
)
def test_dates_in_a_declared_pattern_are_lossless(times: list[datetime | None], pattern: str) -> None:
    iso = pa.array(times, pa.timestamp("us"))
    column_type = ColumnType("timestamp" if "mm" in pattern else "date", format=pattern)
    text = to_text(
        iso.cast(column_type.arrow_type) if column_type.type == "timestamp" else iso.cast(pa.date32(), safe=False),
        column_type,
    )
    assert infer(text, Formats(date=pattern)).best == column_type or text.null_count == len(text)
    assert to_text(parse(text, column_type), column_type).equals(text)


@given(
    st.lists(st.none() | st.decimals(places=2, min_value=-(10**15), max_value=10**15), min_size=1),
    st.sampled_from(
        ["1.234,56", "1,234.56", "1234,56", "1 234,56", "1'234.56", "$1,234.56", "1.234,56 €", "USD 1 234,56"]
    ),
)
def test_numbers_in_a_declared_format_are_lossless(numbers: list[Decimal | None], number_format: str) -> None:
    column_type = ColumnType("decimal(18,2)", format=number_format)
    text = to_text(pa.array(numbers, column_type.arrow_type), column_type)
    assert to_text(parse(text, column_type), column_type).equals(text)
    assert convert(text, column_type) is not None


@given(st.lists(st.text(alphabet="0123456789.,-/ aJan", max_size=12), max_size=20), st.sampled_from(VALUES))
def test_any_text_is_converted_or_is_a_mismatch(cells: list[str], declared: tuple[str, str, dict[str, Any]]) -> None:
    text = pa.array(cells, pa.string())
    values, mismatch = convert_with_mismatches(text, ColumnType(declared[0], format=declared[1], declared=True))
    assert [value is None for value in values.to_pylist()] == mismatch.to_pylist()


@given(
    digits=st.text("0123456789", min_size=1, max_size=60),
    point=st.none() | st.integers(0, 60),
    exponent=st.none() | st.integers(-70, 70),
    type=st.sampled_from(["decimal(18,2)", "decimal(38,0)", "decimal(38,12)", "decimal(38,37)", "decimal(38,38)"]),
)
@example(
    digits="340282366920938463463374607431768211457", point=None, exponent=None, type="decimal(38,0)"
)  # 2**128 + 1, which overflows to 1
@example(digits="0", point=0, exponent=None, type="decimal(18,2)")
def test_a_declared_decimal_is_exact_or_a_mismatch(
    digits: str, point: int | None, exponent: int | None, type: str
) -> None:
    text = digits if point is None else f"{digits[:point]}.{digits[point:]}"
    text += "" if exponent is None else f"e{exponent}"
    values, mismatch = convert_with_mismatches(pa.array([text]), ColumnType(type, declared=True))
    with localcontext(prec=300):
        assert mismatch[0].as_py() == (values[0].as_py() is None)
        assert values[0].as_py() in (None, Decimal(text))
        scale = int(type[type.index(",") + 1 : -1])
        fits = Decimal(text) % Decimal(10) ** -scale == 0 and abs(Decimal(text)) < Decimal(10) ** (
            int(type[8:10]) - scale
        )
        assert fits == (not mismatch[0].as_py())


CSV = b'Start Date,Price,Zip Code,Note\n20240131,"1.234,50",00501,a\n00000000,"7,00",00502,\n'


def test_column_schema_names_and_types_columns(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    table = made.name.replace("-", "_")
    schema = {
        table: {
            "Start Date": {"target_name": "started_on", "type": "date", "format": "yyyyMMdd"},
            "price": {"type": "decimal(18,2)", "format": "1.234,56"},
        }
    }
    record = made.run(source.serves("/x.csv", CSV), column_schema=schema, column_mappings={"Zip Code": "zip"}, data_quality={"max_rescued_share": 1})  # fmt: skip
    assert made.rows() == [
        {
            "started_on": date(2024, 1, 31),
            "price": Decimal("1234.50"),
            "zip": "00501",
            "note": "a",
            "meta_rescued": None,
        },
        {
            "started_on": None,
            "price": Decimal("7.00"),
            "zip": "00502",
            "note": None,
            "meta_rescued": '{"started_on": "00000000"}',
        },
    ]
    assert record["tables"][0]["rescued"] == {"started_on": 1}
    made.run(
        source.serves("/x.csv", CSV),
        column_schema=schema,
        column_mappings={"Zip Code": "zip"},
        data_quality={"max_rescued_share": 1},
    )


def test_a_typo_in_column_schema_is_an_error(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    error = made.fails(
        source.serves("/x.csv", CSV), column_schema={made.name.replace("-", "_"): {"Strat Date": {"type": "date"}}}
    )
    assert (
        'column_schema contains Strat Date, which the source does not have. Did you mean "Start Date"? Use the column names of the source: Note, Price, Start Date, Zip Code'
        in error
    )


def test_a_published_type_changes_only_with_reset_contract(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"Day\n20240131\n")
    made.run(url)
    schema = {made.name.replace("-", "_"): {"Day": {"target_name": "on", "type": "date", "format": "yyyyMMdd"}}}
    error = made.fails(url, column_schema=schema)
    assert (
        "SCHEMA_CONTRACT_CONFLICT: "
        f"{made.name.replace('-', '_')}: Day has the published name day and the declared name on, "
        "and the published type bigint (inferred) and the declared type date yyyyMMdd" in error
    )
    assert 'run once with run_options {"reset_contract": true}' in error
    made.run(url, column_schema=schema, run_options='{"reset_contract": true}')
    assert [row["on"] for row in made.rows()] == [date(2024, 1, 31)]
    made.run(url, column_schema=schema)


def test_two_columns_cannot_have_the_same_name(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"a\n1\n")
    made.run(url)
    error = made.fails(source.serves("/x.csv", b"a,b\n1,2\n"), column_mappings={"b": "a"})
    assert 'the target_name "a" of the column "b" is already the name of the column "a"' in error


def test_a_declared_name_is_not_given_to_another_column(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id,x\n1,2\n"), column_mappings={"x": "id"})
    assert made.rows() == [{"id_2": 1, "id": 2, "meta_rescued": None}]


@pytest.mark.parametrize("header", ["A b,a_b", "a_b,A b", "住所,名前", "名前,住所"])
def test_column_settings_apply_to_the_column_with_that_exact_name(
    dataset: MakeDataset, source: Source, header: str
) -> None:
    made = dataset()
    declared = "a_b" if header.isascii() else "名前"
    values = ["x" if name == declared else "y" for name in header.split(",")]
    made.run(source.serves("/x.csv", f"{header}\n{','.join(values)}\n".encode()), column_mappings={declared: "wanted"})
    assert made.rows()[0]["wanted"] == "x"


def test_declared_formats_of_the_file_are_tried_first(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(
        source.serves("/x.csv", b"day;n;f\n20240131;1.234;1,5\n"),
        delimiter=";",
        date_format="yyyyMMdd",
        file_format={"number_format": "1.234,56"},
    )
    assert made.rows() == [{"day": date(2024, 1, 31), "n": 1234, "f": Decimal("1.5"), "meta_rescued": None}]


def test_a_column_that_is_text_because_of_its_notation_gets_a_type_hint(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"price,day,code,id\n2.50,01/31/2024,007,1\n3,12/31/2023,12,2\n"))
    hint = '"price": {"type": "decimal(18,2)"}, "day": {"type": "date", "format": "MM/dd/yyyy"}'
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize("format", ["", "1.234,56"])
def test_nan_is_a_value_of_a_declared_double(format: str) -> None:
    text = pa.array(["NaN", "nan", " NAN ", "-NaN", None])
    values, mismatch = convert_with_mismatches(text, ColumnType("double", format=format, declared=True))
    assert [str(value) for value in values.to_pylist()] == ["nan", "nan", "nan", "None", "None"]
    assert mismatch.to_pylist() == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/x.csv", b"v\nNaN\n1.5\n-Infinity\n"), ("/x.json", b'[{"v": "NaN"}, {"v": 1.5}, {"v": "-inf"}]')],
)
def test_nan_and_infinity_in_text_and_json_are_values_of_a_declared_double(
    dataset: MakeDataset, source: Source, path: str, body: bytes
) -> None:
    made = dataset()
    made.run(source.serves(path, body), column_schema={made.name.replace("-", "_"): {"v": {"type": "double"}}})
    assert [(str(row["v"]), row["meta_rescued"]) for row in made.rows()] == [
        ("nan", None),
        ("1.5", None),
        ("-inf", None),
    ]
