"""A source that is unchanged since the last publication costs one request and does not start Spark."""

from collections.abc import Callable

import pytest
from expected_error import has_error

from conftest import BUCKET, Dataset, Response, Source

MakeDataset = Callable[..., Dataset]
CSV = b"id\n1\n"
VALIDATORS = [{"ETag": '"1"'}, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}]


def csv(**headers: str) -> Response:
    return Response(CSV, headers=headers)


@pytest.mark.parametrize("headers", VALIDATORS)
def test_an_unchanged_source_ends_the_run_without_spark(
    dataset: MakeDataset, source: Source, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", Response(CSV, headers=headers))
    first = made.run(url)
    before = made.published_state()
    monkeypatch.setattr("etl_runtime.bronze.start_spark", lambda: pytest.fail("Spark was started"))
    record = made.run(url)
    assert (record["status"], record["unchanged_since"]) == ("unchanged", first["run_id"])
    assert made.published_state() == before
    assert made.run(url)["status"] == "unchanged"


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
