"""Assigns data files to tables."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from etl_runtime.columns.names import clean_names, source_names
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.read.container import Member
from etl_runtime.read.data_files import SAMPLE_BYTES, is_documentation, only_data_file
from etl_runtime.read.text.decode import refuse_markup


def map_tables(
    found: Mapping[str, list[Member]], mapping: Mapping[str, str], tables: Iterable[str]
) -> list[tuple[Member, str]]:
    """Return each data file with its table, in the order of the downloads. `found` are the files, keyed by download.

    A download is a single file, or a container of files such as a ZIP.

    Without a mapping, each download must have one data file, which belongs to the only table. Raises RunFailed if the
    assignment is missing or ambiguous.
    """
    if mapping:
        return _mapped(found, mapping)
    table = next(iter(tables))
    return [(_only_data_file(container, members), table) for container, members in found.items()]


def suggested_mapping(names: list[str]) -> dict[str, str]:
    """A `file_table_mapping` with one table per file, named after the file."""
    stems = {name: name.rpartition("/")[2].partition(".")[0] for name in names}
    unique = dict(zip(names, source_names(list(stems.values())), strict=True))
    tables = clean_names(unique.values(), {})
    return {name: tables[unique[name]] for name in names}


def _only_data_file(container: str, members: list[Member]) -> Member:
    _require_files(container, members)
    found, doubt = only_data_file(members)
    if found is None:
        likely = [member for member in members if not is_documentation(member)] or members
        suggestion = json.dumps(suggested_mapping([member.name for member in likely]), ensure_ascii=False)
        raise RunFailed(
            ErrorCode.FILE_TABLE_MAPPING_REQUIRED,
            f"{container} contains {len(members)} files, and no mapping assigns them to tables. {doubt}"
            "Add this mapping to the dataset, and leave out any files that contain no data: "
            f"file_table_mapping {suggestion}",
        )
    return found


def _mapped(found: Mapping[str, list[Member]], mapping: Mapping[str, str]) -> list[tuple[Member, str]]:
    for container, inside in found.items():
        _require_files(container, inside)
    members = [member for inside in found.values() for member in inside]
    patterns = [_matching_pattern(member.name, mapping) for member in members]
    for pattern in mapping:
        if pattern not in patterns:
            _refuse_pages(members)
            names = ", ".join(member.name for member in members)
            raise RunFailed(
                ErrorCode.FILE_TABLE_MAPPING_INVALID,
                f'The pattern "{pattern}" in file_table_mapping matches no file in {", ".join(found)}, which contains '
                f"{names}. "
                f"{did_you_mean(pattern, _file_names(members, pattern))}"
                "Correct the pattern, or check what the source publishes.",
                retryable=True,
            )
    return [(member, mapping[pattern]) for member, pattern in zip(members, patterns, strict=True) if pattern]


def _file_names(members: list[Member], pattern: str) -> list[str]:
    """The names of the files, with their folders if the pattern contains a folder."""
    return [member.name if "/" in pattern else member.name.rpartition("/")[2] for member in members]


def _refuse_pages(members: list[Member]) -> None:
    """Raise RunFailed if a download is an HTML page, such as a login page. Pages in an archive are permitted."""
    for member in members:
        if member.size is not None:  # in a ZIP
            continue
        with member.open() as stream:
            refuse_markup(stream.read(SAMPLE_BYTES), member.name)


def _require_files(container: str, members: list[Member]) -> None:
    if not members:
        raise RunFailed(
            ErrorCode.FILE_EMPTY,
            f"{container} contains no data file. Check what the source publishes.",
            retryable=True,
        )


def _matching_pattern(name: str, mapping: Mapping[str, str]) -> str | None:
    """The key in the mapping that applies to a file. An exact name takes precedence over a glob."""
    file_names = (name, name.rpartition("/")[2])
    exact = [pattern for pattern in mapping if pattern in file_names]
    globs = [pattern for pattern in mapping if any(fnmatchcase(file_name, pattern) for file_name in file_names)]
    if not exact and len(globs) > 1:
        raise RunFailed(
            ErrorCode.FILE_TABLE_MAPPING_INVALID,
            f"{name} matches {' and '.join(json.dumps(glob) for glob in globs)} in file_table_mapping. "
            "Make the patterns more specific, so that only one of them matches the file.",
        )
    return next(iter(exact or globs), None)
