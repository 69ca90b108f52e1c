"""`medallion reset --contract` marks what is published, and touches nothing else."""

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


def test_what_is_published_is_marked_and_stays(dataset: MakeDataset, source: Source) -> None:
    made = dataset()
    made.run(source.serves("/x.csv", "café\nä\n".encode()))
    before, rows = made.published(), made.rows()
    for _ in range(2):
        assert reset(made).returncode == 0
        assert made.published() == before | {"contract_reset": True}
    assert made.rows() == rows


def test_where_nothing_is_published_it_says_so_in_a_line(dataset: MakeDataset) -> None:
    made = dataset()
    done = reset(made)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"Nothing of {made.name} is published in this lake yet, so its next run guesses its columns and types anyway.\n"
    )
    assert made.store.read(made.names["runs"] + "published.json") is None
