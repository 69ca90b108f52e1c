"""`medallion add` of an archive: a mapping for the data files, and a reason for each file that it skips."""

from collections.abc import Callable
from typing import Any

import pytest

from conftest import Dataset, Source, zipped
from etl_runtime.job.errors import RunFailed
from inspect_source import inspect_source
from inspection.sample import SAMPLE_BYTES

MakeDataset = Callable[..., Dataset]
PROSE = b"Read me\nplease, and see our website.\n"
ROWS = b"".join(b"%d,n%d\n" % (n, n % 7) for n in range(40))
DATA = b"id,name\n" + ROWS
PIPES = b"".join(b"%d|ENG|n%d|\n" % (n, n) for n in range(40))
PREAMBLE = b'"Data Source","World",\n\n"Last Updated","2024-10-24",\n\n' + b"".join(
    line + b",2,3\n" for line in DATA.splitlines()
)


def inspected(source: Source, **files: bytes) -> dict[str, Any]:
    return inspect_source(source.serves("/x.zip", zipped(**files)), "x", {})


@pytest.mark.parametrize(
    ("files", "mapping", "skipped"),
    [
        pytest.param({"rrf/A.RRF": PIPES, "rrf/B.RRF": PIPES, "Readme_Full.txt": PROSE, "load.sql": b"load data"}, {"rrf/A.RRF": "a", "rrf/B.RRF": "b"}, "Readme_Full.txt (documentation or a program), load.sql (documentation or a program)", id="a readme and a script"),
        pytest.param({"a.csv": PREAMBLE, "Metadata_a.csv": DATA[:80]}, {"a.csv": "x"}, 'Metadata_a.csv (needs another dataset without file_format)', id="a preamble in one file"),
        pytest.param({"a.csv": DATA, "b.csv": DATA, "small.csv": b"id;name\n1;a\n2;b\n"}, {"a.csv": "a", "b.csv": "b"}, 'small.csv (needs another dataset with file_format {"delimiter": ";"})', id="another delimiter in a small file"),
        pytest.param({"a.csv": DATA, "a.xlsx": b"PK\x03\x04" + bytes(40)}, None, "a.xlsx (file type is not supported)", id="the same data as a workbook"),
        pytest.param({"a.csv": DATA, "notes.txt": PROSE}, {"a.csv": "x"}, "notes.txt (no records)", id="prose with a data extension"),
        pytest.param({"a.csv": DATA, "b.csv": b""}, {"a.csv": "x"}, "b.csv (empty)", id="an empty file next to the data"),
        pytest.param({"a.csv": DATA, "b.csv": b"id;name\n1;x"}, {"a.csv": "x"}, 'b.csv (needs another dataset with file_format {"delimiter": ";"})', id="one record without a line ending"),
        pytest.param({"a.csv": DATA.replace(b",", b";"), "b.csv": b"a,b\n\n"}, {"a.csv": "a", "b.csv": "b"}, None, id="a header and an empty line"),
        pytest.param({"a.csv": DATA.replace(b",", b";"), "b.csv": "a,b\n".encode("utf-16")}, {"a.csv": "a", "b.csv": "b"}, None, id="a header in UTF-16"),
        pytest.param({"orders.out": DATA, "control.txt": b"file,rows\norders.out,40\n"}, {"orders.out": "orders", "control.txt": "control"}, None, id="a control file"),
    ],
)  # fmt: skip
def test_a_mapping_is_proposed_for_the_data_files(
    source: Source, files: dict[str, bytes], mapping: dict[str, str] | None, skipped: str | None
) -> None:
    found = inspected(source, **files)
    assert found["document"].get("file_table_mapping") == mapping
    lines = [line.removeprefix("skipped files: ") for line in found["found"] if line.startswith("skipped files: ")]
    assert lines == ([skipped] if skipped else [])


def test_a_preamble_is_declared_and_the_job_reads_the_file(source: Source, dataset: MakeDataset) -> None:
    made = dataset()
    url = source.serves("/x.zip", zipped(**{"Metadata_a.csv": DATA[:80], "a.csv": PREAMBLE}))
    document = inspect_source(url, made.name.replace("-", "_"), {})["document"]
    assert document["file_format"] == {"skip_rows": 4}
    made.run(url, **document)
    assert len(made.rows()) == 40


def test_empty_members_are_tables_that_may_be_empty(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["stops", "agency", "frequencies", "transfers"])
    files = {"stops.txt": DATA, "agency.txt": DATA, "frequencies.txt": b"trip_id,start\n", "transfers.txt": b""}
    url = source.serves("/gtfs.zip", zipped(**files))
    found = inspect_source(url, "x", {})
    document = found["document"]
    assert document["file_table_mapping"] == {name: name[:-4] for name in files}
    assert document["data_quality"] == {"expected_record_count_min": {"frequencies": 0, "transfers": 0}}
    assert document["column_schema"]["frequencies"]["start"] == {"target_name": "start"}
    assert any(line.endswith("expected_record_count_min is 0") for line in found["found"])
    record = made.run(url, **document)
    assert [table["rows"] for table in record["tables"]] == [40, 40, 0, 0]


def lines(delimiter: bytes, text: bytes, size: int) -> bytes:
    record = b"1" + delimiter + text + b"\n"
    return b"id" + delimiter + b"text\n" + record * (size // len(record))


def test_files_larger_than_the_sample_count_in_full(source: Source) -> None:
    small, large = lines(b",", b"x" * 500, SAMPLE_BYTES + 1_000_000), lines(b";", b"x" * 900_000, SAMPLE_BYTES * 2)
    found = inspected(source, **{"small.csv": small, "large.csv": large})
    assert found["document"]["file_format"] == {"delimiter": ";"}
    assert found["found"][-1] == "skipped files: small.csv (needs another dataset without file_format)"


def test_a_file_that_is_not_supported_and_smaller_than_the_data_is_skipped(source: Source) -> None:
    files = {
        "old.db": b"SQLite format 3\0" + bytes(SAMPLE_BYTES),
        "data.txt": lines(b",", b"x" * 500, SAMPLE_BYTES * 2),
    }
    assert inspected(source, **files)["found"][-1] == "skipped files: old.db (file type is not supported)"


def test_a_larger_file_that_is_not_supported_is_an_error(source: Source) -> None:
    with pytest.raises(RunFailed, match="^FILE_FORMAT_UNSUPPORTED: data.db in x.zip is an SQLite database"):
        inspected(source, **{"data.db": b"SQLite format 3\0" + bytes(9000), "layout.txt": DATA[:80]})
