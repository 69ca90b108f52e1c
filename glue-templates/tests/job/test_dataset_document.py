"""The types of the document match the schema."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_generated_types_match_the_schema(tmp_path: Path) -> None:
    fresh = tmp_path / "dataset_document.py"
    subprocess.run([Path(sys.executable).with_name("datamodel-codegen"), "--output", fresh], cwd=ROOT, check=True)
    stale = "the types do not match dataset.schema.json: run `npx projen generate:python`"
    assert (ROOT / "etl_runtime" / "job" / "dataset_document.py").read_text() == fresh.read_text(), stale
