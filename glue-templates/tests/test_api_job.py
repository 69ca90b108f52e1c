"""API datasets, through the complete job with Spark and an S3 API."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from expected_error import has_error

from conftest import Dataset, Response, Source
from etl_runtime.bronze import Fetching
from etl_runtime.job.errors import RunFailed
from paged_api import DECLARED, paged
from secret_server import serving_secrets
from source_server import Request

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
    source.serves_api(
        "/counties/",
        lambda request: Response(
            json.dumps({"counties": [{"name": f"{request.path[-2:]} {n}", "area": 1.5} for n in "ab"]}).encode()
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
    originals = made.originals()
    assert sorted(originals) == ["counties.jsonl", "states.jsonl"]
    assert [json.loads(line)["url"] for line in originals["states.jsonl"].splitlines()] == [url, f"{url}?start=2"]
    assert [each["raw"].rpartition("/")[2] for each in record["sources"]] == ["states.jsonl", "counties.jsonl"]


def test_an_endpoint_without_a_table_only_provides_values(
    source: Source, dataset: MakeDataset, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dataset()
    [table] = made.names["tables"]
    source.serves("/ids", b'[{"id": 1}, {"id": 2}]')
    source.serves_api("/parts/", lambda request: Response(json.dumps([{"part": request.path[-1]}]).encode()))
    for_each = {"endpoint": "ids", "field": "id"}
    made.run_on(
        api_endpoints={
            "ids": {"url": f"{source.url}/ids", "table": False},
            table: {"url": f"{source.url}/parts/{{value}}", "for_each": for_each},
        }
    )
    assert [row["part"] for row in made.rows()] == ["1", "2"]
    assert "skipped files: ids.jsonl" in capsys.readouterr().out


@pytest.mark.parametrize("kind", DECLARED)
def test_every_pagination_type_loads_the_table(source: Source, dataset: MakeDataset, kind: str) -> None:
    made = dataset(["items"])
    url = paged(source, kind, [{"id": number, "text": f"{number:03}"} for number in range(17)], 5)
    made.run_on(api_endpoints={"items": {"url": url, "pagination": DECLARED[kind]}})
    assert [(row["id"], row["text"]) for row in made.rows("items")] == [
        (number, f"{number:03}") for number in range(17)
    ]


def test_from_run_rebuilds_a_table_from_stored_responses(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    url = paged(source, "cursor", [{"id": number, "price": "1.10"} for number in range(5)], 2)
    endpoint: dict[str, Any] = {"url": url, "pagination": DECLARED["cursor"]}
    first = made.run_on(api_endpoints={"items": endpoint})
    source.apis.clear()
    options = {"force": True, "from_run": first["run_id"], "reset_contract": True}
    schema = {"items": {"price": {"target_name": "cost", "type": "decimal(5,2)"}}}
    made.run_on(options, api_endpoints={"items": endpoint}, column_schema=schema)
    assert [str(row["cost"]) for row in made.rows("items")] == ["1.10"] * 5


def test_a_field_with_numbers_and_text_keeps_all_values(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    made.run_on(
        api_endpoints={
            "items": paged(source, "auto", [{"v": 1}, {"v": "x"}, {"v": None}, {}, {"v": ""}, {"v": 2**60 + 1}], 2)
        }
    )
    assert [row["v"] for row in made.rows("items")] == ["1", "x", None, None, "", str(2**60 + 1)]


def test_an_empty_first_page_is_an_empty_table_checked_by_the_gates(source: Source, dataset: MakeDataset) -> None:
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


def test_the_first_publication_may_be_empty(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    endpoints = {"items": source.serves("/items", b"[]")}
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO)
    assert made.rows("items") == []
    source.serves("/items", b'[{"id": 1}]')
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO)
    assert made.rows("items") == [{"id": 1, "meta_rescued": None}]


def test_a_failed_page_keeps_the_published_table(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    url = paged(source, "json_link", [{"id": number} for number in range(6)], 2)
    endpoints = {"items": {"url": url, "pagination": DECLARED["json_link"]}}
    made.run_on(api_endpoints=endpoints)
    api = source.apis["/items"]
    source.serves_api(
        "/items", lambda request: Response(status=404) if request.params.get("start") == "4" else api(request)
    )
    error = made.failing(lambda: made.run_on(api_endpoints=endpoints))
    assert error.startswith(f"SOURCE_NOT_FOUND: items, page 3 ({url}?start=4): the server returned 404")
    assert made.originals() == {}


def test_no_secret_is_in_the_log_the_record_or_raw(
    source: Source, dataset: MakeDataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The source repeats the secret in a page, and in the error that fails the run."""
    made = dataset(["items"])
    (tmp_path / "secret").write_text(SECRET)
    auth = {"type": "api_key", "name": "key", "location": "query", "secret": "vendor/api"}

    def echo(request: Request) -> Response:
        assert request.params["key"] == SECRET
        if request.params.get("page") == "3":
            return Response(f'{{"message": "bad key {SECRET}"}}'.encode(), 400, {"Content-Type": "application/json"})
        link = f"{source.url}/items?page={'2' if 'page' not in request.params else '3'}&key={SECRET.replace('&', '%26').replace('+', '%2B')}"
        return Response(json.dumps({"items": [{"sent": request.params}], "next": link}).encode())

    url = source.serves_api("/items", echo)
    with serving_secrets({"vendor/api": str(tmp_path / "secret")}):
        error = made.failing(lambda: made.run_on(api_endpoints={"items": url}, auth=auth))
        assert error.startswith("SOURCE_REQUEST_FAILED: ")
        assert 'the server returned 400 Bad Request, "{"message": "bad key ***"}"' in error
        api = source.apis["/items"]
        source.serves_api(
            "/items",
            lambda request: api(request) if "page" not in request.params else Response(b'{"items": [], "next": null}'),
        )
        made.run_on(api_endpoints={"items": url}, auth=auth)
    printed = capfd.readouterr()
    stored = [
        made.store.read(uri) or b"" for uri in made.store.list(made.names["raw"]) + made.store.list(made.names["runs"])
    ]
    everything = printed.out + printed.err + b"".join(stored).decode() + str(made.rows("items"))
    assert "***" in everything and "the response repeats a secret" in printed.out
    for encoded in (SECRET, json.dumps(SECRET)[1:-1], SECRET.replace("&", "%26").replace("+", "%2B"), "k7-Qv9"):
        assert encoded not in everything


