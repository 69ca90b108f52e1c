"""A source that is as it was at the last publication costs one request, and no Spark."""

from collections.abc import Callable

import pytest

from conftest import BUCKET, Answer, Dataset, Source

MakeDataset = Callable[..., Dataset]
CSV = b"id\n1\n"
VALIDATORS = [{"ETag": '"1"'}, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}]


def answer(**headers: str) -> Answer:
    return Answer(CSV, headers=headers)


@pytest.mark.parametrize("headers", VALIDATORS)
def test_an_unchanged_source_ends_the_run_without_spark(
    dataset: MakeDataset, source: Source, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    url = source.serves("/x.csv", Answer(CSV, headers=headers))
    first = made.run(url)
    before = made.published_state()
    monkeypatch.setattr("etl_runtime.bronze.start_spark", lambda: pytest.fail("Spark was started"))
    record = made.run(url)
    assert (record["status"], record["unchanged_since"]) == ("unchanged", first["run_id"])
    assert made.published_state() == before
    assert made.run(url)["status"] == "unchanged"


def test_a_source_that_changed_is_worked_on(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", answer(ETag='"1"')))
    made.run(source.serves("/x.csv", Answer(b"id\n2\n", headers={"ETag": '"2"'})))
    assert [row["id"] for row in made.rows()] == [2]


def test_force_works_on_it_all_the_same(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", answer(ETag='"1"'))
    made.run(url)
    assert made.run(url, run_options='{"force": true}')["status"] == "published"


def test_another_document_works_on_it(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", answer(ETag='"1"'))
    made.run(url)
    assert made.run(url, file_format={"header": False}, schema_contract="evolve", data_quality={"max_rescued_share": 1}, run_options='{"reset_contract": true}')["status"] == "published"  # fmt: skip
    made.run(url, description="now with a description", run_options='{"reset_contract": true}')
    assert made.run(url, description="now with another")["status"] == "published"


def test_a_published_file_that_is_gone_is_made_anew(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", answer(ETag='"1"'))
    made.run(url)
    made.store.delete(made.store.list(f"s3://{BUCKET}/bronze/{made.name}/"))
    assert made.run(url)["status"] == "published"
    assert [row["id"] for row in made.rows()] == [1]


def test_a_failed_run_is_not_what_the_source_is_compared_with(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", answer(ETag='"1"')))
    url = source.serves("/x.csv", Answer(b"id\n", headers={"ETag": '"2"'}))
    made.fails(url)
    made.fails(url)


def test_a_server_that_says_304_unasked_is_no_success(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    assert "304" in made.fails(source.serves("/x.csv", Answer(status=304)))
