"""Stores the metadata of objects outside of the objects' folders, so that other tools can read a table's folder.

ministack writes a file `KEY.meta.json` next to the file of each object. Here, these files are in a folder of their own,
with the same relative paths. To ministack, they still appear to be next to the objects.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUFFIX = ".meta.json"
TEMPORARY = ".tmp"
"""ministack first writes a file under a name with this suffix, and then renames it."""


def load_objects(s3: Any, objects: Path) -> None:
    """Load the objects in a folder into the S3 module of ministack, and store their metadata in another folder.

    If an earlier version has written metadata to the folder of the objects, the metadata is moved.
    """
    files = _Files(objects, objects.with_name(f"{objects.name}-metadata"))
    files.move_metadata()
    s3.DATA_DIR = str(objects)
    s3.os = _Module(os, files, "open", "remove", "replace", "listdir", "walk")
    s3.os.path = _Module(os.path, files, "isfile", "exists", "isdir")
    s3.shutil = _Module(shutil, files, "rmtree")
    s3.open = files.open_file
    s3._load_persisted_data()


class _Module:
    """A module in which some functions are replaced."""

    def __init__(self, module: Any, functions: Any, *names: str) -> None:
        self._module = module
        for name in names:
            setattr(self, name, getattr(functions, name))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Files:
    """Functions of `os` that present two folders as one."""

    def __init__(self, objects: Path, metadata: Path) -> None:
        self._objects = objects
        self._metadata = metadata

    def move_metadata(self) -> None:
        for path in list(self._objects.rglob(f"*{SUFFIX}")):
            target = self._metadata / path.relative_to(self._objects)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        actual = self._actual(path)
        actual.parent.mkdir(parents=True, exist_ok=True)
        return os.open(actual, flags, mode)

    def open_file(self, path: str, *arguments: Any) -> Any:
        return self._actual(path).open(*arguments)

    def remove(self, path: str) -> None:
        self._actual(path).unlink()

    def replace(self, source: str, target: str) -> None:
        self._actual(source).replace(self._actual(target))

    def isfile(self, path: str) -> bool:
        return self._actual(path).is_file()

    def exists(self, path: str) -> bool:
        return self._actual(path).exists()

    def isdir(self, path: str) -> bool:
        return any(each.is_dir() for each in self._both(path))

    def listdir(self, path: str) -> list[str]:
        return sorted({child.name for folder in self._both(path) if folder.is_dir() for child in folder.iterdir()})

    def walk(self, path: str) -> Iterator[tuple[str, list[str], list[str]]]:
        names = self.listdir(path)
        folders = [name for name in names if self.isdir(str(Path(path, name)))]
        yield path, folders, [name for name in names if name not in folders]
        for name in folders:  # the caller can remove some of them
            yield from self.walk(str(Path(path, name)))

    def rmtree(self, path: str) -> None:
        for folder in self._both(path):
            if folder.is_dir():
                shutil.rmtree(folder)

    def _actual(self, path: str) -> Path:
        is_metadata = path.removesuffix(TEMPORARY).endswith(SUFFIX)
        return self._both(path)[-1 if is_metadata else 0]

    def _both(self, path: str) -> list[Path]:
        """The path and, if it is in the objects' folder, the same path in the metadata folder."""
        given = Path(path)
        inside = given.is_relative_to(self._objects)
        return [given, self._metadata / given.relative_to(self._objects)] if inside else [given]
