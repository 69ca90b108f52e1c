"""The files of a run: from several URLs, or the stored originals of an earlier run."""

from collections.abc import Callable

import pytest

from conftest import BUCKET, Dataset, Response, Source
from etl_runtime.job.errors import RunFailed

MakeDataset = Callable[..., Dataset]


def tags(made: Dataset, uri: str) -> dict[str, str]:
    response = made.store.client.get_object_tagging(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))
    return {tag["Key"]: tag["Value"] for tag in response["TagSet"]}


def test_several_urls_are_one_table_in_their_order(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    urls = [source.serves("/2024/x.csv", b"id,a\n3,x\n"), source.serves("/2023/x.csv", b"id,b\n1,y\n2,z\n")]
    record = made.run(urls)
    assert [(row["id"], row["a"], row["b"]) for row in made.rows()] == [(3, "x", None), (1, None, "y"), (2, None, "z")]
    assert [each["url"] for each in record["sources"]] == urls
    raws = [each["raw"] for each in record["sources"]]
    assert len(set(raws)) == 2 and [made.store.read(raw) for raw in raws] == [b"id,a\n3,x\n", b"id,b\n1,y\n2,z\n"]


def test_a_mapping_applies_to_the_files_of_all_urls(dataset: MakeDataset, source: Source) -> None:
    made = dataset(["a", "b"])
    made.run(
        [source.serves("/a.csv", b"id\n1\n"), source.serves("/b.csv", b"id\n2\n")],
        file_table_mapping={"a.csv": "a", "b*": "b"},
    )
    assert (made.rows("a")[0]["id"], made.rows("b")[0]["id"]) == (1, 2)


def test_several_urls_are_unchanged_only_if_all_are(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    first = source.serves("/a.csv", Response(b"id\n1\n", headers={"ETag": '"1"'}))
    second = source.serves("/b.csv", Response(b"id\n2\n", headers={"ETag": '"1"'}))
    made.run([first, second])
    assert made.run([first, second])["status"] == "unchanged"
    source.serves("/b.csv", Response(b"id\n3\n", headers={"ETag": '"2"'}))
    assert made.run([first, second])["status"] == "published"
    assert [row["id"] for row in made.rows()] == [1, 3]


def test_from_run_rebuilds_the_tables_from_stored_originals(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    old = made.run(url)
    source.serves("/x.csv", b"id\n1\n2\n")
    new = made.run(url)
    requests = len(source.requests)
    again = made.run(url, run_options=f'{{"from_run": "{old["run_id"]}"}}')
    assert [row["id"] for row in made.rows()] == [1]
    assert (len(source.requests), again["sources"]) == (requests, old["sources"])
    assert tags(made, old["sources"][0]["raw"]) == {}
    assert tags(made, new["sources"][0]["raw"]) == {"medallion:superseded": "true"}


def test_from_run_of_the_published_run_keeps_its_original(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", Response(b"id\n1\n", headers={"ETag": '"1"'}))
    first = made.run(url)
    made.run(url, run_options=f'{{"from_run": "{first["run_id"]}"}}')
    assert tags(made, first["sources"][0]["raw"]) == {}
    assert made.run(url)["status"] == "unchanged"


def test_from_run_accepts_a_failed_run(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.fails(url, data_quality={"expected_record_count_min": 2})
    failed = made.record()
    source.serves("/x.csv", Response(status=404))
    made.run(url, run_options=f'{{"from_run": "{failed["run_id"]}"}}')
    assert [row["id"] for row in made.rows()] == [1]


@pytest.mark.parametrize(
    ("from_run", "message"),
    [
        (
            "20200101T000000000Z-aaaaaa",
            "^ORIGINAL_NOT_FOUND: .* has no record of this run. Latest runs with originals: 2",
        ),
        ("../x", 'RUN_OPTIONS_INVALID: run_options.from_run is "../x". Set it to the ID of a run'),
    ],
)
def test_an_unknown_from_run_lists_the_latest_runs(
    dataset: MakeDataset, source: Source, from_run: str, message: str
) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    made.run(url)
    with pytest.raises(RunFailed, match=message):
        made.run(url, run_options=f'{{"from_run": "{from_run}"}}')


def test_a_missing_or_changed_original_fails_the_run(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    url = source.serves("/x.csv", b"id\n1\n")
    run = made.run(url)
    raw = run["sources"][0]["raw"]
    options = f'{{"from_run": "{run["run_id"]}"}}'
    made.store.write(raw, b"id\n7\n")
    with pytest.raises(RunFailed, match="^ORIGINAL_CHANGED: .* was changed after the run: its SHA-256 is"):
        made.run(url, run_options=options)
    made.store.delete([raw])
    with pytest.raises(RunFailed, match="^ORIGINAL_NOT_FOUND: .* does not exist. Superseded originals expire"):
        made.run(url, run_options=options)
    assert [row["id"] for row in made.rows()] == [1]


def test_a_reset_contract_is_inferred_again(dataset: MakeDataset, source: Source) -> None:
    """`medallion reset --contract` marks published.json; the tables stay until the next run."""
    made = dataset()
    url = source.serves("/x.csv", Response(b"id\n1\n", headers={"ETag": '"1"'}))
    made.run(url)
    made.store.write_json(made.names["runs"] + "published.json", {**made.published(), "contract_reset": True})
    source.serves("/x.csv", Response(b"id\nx\n", headers={"ETag": '"1"'}))
    assert made.run(url, schema_contract="freeze")["status"] == "published"
    assert [row["id"] for row in made.rows()] == ["x"]
    assert "contract_reset" not in made.published()
