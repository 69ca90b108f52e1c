"""A source that is unchanged since the last publication costs one request and does not start Spark."""

import json
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from expected_error import has_error

from conftest import BUCKET, Dataset, Response, Source
from etl_runtime.bronze import Fetching
from etl_runtime.convert.unpack import unpack
from etl_runtime.job.spark import start_spark

MakeDataset = Callable[..., Dataset]
CSV = b"id\n1\n"
VALIDATORS = [{"ETag": '"1"'}, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}]

NEEDS_SPARK: dict[str, Any] = {"business_key": ["id"]}
"""A document that needs Spark to convert a small source."""


def csv(**headers: str) -> Response:
    return Response(CSV, headers=headers)


@pytest.mark.parametrize("headers", VALIDATORS)
def test_an_unchanged_source_ends_the_run_without_spark(
    dataset: MakeDataset, source: Source, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", Response(CSV, headers=headers))
    first = made.run(url, **NEEDS_SPARK)
    before = made.published_state()
    monkeypatch.setattr("etl_runtime.job.spark.start_spark", lambda: pytest.fail("Spark was started"))
    record = made.run(url, **NEEDS_SPARK)
    assert (record["status"], record["unchanged_since"]) == ("unchanged", first["run_id"])
    assert made.published_state() == before
    assert made.run(url, **NEEDS_SPARK)["status"] == "unchanged"


@pytest.mark.parametrize(
    "responses",
    [[csv(), csv()], [csv(ETag='"1"'), csv(ETag='"2"')], [csv(), Response(CSV, chunk_bytes=2)]],
    ids=["no ETag", "new ETag", "no Content-Length"],
)
def test_identical_bytes_end_the_run_without_spark(
    dataset: MakeDataset, source: Source, responses: list[Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    first = made.run(source.serves("/x.csv", responses[0]), **NEEDS_SPARK)
    before = made.published_state()
    monkeypatch.setattr("etl_runtime.job.spark.start_spark", lambda: pytest.fail("Spark was started"))
    record = made.run(source.serves("/x.csv", responses[1]), **NEEDS_SPARK)
    assert (record["status"], record["unchanged_since"]) == ("unchanged", first["run_id"])
    assert made.published_state() == before
    assert made.store.list(f"{made.names['raw']}run_id={record['run_id']}/") == []


@pytest.mark.parametrize(
    ("second", "document", "options", "status"),
    [
        (b"id\n2\n", {}, {}, "published"),  # of the same size
        (CSV, {}, {"force": True}, "published"),
        (CSV, {}, {"reset_contract": True}, "published"),
        (CSV, {"description": "changed"}, {}, "published"),
        (CSV, {}, {}, "unchanged"),
    ],
)
def test_bytes_are_compared_with_the_published_ones(
    dataset: MakeDataset, source: Source, second: bytes, document: dict[str, str], options: dict[str, bool], status: str
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", CSV))
    record = made.run(source.serves("/x.csv", second), run_options=json.dumps(options), **document)
    assert record["status"] == status


@pytest.mark.parametrize("second", [csv(), Response(CSV, chunk_bytes=2)], ids=["of the same size", "no Content-Length"])
def test_spark_starts_before_a_changed_source_is_unpacked_if_the_dataset_needs_it(
    dataset: MakeDataset, source: Source, second: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", CSV))
    is_starting, starts = Event(), []

    def starting() -> object:
        is_starting.set()
        return start_spark()

    def unpacking(*arguments: Any, **named: Any) -> object:
        starts.append(is_starting.wait(5))
        return unpack(*arguments, **named)

    monkeypatch.setattr("etl_runtime.job.spark.start_spark", starting)
    monkeypatch.setattr("etl_runtime.convert.unpack.unpack", unpacking)
    made.run(source.serves("/x.csv", replace(second, body=b"id\n2\n")), **NEEDS_SPARK)
    assert starts == [True]


def test_identical_responses_of_an_api_and_files_of_a_script_are_unchanged(
    dataset: MakeDataset, source: Source
) -> None:
    made, scripted = dataset(["items"]), dataset()
    endpoints = {"items": {"url": source.serves("/items", b'[{"n": 1}]')}}

    def fetch(fetching: Fetching) -> None:
        (fetching.folder / "x.csv").write_bytes(CSV)

    assert [made.run_on(api_endpoints=endpoints)["status"] for _ in range(2)] == ["published", "unchanged"]
    assert [scripted.run_on(fetch=fetch)["status"] for _ in range(2)] == ["published", "unchanged"]
    source.serves("/items", b'[{"n": 2}]')
    assert made.run_on(api_endpoints=endpoints)["status"] == "published"


def test_a_file_that_the_source_adds_or_renames_is_a_change(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    urls = [source.serves(path, CSV) for path in ("/x.csv", "/y.csv")]
    made.run(urls[:1])
    assert made.run(urls[1:])["status"] == "published"
    assert made.run(urls)["status"] == "published"


def test_a_changed_source_is_published(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", csv(ETag='"1"')))
    made.run(source.serves("/x.csv", Response(b"id\n2\n", headers={"ETag": '"2"'})))
    assert [row["id"] for row in made.rows()] == [2]


def test_force_rebuilds_an_unchanged_source(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", csv(ETag='"1"'))
    made.run(url)
    assert made.run(url, run_options='{"force": true}')["status"] == "published"


def test_a_changed_document_rebuilds_an_unchanged_source(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", csv(ETag='"1"'))
    made.run(url)
    assert made.run(url, file_format={"header": False}, schema_contract="evolve", data_quality={"max_rescued_share": 1}, run_options='{"reset_contract": true}')["status"] == "published"  # fmt: skip
    made.run(url, description="now with a description", run_options='{"reset_contract": true}')
    assert made.run(url, description="now with another")["status"] == "published"


def test_a_missing_published_file_is_rebuilt(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", csv(ETag='"1"'))
    made.run(url)
    made.store.delete(made.store.list(f"s3://{BUCKET}/bronze/{made.name}/"))
    assert made.run(url)["status"] == "published"
    assert [row["id"] for row in made.rows()] == [1]


def test_a_source_is_not_compared_with_a_failed_run(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", csv(ETag='"1"')))
    url = source.serves("/x.csv", Response(b"id\n", headers={"ETag": '"2"'}))
    made.fails(url)
    made.fails(url)


def test_an_unrequested_304_fails(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    error = made.fails(source.serves("/x.csv", Response(status=304)))
    assert has_error(error, "SOURCE_REQUEST_FAILED: the server returned 304 Not Modified")
