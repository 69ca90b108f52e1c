"""What `medallion query` answers is what was published, by Athena's names and types."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import Dataset, Source

MakeDataset = Callable[..., Dataset]
QUERY = Path(__file__).parent.parent / "local_glue" / "query.py"


def query(sql: str) -> Any:
    done = subprocess.run(
        [os.environ["LAKE_PYTHON"], QUERY, "--json", sql], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_every_type_comes_out_as_it_went_in(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    header = b"text,whole,price,share,day,moment,yes\n"
    made.run(source.serves("/x.csv", header + b"007,9007199254740993,1.50,0.1,2024-01-02,2024-01-02T03:04:05.120Z,true\n,,,2.25,,,\n"))
    columns = "text, whole, price, share, day, moment, yes"
    first, second = query(f"SELECT {columns} FROM pp_dw_bronze.{made.name.replace('-', '_')} ORDER BY whole")
    assert first == {
        "text": "007",
        "whole": 9007199254740993,
        "price": "1.50",
        "share": 0.1,
        "day": "2024-01-02",
        "moment": "2024-01-02 03:04:05.120000",
        "yes": True,
    }
    assert {name: value for name, value in second.items() if value is not None} == {"share": 2.25}
