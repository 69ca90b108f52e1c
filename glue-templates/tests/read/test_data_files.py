"""Which file of a ZIP without a mapping becomes the table."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from conftest import Dataset, Source, zipped
from etl_runtime.convert.table_mapping import map_tables
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.container import Member, members
from etl_runtime.source.files.original import Original

MakeDataset = Callable[..., Dataset]
ORDERS = b"id,name\n" + b"".join(b"%d,n%d\n" % (n, n) for n in range(50))
CONTROL = b"file,rows\norders.out,50\n"
PROSE = b"These are the orders of a day.\nSee our website, or call us.\n" * 20
FIXED = b"".join(b"%05d%-12sNL\n" % (n, b"name") for n in range(50))
HASHES = b"9c56cc51b374c3ba189210d5b6d4bf57790d351c  orders.txt\n" * 2


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", "<x/>" * 500)
    return buffer.getvalue()


@contextmanager
def unzipped(files: dict[str, bytes]) -> Iterator[list[Member]]:
    with NamedTemporaryFile() as file:
        body = zipped(**files)
        Path(file.name).write_bytes(body)
        with members(Original(file, "x.zip", "https://example.org/x.zip", len(body), "", None, None)) as found:
            yield found


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        pytest.param({"orders.csv": ORDERS, "manual.pdf": b"%PDF-1.7" + bytes(9000)}, "orders.csv", id="a larger PDF"),
        pytest.param({"orders.txt": ORDERS, "README.txt": PROSE}, "orders.txt", id="a readme with the same extension"),
        pytest.param({"orders.out": ORDERS, "Read_Me.txt": PROSE}, "orders.out", id="an unknown extension and a readme"),
        pytest.param({"orders.out": ORDERS, "notes.xyz": PROSE}, "orders.out", id="only unknown extensions"),
        pytest.param({"orders": ORDERS, "orders.done": b""}, "orders", id="no extension"),
        pytest.param({"orders.txt": ORDERS, "orders.ok": b""}, "orders.txt", id="an empty trigger file"),
        pytest.param({"orders.txt": ORDERS, "orders.txt.sha256": HASHES}, "orders.txt", id="checksums"),
        pytest.param({"orders.csv": ORDERS, "orders.xlsx": workbook()}, "orders.csv", id="a CSV and a larger workbook"),
        pytest.param({"orders.csv": ORDERS, "orders.ctl": b"file|rows\norders.csv|50\n"}, "orders.csv", id="a smaller control file"),
        pytest.param({"licenses.txt": ORDERS, "terms of use.txt": PROSE}, "licenses.txt", id="licenses as records"),
        pytest.param({"license.csv": ORDERS, "index.html": b"<html>" * 900}, "license.csv", id="licenses as CSV"),
    ],
)  # fmt: skip
def test_one_file_is_the_data(files: dict[str, bytes], chosen: str) -> None:
    with unzipped(files) as found:
        assert [(member.name, table) for member, table in map_tables({"x.zip": found}, {}, ["x"])] == [(chosen, "x")]


@pytest.mark.parametrize(
    ("files", "rival"),
    [
        pytest.param({"orders.out": ORDERS, "control.txt": CONTROL}, "orders.out", id="a control file named .txt"),
        pytest.param({"orders.out": ORDERS[:20], "control.txt": CONTROL}, "orders.out", id="a control file that is larger than the data"),
        pytest.param({"orders.out": ORDERS, "control.csv": CONTROL}, "orders.out", id="a control file named .csv"),
        pytest.param({"orders.out": FIXED, "control.txt": CONTROL}, "orders.out", id="fixed-width data"),
        pytest.param({"orders": b'[{"id": 1}]', "fields.txt": CONTROL}, "orders", id="JSON without an extension"),
        pytest.param({"orders.xlsx": workbook(), "fields.txt": CONTROL}, "orders.xlsx", id="a workbook"),
        pytest.param({"orders.zip": zipped(**{"x.csv": ORDERS}), "fields.txt": CONTROL}, "orders.zip", id="a ZIP"),
        pytest.param({"orders.sas7bdat": bytes(12) + b"\xc2\xea\x81\x60" + bytes(4000), "fields.txt": CONTROL}, "orders.sas7bdat", id="a SAS data set"),
    ],
)  # fmt: skip
def test_a_file_that_may_hold_the_data_requires_a_mapping(files: dict[str, bytes], rival: str) -> None:
    (other,) = files.keys() - {rival}
    for order in (files, dict(reversed(files.items()))):
        with unzipped(order) as found, pytest.raises(RunFailed) as failed:
            map_tables({"x.zip": found}, {}, ["x"])
        assert str(failed.value).startswith(
            "FILE_TABLE_MAPPING_REQUIRED: x.zip contains 2 files, and no mapping assigns them to tables. "
            f"{other} is the only one with the extension of a data file, but {rival} may contain the data. "
            "Add this mapping to the dataset, and leave out any files that contain no data: file_table_mapping {"
        )
        assert f'"{rival}": "orders"' in str(failed.value)


def test_no_control_file_is_published(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/outzip.zip", zipped(**{"orders_20240131.out": ORDERS, "control.txt": CONTROL}))
    assert made.fails(url).startswith("FILE_TABLE_MAPPING_REQUIRED: outzip.zip contains 2 files")
    assert len(made.run(url, file_table_mapping={"orders_*.out": made.name.replace("-", "_")})["tables"]) == 1
    assert len(made.rows()) == 50
