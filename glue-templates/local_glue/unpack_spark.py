"""Unpacks the source package of pyspark to the layout that its setup.py installs.

python unpack_spark.py ARCHIVE FOLDER

pip would first build a wheel from the source package, which copies, compresses and unpacks the 500 MB of Spark again.
The package contains nothing to compile: setup.py only moves folders.
"""

import shutil
import sys
import tarfile
from pathlib import Path, PurePosixPath

# The folders of the source package, mapped to the folders where setup.py installs them. Examples, sample data and start
# scripts are omitted.
_PLACES = {
    "pyspark": PurePosixPath("pyspark"),
    "deps/bin": PurePosixPath("pyspark/bin"),
    "deps/jars": PurePosixPath("pyspark/jars"),
    "deps/licenses": PurePosixPath("pyspark/licenses"),
    "lib": PurePosixPath("pyspark/python/lib"),
}


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the files that a Spark application needs into `folder`/pyspark, and the metadata of the package."""
    with tarfile.open(archive) as source:
        for member in source:
            root, _, name = member.name.partition("/")
            place = PurePosixPath(f"{root}.dist-info/METADATA") if name == "PKG-INFO" else _place(PurePosixPath(name))
            content = source.extractfile(member) if place is not None else None
            if place is None or content is None:
                continue
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as output:
                shutil.copyfileobj(content, output, 1 << 20)
            target.chmod(member.mode & 0o755)


def _place(name: PurePosixPath) -> PurePosixPath | None:
    return next((place / name.relative_to(each) for each, place in _PLACES.items() if name.is_relative_to(each)), None)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
