"""`medallion export` writes every published value to a file."""

import csv
import json
import os
import subprocess
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

EXPORT = Path(__file__).parents[2] / "local_glue" / "export.py"
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("whole", pa.int64()),
        ("price", pa.decimal128(18, 2)),
        ("share", pa.float64()),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us", tz="UTC")),
        ("yes", pa.bool_()),
        ("nested", pa.struct([("a", pa.list_(pa.int64()))])),
    ]
)
ROWS: list[tuple[Any, ...]] = [
    ("a", 1, Decimal("1.50"), 0.1, date(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), True, {"a": [1]}),
    (
        '=1+1,"x"\né',
        2**53 + 1,
        Decimal("1234567890123456.78"),
        float("nan"),
        date(1850, 1, 1),
        datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC),
        False,
        None,
    ),
    ("", -1, Decimal("0.00"), 1e300, date(9999, 12, 31), datetime(1900, 1, 1, tzinfo=UTC), None, {"a": []}),
    (None,) * 8,
]


def publish(lake: Path, rows: list[tuple[Any, ...]], schema: pa.Schema = SCHEMA, layer: str = "bronze") -> None:
    bucket = lake / "bucket"
    table = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)
    file = bucket / layer / "things.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file)
    published = bucket / "etl" / "things" / "runs" / layer / "published.json"
    published.parent.mkdir(parents=True)
    columns = [{"name": name, "type": "string"} for name in schema.names]
    tables = {"things": {"name": "things", "files": [f"{layer}/things.parquet"], "columns": columns}}
    content = {"dataset": "things", "database": f"pp_dw_{layer}", "tables": tables}
    published.write_text(json.dumps(content))


def export(lake: Path, format: str, table: str = "things", check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [os.environ["LAKE_PYTHON"], EXPORT, lake, table, format, lake.parent / f"out.{format}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=check,
    )


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def test_csv_has_every_value_and_distinguishes_null_from_empty_text(lake: Path) -> None:
    publish(lake, ROWS)
    assert json.loads(export(lake, "csv").stdout) == {"table": "pp_dw_bronze.things", "rows": 4}
    text = (lake.parent / "out.csv").read_text(encoding="utf-8")
    assert list(csv.reader(text.splitlines(keepends=True))) == [
        ["text", "whole", "price", "share", "day", "moment", "yes", "nested"],
        ["a", "1", "1.50", "0.1", "2024-01-02", "2024-01-02 03:04:05", "true", '{"a":[1]}'],
        [
            '=1+1,"x"\né',
            "9007199254740993",
            "1234567890123456.78",
            "nan",
            "1850-01-01",
            "2024-01-01 00:00:00.123456",
            "false",
            "",
        ],
        ["", "-1", "0.00", "1e+300", "9999-12-31", "1900-01-01 00:00:00", "", '{"a":[]}'],
        [""] * 8,
    ]
    assert text.splitlines()[-2:] == ['"",-1,0.00,1e+300,9999-12-31,1900-01-01 00:00:00,,"{""a"":[]}"', ",,,,,,,"]


def test_parquet_has_the_published_columns_and_rows(lake: Path) -> None:
    publish(lake, ROWS)
    export(lake, "parquet")
    exported = pq.read_table(lake.parent / "out.parquet")
    published = pq.read_table(lake / "bucket" / "bronze" / "things.parquet")
    assert exported.schema == published.schema
    assert repr(exported.to_pylist()) == repr(published.to_pylist())  # NaN is not equal to NaN


def test_duckdb_has_the_table_under_its_name_in_athena(lake: Path) -> None:
    publish(lake, ROWS)
    export(lake, "duckdb")
    script = (
        "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).execute("
        "'SELECT text, whole, price::VARCHAR, moment::VARCHAR FROM pp_dw_bronze.things').fetchall())"
    )
    shown = subprocess.run(
        [os.environ["LAKE_PYTHON"], "-c", script, lake.parent / "out.duckdb"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.strip() == repr(
        [
            ("a", 1, "1.50", "2024-01-02 03:04:05"),
            ('=1+1,"x"\né', 2**53 + 1, "1234567890123456.78", "2024-01-01 00:00:00.123456"),
            ("", -1, "0.00", "1900-01-01 00:00:00"),
            (None, None, None, None),
        ]
    )


def cells(file: Path) -> list[list[tuple[str, str]]]:
    """The type and the text of each cell: n for numbers and dates, b for booleans, inlineStr for text."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(file) as archive:
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{main}c")]
        for row in sheet.iter(f"{main}row")
    ]


def test_xlsx_has_numbers_and_dates_and_text_for_what_a_cell_cannot_hold_exactly(lake: Path) -> None:
    publish(lake, ROWS)
    export(lake, "xlsx")
    _, first, second, third = cells(lake.parent / "out.xlsx")
    assert first == [
        ("inlineStr", "a"),
        ("n", "1"),
        ("n", "1.5"),
        ("n", "0.1"),
        ("n", "45293"),
        ("n", "45293.12783564815"),
        ("b", "1"),
        ("inlineStr", '{"a": [1]}'),
    ]
    assert second == [
        ("inlineStr", '=1+1,"x"\né'),
        ("inlineStr", "9007199254740993"),
        ("inlineStr", "1234567890123456.78"),
        ("inlineStr", "nan"),
        ("inlineStr", "1850-01-01"),
        ("inlineStr", "2024-01-01 00:00:00.123456"),
        ("b", "0"),
    ]
    assert third[1:6] == [
        ("n", "-1"),
        ("n", "0"),
        ("n", "1E+300"),
        ("n", "2958465"),
        ("inlineStr", "1900-01-01 00:00:00"),
    ]


def test_a_text_that_is_too_long_for_a_cell_is_an_error(lake: Path) -> None:
    publish(lake, [("x" * 32_768,)], pa.schema([("text", pa.string())]))
    done = export(lake, "xlsx", check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "pp_dw_bronze.things, row 1: text has 32,768 characters, and a cell holds at most 32,767. "
        "Export a .csv or .parquet file.\n"
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("thing", "The table thing does not exist. Did you mean"),
        ("things", "Several databases have a table things. Specify pp_dw_bronze.things or pp_dw_gold.things."),
    ],
)
def test_an_unknown_or_ambiguous_table_is_an_error(lake: Path, table: str, message: str) -> None:
    for layer in ("bronze", "gold"):
        publish(lake, ROWS, layer=layer)
    done = export(lake, "csv", table, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    export(lake, "csv", "pp_dw_gold.things")


def test_a_missing_file_is_an_error_that_names_the_dataset(lake: Path) -> None:
    publish(lake, ROWS)
    (lake / "bucket" / "bronze" / "things.parquet").unlink()
    done = export(lake, "csv", check=False)
    assert done.returncode == 2
    assert "the file things.parquet is missing. Run the dataset again: medallion run things." in done.stderr
