"""Tables of many small parts, so that a short text is converted like a large file."""

from pathlib import Path

import pytest

from etl_runtime.convert import conversion
from etl_runtime.read import split_records


def make_parts_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split text into parts of 300 bytes. A table of more than 600 bytes has several objects."""
    monkeypatch.setattr(split_records, "PART_BYTES", 300)
    monkeypatch.setattr(split_records, "SAMPLE_BYTES", 60)
    monkeypatch.setattr("etl_runtime.read.text.decode.BLOCK_BYTES", 100)
    monkeypatch.setattr(conversion, "ONE_OBJECT_BYTES", 600)


def files_of_parts(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return a list to which the files are added in which the driver keeps parts."""
    files: list[Path] = []
    write_bytes = Path.write_bytes

    def write(self: Path, data: bytes) -> int:
        files.append(self)
        return write_bytes(self, data)

    monkeypatch.setattr(Path, "write_bytes", write)
    return files
