"""The package of the jobs as a stack deploys it, in a zip."""

import zipfile
from pathlib import Path

PACKAGE = "etl_runtime.zip"


def write_package(folder: Path) -> None:
    with zipfile.ZipFile(folder / PACKAGE, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((Path(__file__).parent.parent / "etl_runtime").glob("*.py")):
            archive.write(file, f"etl_runtime/{file.name}")
