"""`medallion reset --contract` sets a key in published.json and changes nothing else."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from conftest import Dataset, Source

MakeDataset = Callable[..., Dataset]
RESET_CONTRACT = Path(__file__).parents[2] / "local_glue" / "reset_contract.py"


def reset(made: Dataset) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [os.environ["LAKE_PYTHON"], RESET_CONTRACT, made.names["runs"]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reset_marks_published_json_and_keeps_the_tables(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", "café\nä\n".encode()))
    before, rows = made.published(), made.rows()
    for _ in range(2):
        assert reset(made).returncode == 0
        assert made.published() == before | {"contract_reset": True}
    assert made.rows() == rows


def test_a_reset_without_a_publication_is_reported_in_one_line(dataset: MakeDataset) -> None:
    made = dataset()
    done = reset(made)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"{made.name} is not published in this lake yet. Its next run infers the columns and types without a reset.\n"
    )
    assert made.store.read(made.names["runs"] + "published.json") is None
