"""The etl_runtime package as a ZIP file, as the stack deploys it."""

import zipfile
from pathlib import Path

TEMPLATES = Path(__file__).parent.parent
PACKAGE = "etl_runtime.zip"


def write_package(folder: Path) -> None:
    with zipfile.ZipFile(folder / PACKAGE, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((TEMPLATES / "etl_runtime").rglob("*.py")):
            archive.write(file, file.relative_to(TEMPLATES))
