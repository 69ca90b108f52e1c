"""Inspects a source and proposes the config.json of a bronze dataset.

    python inspect_source.py [--delimiter D] [--encoding E] [--no-header] SOURCE TABLE

SOURCE is the URL of a file, or the path of a local file. TABLE is the name of its table. The script reads the first 16
MB of text and JSON Lines, and all of an archive, JSON file or Parquet file. It prints one JSON object to standard
output:

    document     keys of the dataset's config.json
    found        lines for the terminal
    size_bytes   the approximate uncompressed size
    is_whole     whether all records were read

If the source cannot be read, the exit code is 2, with one line on standard error.
"""

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from parent import end_with_parent

from etl_runtime.convert.table_mapping import suggested_mapping
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.file_format import FileFormat, file_format_of
from etl_runtime.read.container import members
from etl_runtime.read.data_files import only_data_file
from inspection.business_key import find_business_key
from inspection.download import open_source
from inspection.file_format_keys import common_keys
from inspection.null_words import null_words
from inspection.report import report_lines
from inspection.sample import Sample, samples_of, unpacked_bytes
from inspection.sampled_table import SampledTable, column_schema, read_sample


def inspect_source(source: str, table: str, declared: dict[str, Any]) -> dict[str, Any]:
    """Create the JSON object to print. `declared` has the keys of `file_format` that the command line sets."""
    original = open_source(source)
    with original.file, members(original) as found:
        samples, skipped = samples_of(found, original)
        file_format, samples, other_formats = common_keys(samples, declared)
        names = [sample.member.name for sample in samples]
        mapping = suggested_mapping(names) if len(samples) > 1 else {names[0]: table}
        options = file_format_of({"file_format": file_format})  # type: ignore[typeddict-item]
        tables = _tables(samples, mapping, options)
        if words := null_words(tables) if samples[0].type == "csv" else []:
            file_format["null_values"] = words
            options = file_format_of({"file_format": file_format})  # type: ignore[typeddict-item]
            tables = _tables(samples, mapping, options)
        only_file, _ = only_data_file(found)
        needs_mapping = len(samples) > 1 or only_file is None or only_file.name != names[0]
        size = sum(unpacked_bytes(member, original) for member in found if member.name in names)
    is_complete = all(sample.is_complete for sample in samples)
    empty = [each.key for each in tables if not each.rows]
    if len(empty) == len(tables):
        raise RunFailed(
            ErrorCode.FILE_EMPTY, f"No records found in {', '.join(names)}. Check what the source publishes."
        )
    document: dict[str, Any] = {}
    if file_format:
        document["file_format"] = file_format
    if needs_mapping:
        document["file_table_mapping"] = mapping
    if schema := {each.key: columns for each in tables if (columns := column_schema(each))}:
        document["column_schema"] = schema
    # A sample does not show whether the values of a column are unique.
    if keys := {each.key: key for each in tables if is_complete and (key := find_business_key(each))}:
        name, value = ("business_keys", keys) if len(tables) > 1 else ("business_key", keys[table])
        document[name] = value
    if empty:
        document["data_quality"] = {"expected_record_count_min": dict.fromkeys(empty, 0)}
    return {
        "document": document,
        "found": report_lines(original.name, samples, tables, file_format, declared, skipped | other_formats),
        "size_bytes": size,
        "is_whole": is_complete,
    }


def _tables(samples: Sequence[Sample], mapping: Mapping[str, str], file_format: FileFormat) -> list[SampledTable]:
    """The table of each file. If there are several files, some of them can be empty."""
    return [
        read_sample(sample, mapping[sample.member.name], file_format)
        if len(samples) == 1 or sample.head.strip()
        else SampledTable(mapping[sample.member.name])
        for sample in samples
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delimiter")
    parser.add_argument("--encoding")
    parser.add_argument("--no-header", action="store_true")
    parser.add_argument("source")
    parser.add_argument("table")
    arguments = parser.parse_args()
    end_with_parent()
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    for package in ("inspection", "etl_runtime"):  # boto3 also logs at this level
        logging.getLogger(package).setLevel(logging.INFO)
    declared = {key: value for key in ("delimiter", "encoding") if (value := getattr(arguments, key)) is not None}
    if arguments.no_header:
        declared["header"] = False
    try:
        result = inspect_source(arguments.source, arguments.table, declared)
    except RunFailed as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    json.dump(result, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
