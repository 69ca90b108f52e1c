"""Datasets of an API through the whole job, on a real Spark and a real S3 API."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Answer, Dataset, Source
from etl_runtime.bronze import Fetching
from paged_api import DECLARED, paged
from secret_server import serving_secrets
from source_server import Asked

MakeDataset = Callable[..., Dataset]
SECRET = "k7-Qv9+zT/w3==&x"
EMPTY_TOO: Any = {"data_quality": {"expected_record_count_min": 0}}


def test_each_endpoint_is_a_table(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["states", "counties"])
    url = paged(
        source,
        "auto",
        [{"code": "MA", "people": 7_000_000}, {"code": "CT", "people": 3_600_000}, {"code": "RI", "people": None}],
        2,
    )
    source.answers_with(
        "/counties/",
        lambda asked: Answer(
            json.dumps({"counties": [{"name": f"{asked.path[-2:]} {n}", "area": 1.5} for n in "ab"]}).encode()
        ),
    )
    counties = {
        "url": f"{source.url}/counties/{{value}}",
        "for_each": {"endpoint": "states", "field": "code", "column": "state"},
    }
    record = made.run_on(api_endpoints={"counties": counties, "states": {"url": url, "records": "items"}})
    assert record["status"] == "published"
    assert made.rows("states") == [
        {"code": "MA", "people": 7_000_000, "meta_rescued": None},
        {"code": "CT", "people": 3_600_000, "meta_rescued": None},
        {"code": "RI", "people": None, "meta_rescued": None},
    ]
    assert [(row["name"], row["area"], row["state"]) for row in made.rows("counties")] == [
        (f"{state} {n}", 1.5, state) for state in ("MA", "CT", "RI") for n in "ab"
    ]
    kept = made.originals()
    assert sorted(kept) == ["counties.jsonl", "states.jsonl"]
    assert [json.loads(line)["url"] for line in kept["states.jsonl"].splitlines()] == [url, f"{url}?start=2"]
    assert [each["raw"].rpartition("/")[2] for each in record["sources"]] == ["states.jsonl", "counties.jsonl"]


def test_an_endpoint_may_only_feed_another(
    source: Source, dataset: MakeDataset, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    [table] = made.names["tables"]
    source.serves("/ids", b'[{"id": 1}, {"id": 2}]')
    source.answers_with("/parts/", lambda asked: Answer(json.dumps([{"part": asked.path[-1]}]).encode()))
    for_each = {"endpoint": "ids", "field": "id"}
    made.run_on(
        api_endpoints={
            "ids": {"url": f"{source.url}/ids", "table": False},
            table: {"url": f"{source.url}/parts/{{value}}", "for_each": for_each},
        }
    )
    assert [row["part"] for row in made.rows()] == ["1", "2"]
    assert "left out: ids.jsonl" in capsys.readouterr().out


@pytest.mark.parametrize("kind", DECLARED)
def test_every_pagination_ends_in_the_table(source: Source, dataset: MakeDataset, kind: str) -> None:
    made = dataset(["items"])
    url = paged(source, kind, [{"id": number, "text": f"{number:03}"} for number in range(17)], 5)
    made.run_on(api_endpoints={"items": {"url": url, "pagination": DECLARED[kind]}})
    assert [(row["id"], row["text"]) for row in made.rows("items")] == [
        (number, f"{number:03}") for number in range(17)
    ]


def test_a_table_is_made_anew_from_the_answers_that_were_kept(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    url = paged(source, "cursor", [{"id": number, "price": "1.10"} for number in range(5)], 2)
    endpoint: dict[str, Any] = {"url": url, "pagination": DECLARED["cursor"]}
    first = made.run_on(api_endpoints={"items": endpoint})
    source.apis.clear()
    again = {"force": True, "from_run": first["run_id"], "reset_contract": True}
    schema = {"items": {"price": {"target_name": "cost", "type": "decimal(5,2)"}}}
    made.run_on(again, api_endpoints={"items": endpoint}, column_schema=schema)
    assert [str(row["cost"]) for row in made.rows("items")] == ["1.10"] * 5


def test_a_field_that_is_a_number_here_and_text_there_keeps_all_values(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    made.run_on(
        api_endpoints={
            "items": paged(source, "auto", [{"v": 1}, {"v": "x"}, {"v": None}, {}, {"v": ""}, {"v": 2**60 + 1}], 2)
        }
    )
    assert [row["v"] for row in made.rows("items")] == ["1", "x", None, None, "", str(2**60 + 1)]


def test_an_empty_first_page_is_an_empty_table_judged_by_the_gates(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    full, none = [{"id": 1, "name": "a"}], b'{"items": [], "next": null}'
    endpoints = {"items": source.serves("/items", json.dumps({"items": full}).encode())}
    made.run_on(api_endpoints=endpoints)
    source.serves("/items", none)
    assert "0 rows" in made.failing(lambda: made.run_on(api_endpoints=endpoints))
    assert "max_shrink" in made.failing(lambda: made.run_on(api_endpoints=endpoints, **EMPTY_TOO))
    made.run_on(api_endpoints=endpoints, data_quality={"expected_record_count_min": 0, "max_shrink": 1})
    assert made.rows("items") == []
    assert made.table("items").column_names == ["id", "name", "meta_run_id", "meta_rescued"]
    source.serves("/items", json.dumps({"items": full}).encode())
    made.run_on(api_endpoints=endpoints)
    assert made.rows("items") == [{"id": 1, "name": "a", "meta_rescued": None}]


def test_a_table_may_be_empty_from_the_start(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    endpoints = {"items": source.serves("/items", b"[]")}
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO)
    assert made.rows("items") == []
    source.serves("/items", b'[{"id": 1}]')
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO)
    assert made.rows("items") == [{"id": 1, "meta_rescued": None}]


def test_a_page_that_fails_leaves_the_last_table(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    url = paged(source, "json_link", [{"id": number} for number in range(6)], 2)
    endpoints = {"items": {"url": url, "pagination": DECLARED["json_link"]}}
    made.run_on(api_endpoints=endpoints)
    api = source.apis["/items"]
    source.answers_with("/items", lambda asked: Answer(status=404) if asked.params.get("start") == "4" else api(asked))
    said = made.failing(lambda: made.run_on(api_endpoints=endpoints))
    assert f"items, page 3 ({url}?start=4): the server answered 404" in said
    assert made.originals() == {}


def test_no_secret_is_in_the_log_the_record_or_raw(
    source: Source, dataset: MakeDataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where the source repeats it, in a page and in the error that ends the run."""
    made = dataset(["items"])
    (tmp_path / "secret").write_text(SECRET)
    auth = {"type": "api_key", "name": "key", "location": "query", "secret": "vendor/api"}

    def echo(asked: Asked) -> Answer:
        assert asked.params["key"] == SECRET
        if asked.params.get("page") == "3":
            return Answer(f'{{"message": "bad key {SECRET}"}}'.encode(), 400, {"Content-Type": "application/json"})
        link = f"{source.url}/items?page={'2' if 'page' not in asked.params else '3'}&key={SECRET.replace('&', '%26').replace('+', '%2B')}"
        return Answer(json.dumps({"items": [{"sent": asked.params}], "next": link}).encode())

    url = source.answers_with("/items", echo)
    with serving_secrets({"vendor/api": str(tmp_path / "secret")}):
        said = made.failing(lambda: made.run_on(api_endpoints={"items": url}, auth=auth))
        assert 'the server answered 400 Bad Request, "{"message": "bad key ***"}"' in said
        api = source.apis["/items"]
        source.answers_with(
            "/items", lambda asked: api(asked) if "page" not in asked.params else Answer(b'{"items": [], "next": null}')
        )
        made.run_on(api_endpoints={"items": url}, auth=auth)
    printed = capfd.readouterr()
    kept = [
        made.store.read(uri) or b"" for uri in made.store.list(made.names["raw"]) + made.store.list(made.names["runs"])
    ]
    everything = printed.out + printed.err + b"".join(kept).decode() + str(made.rows("items"))
    assert "***" in everything and "the answer repeats a secret" in printed.out
    for form in (SECRET, json.dumps(SECRET)[1:-1], SECRET.replace("&", "%26").replace("+", "%2B"), "k7-Qv9"):
        assert form not in everything