def test_a_custom_script_fetches_and_the_job_loads_the_files(dataset: MakeDataset, tmp_path: Path) -> None:
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
    assert has_error(
        made.failing(lambda: made.run_on(fetch=lambda _: None)),
        "SOURCE_EMPTY: The fetch function of the script wrote no file to Fetching.folder",
    )
    assert has_error(
        made.failing(lambda: made.run_on()),
        "SOURCE_NOT_CONFIGURED: The dataset has neither source_url nor api_endpoints",
    )


@pytest.mark.parametrize(
    "declared",
    [
        {"business_key": ["id"]},
        {"column_schema": {"items": {"price": {"type": "decimal(5,2)"}}}},
        {"schema_contract": "freeze"},
    ],
)
def test_settings_of_an_empty_table_apply_to_its_first_rows(
    source: Source, dataset: MakeDataset, declared: Any
) -> None:
    made = dataset(["items"])
    endpoints = {"items": source.serves("/items", b"[]")}
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO, **declared)
    source.serves("/items", b'[{"id": 1, "price": "1.50"}]')
    made.run_on(api_endpoints=endpoints, **EMPTY_TOO, **declared)
    assert [row["id"] for row in made.rows("items")] == [1]


def test_from_run_without_responses_of_the_endpoint_fails(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["items"])
    first = made.run_on(api_endpoints={"items": source.serves("/items", b'[{"id": 1}]')})
    made.names["tables"] = {"goods": {"name": "goods", "location": f"{made.names['tables']['items']['location']}x/"}}
    options = {"force": True, "from_run": first["run_id"]}
    error = made.failing(lambda: made.run_on(options, api_endpoints={"goods": f"{source.url}/items"}))
    assert (
        f"ORIGINAL_NOT_FOUND: Run {first['run_id']} has no original for the endpoint goods. It has originals for: items.jsonl"
        in error
    )


ORDERS = [{"type": "orders", "id": str(number), "amount": number} for number in range(5)]
PEOPLE = [{"type": "people", "id": str(number), "name": "P"} for number in range(3)]


