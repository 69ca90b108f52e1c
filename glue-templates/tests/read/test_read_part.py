"""The record count of a part applies to the complete part, not to its sample."""

import pytest

from etl_runtime.job.file_format import FileFormat
from etl_runtime.read.part import Part
from etl_runtime.read.read_part import read_part
from etl_runtime.read.text import delimited


def test_a_sample_keeps_quoted_line_endings_if_they_equal_the_record_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 8)
    body = b'one\n"two\n3"\nfour\n'
    part = Part("s3://lake/part-00000", "csv", "x.csv", ("cell",), len(body), 3, 1)
    for text, expected in ((body[:-5], ["one", "two\n3"]), (body, ["one", "two\n3", "four"])):
        assert read_part(text, part, FileFormat()).columns["cell"].as_text().to_pylist() == expected
