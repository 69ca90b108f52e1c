"""The job scripts and gold queries in docs/, through the jobs. Other examples: test/documentation.test.ts."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Dataset, DerivedTable
from source_server import serving

DOCS = Path(__file__).parents[2] / "docs"
MakeGold = Callable[..., DerivedTable]
ZIP_CODES = b"zip_code,city,state\n00501,Holtsville,NY\n02101,Boston,MA\n02102,Boston,MA\n"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


SCRIPTS = {
    f"{page.relative_to(DOCS)}, script {number + 1}": text
    for page in sorted(DOCS.rglob("*.md"))
    for number, text in enumerate(block for block in blocks(page, "python") if "from etl_runtime." in block)
}


@pytest.fixture(scope="module")
def zipcodes() -> Iterator[Dataset]:
    """The input of the examples: pp_dw_bronze.zipcodes."""
    made = Dataset("zipcodes")
    with serving() as source:
        made.run(source.serves("/zipcodes.csv", ZIP_CODES))
    yield made


def imported(script: str) -> dict[str, Any]:
    """What a script defines; `__name__` is not `__main__`, so no job starts."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(script, "example.py", "exec"), names)
    return names


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_job_script_has_one_function_and_only_imports_that_exist(script: str) -> None:
    names = imported(script)
    assert sum(callable(names.get(name)) for name in ("fetch", "transform")) == 1
    assert names["sys"] is sys


def test_the_gold_script_builds_its_table(zipcodes: Dataset, gold: MakeGold) -> None:
    (script,) = (text for name, text in SCRIPTS.items() if name.startswith("derived/scripts.md"))
    made = gold(zipcodes)
    made.run(imported(script)["transform"])
    assert sorted((row["state"], row["count"]) for row in made.rows()) == [("MA", 2), ("NY", 1)]


def test_the_lineage_in_the_documentation_is_that_of_its_query(zipcodes: Dataset, gold: MakeGold) -> None:
    page = DOCS / "derived" / "lineage.md"
    (query,) = blocks(page, "sql")
    expected = json.loads(blocks(page, "json record")[0])["lineage"]
    record = gold(zipcodes).run(query)
    assert list(record["lineage"].values()) == list(expected.values())


@pytest.mark.parametrize("query", blocks(DOCS / "derived" / "sql.md", "sql"))
def test_a_gold_query_builds_its_table(zipcodes: Dataset, gold: MakeGold, query: str) -> None:
    made = gold(zipcodes)
    made.run(query.replace("${bronze_database}", "pp_dw_bronze"))  # as the construct does
    assert sorted(row["state"] for row in made.rows()) == ["MA", "NY"]