@pytest.mark.parametrize("declared", [{}, EMPTY_TOO], ids=["not empty", "may be empty"])
def test_an_empty_list_of_records_never_makes_another_list_the_table(
    source: Source, dataset: MakeDataset, declared: Any
) -> None:
    """This includes tables that were published before published.json had the place of the records."""
    made = dataset(["entities"])
    endpoints = {"entities": source.serves("/entities", json.dumps({"data": ORDERS, "included": PEOPLE}).encode())}
    made.run_on(api_endpoints=endpoints)
    assert made.published()["records"] == {"entities": {"path": "data", "kind": "list"}}
    source.serves("/entities", json.dumps({"data": [], "included": PEOPLE}).encode())
    for published in (made.published(), {**made.published(), "records": {}}):
        made.store.write_json(made.names["runs"] + "published.json", published)
        assert made.failing(lambda: made.run_on(api_endpoints=endpoints, **declared)).startswith("GATE_")


def test_records_at_another_place_than_published_fail_and_name_both(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["entities"])
    endpoints = {"entities": source.serves("/entities", json.dumps({"orders": ORDERS, "people": []}).encode())}
    made.run_on(api_endpoints=endpoints)
    source.serves("/entities", json.dumps({"orders": [], "people": PEOPLE}).encode())
    assert has_error(made.failing(lambda: made.run_on(api_endpoints=endpoints)), "GATE_EXPECTED_RECORD_COUNT_MIN")
    source.serves("/entities", json.dumps({"people": PEOPLE}).encode())
    error = made.failing(lambda: made.run_on(api_endpoints=endpoints))
    assert has_error(error, "RECORDS_MOVED: entities, page 1")
    assert "the published records were in the list orders, but this response has them in the list people" in error
    optional = {"entities": {"url": endpoints["entities"], "records_optional": True}}
    assert has_error(made.failing(lambda: made.run_on(api_endpoints=optional)), "RECORDS_MOVED")
    made.run_on({"reset_contract": True}, api_endpoints=endpoints)
    assert [row["name"] for row in made.rows("entities")] == ["P"] * 3
    assert made.published()["records"]["entities"]["path"] == "people"


def test_each_endpoint_keeps_the_place_of_its_own_records(source: Source, dataset: MakeDataset) -> None:
    """This includes an endpoint that is not a table, and an endpoint whose response is a single record."""
    made = dataset(["parts", "status"])
    source.serves("/ids", b'{"groups": [{"id": 1}], "links": []}')
    source.serves_api("/parts/", lambda _: Response(b'{"members": [{"n": 1}]}'))
    source.serves("/status", b'{"state": "up"}')
    endpoints = {
        "ids": {"url": f"{source.url}/ids", "table": False},
        "parts": {"url": f"{source.url}/parts/{{value}}", "for_each": {"endpoint": "ids", "field": "id"}},
        "status": f"{source.url}/status",
    }
    made.run_on(api_endpoints=endpoints)
    assert made.published()["records"] == {
        "ids": {"path": "groups", "kind": "list"},
        "parts": {"path": "members", "kind": "list"},
        "status": {"path": "$", "kind": "record"},
    }
    source.serves("/status", b'{"state": "up", "nodes": [{"id": 1}, {"id": 2}]}')
    made.run_on(api_endpoints=endpoints)
    assert [(row["state"], row["nodes"]) for row in made.rows("status")] == [("up", [{"id": 1}, {"id": 2}])]
    source.serves("/ids", b'{"links": [{"id": 7}]}')
    error = made.failing(lambda: made.run_on(api_endpoints=endpoints))
    assert (
        has_error(error, "RECORDS_MOVED: ids, page 1") and "in the list groups" in error and "the list links" in error
    )


def test_a_list_that_the_api_omits_is_empty_if_records_are_optional(source: Source, dataset: MakeDataset) -> None:
    made = dataset(["groups", "members"])
    source.serves("/groups", b'{"kind": "groups", "groups": [{"id": "g1"}, {"id": "g2"}]}')
    source.serves("/members/g1", b'{"kind": "members", "members": [{"id": "m1"}]}')
    source.serves("/members/g2", b'{"kind": "members", "etag": "x"}')
    members: dict[str, Any] = {
        "url": f"{source.url}/members/{{value}}",
        "for_each": {"endpoint": "groups", "field": "id", "column": "group"},
        "records": "members",
    }
    endpoints = {"groups": f"{source.url}/groups", "members": members}
    with pytest.raises(RunFailed, match='set "records_optional" to true'):
        made.run_on(api_endpoints=endpoints)
    members["records_optional"] = True
    made.run_on(api_endpoints=endpoints)
    assert [(row["id"], row["group"]) for row in made.rows("members")] == [("m1", "g1")]