def test_a_script_of_ones_own_fetches_and_the_job_does_the_rest(dataset: MakeDataset, tmp_path: Path) -> None:
    made = dataset()
    (tmp_path / "secret").write_text(json.dumps({"password": SECRET}))
    seen: list[str] = []

    def fetch(source: Fetching) -> None:
        seen.append(source.secret("vendor/ftp", "password"))
        source.log(f"logged in with {seen[0]}")
        (source.folder / "orders.csv").write_text("id,name\n1,a\n")

    with serving_secrets({"vendor/ftp": str(tmp_path / "secret")}):
        record = made.run_on(fetch=fetch)
    assert made.rows() == [{"id": 1, "name": "a", "meta_rescued": None}]
    assert made.originals() == {"orders.csv": b"id,name\n1,a\n"}
    assert seen == [SECRET] and SECRET not in json.dumps(record)
    made.run_on(fetch=fetch, run_options={"force": True, "from_run": record["run_id"]})
    assert len(made.rows()) == 1


def test_a_script_that_fetches_nothing_fails(dataset: MakeDataset) -> None:
    made = dataset()
    assert "put no file into its folder" in made.failing(lambda: made.run_on(fetch=lambda _: None))
    assert "has neither source_url nor api_endpoints" in made.failing(lambda: made.run_on())


@pytest.mark.parametrize(
    "declared",
    [
        {"business_key": ["id"]},
        {"column_schema": {"items": {"price": {"type": "decimal(5,2)"}}}},
        {"schema_contract": "freeze"},
    ],
)
def test_what_is_declared_of_a_table_that_is_empty_yet_waits_for_its_first_row(
    source: Source, dataset: MakeDataset, declared: Any
) -> None:
    made = dataset(["items"])
    endpoints = {"items": source.serves("/items", b"[]")}
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO, **declared)
    source.serves("/items", b'[{"id": 1, "price": "1.50"}]')
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO, **declared)
    assert [row["id"] for row in made.rows("items")] == [1]


def test_answers_of_other_endpoints_do_not_make_a_table_anew(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    first = made.run_on(api_endpoints={"items": source.serves("/items", b'[{"id": 1}]')})
    made.names["tables"] = {"goods": {"name": "goods", "location": f"{made.names['tables']['items']['location']}x/"}}
    again = {"force": True, "from_run": first["run_id"]}
    said = made.failing(lambda: made.run_on(again, api_endpoints={"goods": f"{source.url}/items"}))
    assert (
        f"ORIGINAL_NOT_FOUND: Run {first['run_id']} has no original of the endpoint goods. It has items.jsonl" in said
    )
