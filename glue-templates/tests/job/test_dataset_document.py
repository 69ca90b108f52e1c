"""The types of the document are those of the schema."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_generated_types_are_fresh(tmp_path: Path) -> None:
    fresh = tmp_path / "dataset_document.py"
    subprocess.run([Path(sys.executable).with_name("datamodel-codegen"), "--output", fresh], cwd=ROOT, check=True)
    stale = "the types are not those of dataset.schema.json: run `npx projen generate:python`"
    assert (ROOT / "etl_runtime" / "job" / "dataset_document.py").read_text() == fresh.read_text(), stale
