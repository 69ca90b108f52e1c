"""Which file of data feeds which table."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from etl_runtime.columns.names import clean_names, source_names
from etl_runtime.job.errors import RunFailed
from etl_runtime.read.container import Member, has_data_extension


def map_tables(
    found: Mapping[str, list[Member]], mapping: Mapping[str, str], tables: Iterable[str]
) -> list[tuple[Member, str]]:
    """Each file that is data, with its table, in the order of the containers (`found`: the files by container).

    Without a mapping the one file of data in each container feeds the only table. Raises RunFailed where that is not clear.
    """
    return _mapped(found, mapping) if mapping else [(_only_data(*each), next(iter(tables))) for each in found.items()]


def _only_data(container: str, found: list[Member]) -> Member:
    """The one file of data in a container, where nothing is declared."""
    _require_files(container, found)
    data = found if len(found) == 1 else [member for member in found if has_data_extension(member.name)]
    if len(data) != 1:
        suggestion = json.dumps(suggested_mapping([member.name for member in found]), ensure_ascii=False)
        raise RunFailed(
            f"{container} holds {len(found)} files, and nothing says which feeds which table. "
            f"Add this to the dataset, without the lines that are no data: file_table_mapping {suggestion}"
        )
    return data[0]


def _mapped(found: Mapping[str, list[Member]], mapping: Mapping[str, str]) -> list[tuple[Member, str]]:
    """Which member of any container feeds which table, by what is declared."""
    for container, inside in found.items():
        _require_files(container, inside)
    every = [member for inside in found.values() for member in inside]
    patterns = [_matching(member.name, mapping) for member in every]
    for pattern in mapping:
        if pattern not in patterns:
            there = ", ".join(member.name for member in every)
            raise RunFailed(
                f'file_table_mapping "{pattern}" matches no file of {", ".join(found)}. It holds: {there}.',
                retryable=True,
            )
    return [(member, mapping[matched]) for member, matched in zip(every, patterns, strict=True) if matched]


def _require_files(container: str, found: list[Member]) -> None:
    if not found:
        raise RunFailed(f"{container} holds no file of data. Look at what the source publishes.", retryable=True)
    if any(member.name == "[Content_Types].xml" for member in found):
        raise RunFailed(f"{container} is an Office document, such as a spreadsheet. Ask the source for CSV.")


def _matching(name: str, mapping: Mapping[str, str]) -> str | None:
    """The key of the mapping that a file falls under: its own name before a glob. Raises RunFailed where two globs match."""
    own_names = (name, name.rpartition("/")[2])
    exact = [pattern for pattern in mapping if pattern in own_names]
    globs = [pattern for pattern in mapping if any(fnmatchcase(own_name, pattern) for own_name in own_names)]
    if not exact and len(globs) > 1:
        raise RunFailed(
            f"{name} matches {' and '.join(json.dumps(glob) for glob in globs)} of file_table_mapping. Make one of them narrower."
        )
    return next(iter(exact or globs), None)


def suggested_mapping(names: list[str]) -> dict[str, str]:
    """A mapping to paste: a table of its own for each file, named after it."""
    bases = {name: name.rpartition("/")[2].partition(".")[0] for name in names}
    unique = dict(zip(names, source_names(list(bases.values())), strict=True))
    tables = clean_names(unique.values(), {})
    return {name: tables[unique[name]] for name in names}
