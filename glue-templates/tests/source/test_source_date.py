"""The date in the URL of a source: in the run record and the table, and selected by the run options."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from conftest import Dataset, DerivedTable, Source
from etl_runtime.job.errors import RunFailed

MakeDataset = Callable[..., Dataset]
NEXT = date(2026, 11, 2)


def option(value: object) -> str:
    return json.dumps({"date": value})


def test_the_date_is_in_the_record_and_the_table(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    source.serves(f"/x-{yesterday:%Y%m%d}.csv", b"id\n1\n2\n")
    record = made.run(source.url + "/x-{yyyyMMdd}.csv")
    assert record["source_date"] == str(yesterday)
    assert [each["source_date"] for each in record["sources"]] == [str(yesterday)]
    assert made.table().column_names == ["id", "meta_run_id", "meta_rescued", "meta_source_date"]
    assert made.table()["meta_source_date"].to_pylist() == [yesterday, yesterday]


def test_a_source_without_a_date_has_no_date(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    record = made.run(source.serves("/x.csv", b"id\n1\n"))
    assert "source_date" not in record and "source_date" not in record["sources"][0]
    assert made.table().column_names == ["id", "meta_run_id", "meta_rescued"]


def test_a_query_reads_the_date(dataset: MakeDataset, source: Source, silver: Callable[..., DerivedTable]) -> None:
    bronze = dataset()
    source.serves("/2026-11-02.csv", b"id\n1\n")
    bronze.run(source.url + "/{yyyy-MM-dd}.csv", run_options=option("2026-11-02"))
    (table,) = bronze.names["tables"].values()
    made = silver(bronze)
    made.run(f"SELECT id, meta_source_date AS published_on FROM {bronze.names['database']}.{table['name']}")
    assert [(row["id"], row["published_on"]) for row in made.rows()] == [(1, NEXT)]


def test_a_table_that_gets_a_date_needs_its_crawler(
    dataset: MakeDataset, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", b"id\n1\n"))
    source.serves("/2026-11-02.csv", b"id\n1\n")
    made.run(source.url + "/{yyyy-MM-dd}.csv", run_options=option("2026-11-02"))
    assert "changed since the previous publication" in capsys.readouterr().out


def test_the_run_options_select_the_date(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    source.serves("/2026-11-02.csv", b"id\n1\n")
    record = made.run(source.url + "/{yyyy-MM-dd}.csv", run_options=option("2026-11-02"))
    assert (record["source_date"], source.requests) == ("2026-11-02", ["/2026-11-02.csv"])
    assert made.table()["meta_source_date"].to_pylist() == [NEXT]


def test_a_killed_run_that_published_keeps_its_date(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    source.serves("/2026-11-02.csv", b"id\n1\n")
    url = source.url + "/{yyyy-MM-dd}.csv"
    first = made.run(url, run_options=option("2026-11-02"))
    uri = f"{made.names['runs']}run_id={first['run_id']}.json"
    killed = {key: value for key, value in first.items() if key != "source_date"}
    made.store.write_json(uri, {**killed, "status": "running", "sources": [], "tables": []})
    made.run(url, run_options=option("2026-11-02"))
    closed = made.store.read_json(uri)
    assert (closed["status"], closed["source_date"]) == ("published", "2026-11-02")


def test_the_same_bytes_for_another_date_in_the_query_are_published(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    source.serves("/x.csv", b"id\n1\n")
    url = source.url + "/x.csv?date={yyyy-MM-dd}"
    made.run(url, run_options=option("2026-11-01"))
    assert made.run(url, run_options=option("2026-11-01"))["status"] == "unchanged"
    assert made.run(url, run_options=option("2026-11-02"))["status"] == "published"
    assert made.table()["meta_source_date"].to_pylist() == [NEXT]


def test_a_rebuild_from_an_earlier_run_keeps_the_date(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    source.serves("/2026-11-02.csv", b"id\n1\n")
    url = source.url + "/{yyyy-MM-dd}.csv"
    first = made.run(url, run_options=option("2026-11-02"))
    again = made.run(url, run_options=json.dumps({"from_run": first["run_id"]}))
    assert again["source_date"] == "2026-11-02"
    assert made.table()["meta_source_date"].to_pylist() == [NEXT]


@pytest.mark.parametrize(("pattern", "expected"), [("{yyyy-MM}", "2026-11-01"), ("{yyyy}", "2026-01-01")])
def test_a_pattern_without_a_day_has_the_first_day_of_its_period(
    dataset: MakeDataset, source: Source, pattern: str, expected: str
) -> None:
    made = dataset()
    source.serves("/" + expected[: len(pattern) - 2] + ".csv", b"id\n1\n")
    record = made.run(f"{source.url}/{pattern}.csv", run_options=option("2026-11-02"))
    assert record["source_date"] == expected


def test_a_date_without_a_file_fails_instead_of_taking_another_day(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    source.serves("/2026-11-01.csv", b"id\n1\n")
    error = made.fails(source.url + "/{yyyy-MM-dd}.csv", run_options=option("2026-11-02"))
    assert "SOURCE_NOT_FOUND: the source has no complete set of files for 2026-11-02" in error


def test_a_date_for_a_source_without_a_date_fails(dataset: MakeDataset, source: Source) -> None:
    error = dataset().fails(source.serves("/x.csv", b"id\n1\n"), run_options=option("2026-11-02"))
    assert "RUN_OPTIONS_INVALID: run_options.date is 2026-11-02, but no source_url of " in error
    assert source.requests == []


@pytest.mark.parametrize("value", ["2026-02-30", "20261102", "2026-W45-1", "yesterday", 20261102, None])
def test_an_invalid_date_fails(dataset: MakeDataset, source: Source, value: object) -> None:
    expected = f"RUN_OPTIONS_INVALID: run_options.date is {json.dumps(value)}. Set it to a date that exists"
    with pytest.raises(RunFailed, match=f"^{re.escape(expected)}"):
        dataset().run(source.url + "/{yyyy-MM-dd}.csv", run_options=option(value))


def test_a_date_and_an_earlier_run_exclude_each_other(dataset: MakeDataset, source: Source) -> None:
    options = json.dumps({"date": "2026-11-02", "from_run": "20261123T012048123Z-3f9a1c"})
    with pytest.raises(RunFailed, match="^RUN_OPTIONS_INVALID: run_options has from_run and date"):
        dataset().run(source.url, run_options=options)
