"""Finds the few values that force a column to be text instead of a more specific type, such as NA among numbers."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl_runtime.columns.column_types import ColumnType, convert_with_mismatches, infer
from etl_runtime.columns.type_hints import DATE_PATTERNS, distinct_orders, hint
from etl_runtime.job.file_format import NO_FORMATS, Formats

MAX_WORDS, MAX_OTHER_VALUES = 5, 3
VALUES_PER_WORD = 3
MIN_MATCHING_SHARE = 0.9
MAX_DISTINCT = 100_000
PROBE_VALUES = 1000  # a type that does not match usually has too many mismatches among these
MAX_NAMED = 6
MISSING_WORD = re.compile(
    r"\\N|[^\w\s]+|[^\w\s]?(n\W?a|n\W?d|nan|nil|null|none|missing|unknown|no data|"
    r"not (available|applicable|reported))\W?",
    re.IGNORECASE,
)
TYPES = (
    ColumnType("bigint", declared=True),
    ColumnType("decimal(18,2)", declared=True),
    ColumnType("date", declared=True),
    ColumnType("timestamp", declared=True),
    *(ColumnType("date", format=pattern, declared=True) for pattern in DATE_PATTERNS),
)


@dataclass(frozen=True)
class BlockedType:
    """The few values that force a column to be text, and the column_schema entry for the type that all other values
    match."""

    entry: dict[str, str]
    values: tuple[str, ...]
    is_inferred: bool
    in_first_row: bool

    @property
    def are_missing_words(self) -> bool:
        return all(map(is_missing_word, self.values))


def is_missing_word(value: str) -> bool:
    """Whether a value looks like a word for a missing value: NA, null, \\N, or only punctuation."""
    return MISSING_WORD.fullmatch(value.strip()) is not None


def blocked_type(text: pa.Array, formats: Formats = NO_FORMATS) -> BlockedType | None:
    """Find the type that nearly all values of a text column match, and the values that do not match it. Returns None if
    there is no such type."""
    text = text.drop_null()
    distinct = pc.unique(text)
    if not 1 < len(distinct) <= MAX_DISTINCT:
        return None
    has_digit = pc.match_substring_regex(distinct, r"\d")
    words, others = distinct.filter(pc.invert(has_digit)), distinct.filter(has_digit)
    if 0 < len(words) <= MAX_WORDS and len(others):
        values = tuple(words.to_pylist())
        enough = all(map(is_missing_word, values)) or len(others) >= VALUES_PER_WORD * len(values)
        if enough and (found := _type_of(others, formats)):
            return BlockedType(found[0], values, found[1], text[0].as_py() in values)
    return _mostly(text, distinct)


def _type_of(text: pa.Array, formats: Formats) -> tuple[dict[str, str], bool] | None:
    """The column_schema entry for a type that all values match, and whether the type is also inferred without the
    entry. Returns None if the values are text."""
    best = infer(text, formats).best
    better = hint(text, best)
    if better and " or " not in better.get("format", ""):
        return better, False
    return None if best.type == "string" else ({"type": best.type}, True)


def _mostly(text: pa.Array, distinct: pa.Array) -> BlockedType | None:
    """Return the type that nearly all values match, and the other values. Returns None if there is no such type."""
    like_values = pc.match_substring_regex(distinct, r"^[^A-Za-z]*\d[^A-Za-z]*$")
    if pc.sum(like_values).as_py() < MIN_MATCHING_SHARE * len(distinct):
        return None
    if pc.any(pc.match_substring_regex(distinct, r"^-?0\d*$")).as_py():  # codes such as 007
        types: Iterable[ColumnType] = (each for each in TYPES if each.type in ("date", "timestamp"))
    else:
        types = TYPES
    max_values = min(MAX_OTHER_VALUES, (1 - MIN_MATCHING_SHARE) * len(distinct))
    found: dict[ColumnType, list[str]] = {}
    for column_type in types:
        if len(_mismatches(distinct[:PROBE_VALUES], column_type)) > MAX_OTHER_VALUES:
            continue
        values = _mismatches(distinct, column_type)
        if not values:
            return None  # type_hints already suggests this type
        if len(values) <= max_values:
            found[column_type] = values
    return _fewest_values(found, text[0].as_py()) if found else None


def _mismatches(distinct: pa.Array, column_type: ColumnType) -> list[str]:
    _, mismatches = convert_with_mismatches(distinct, column_type)
    values: list[str] = distinct.filter(mismatches).to_pylist()
    return values


def _fewest_values(found: Mapping[ColumnType, Sequence[str]], first: str) -> BlockedType:
    """The type with the fewest mismatches. If the same number of dates match with the day first and with the month
    first, the entry lists both formats."""
    type = min(found, key=lambda each: len(found[each])).type
    count = min(map(len, found.values()))
    alike = [each for each in found if each.type == type and len(found[each]) == count]
    values = tuple(dict.fromkeys(value for each in alike for value in found[each]))
    format = " or ".join(distinct_orders([each.format for each in alike]))
    return BlockedType({"type": type, **({"format": format} if format else {})}, values, False, first in values)


def blocked_lines(
    table: str, blocked: Mapping[str, BlockedType], null_values: Sequence[str], *, header: bool
) -> list[str]:
    """Return log lines that contain the settings to paste.

    One line covers all columns that only words for missing values force to be text. Every remaining column has its
    own line. If the values that force the columns to be text are all in the first record, there is only one line.
    `header` is `file_format.header`.
    """
    if len(blocked) > 1 and all(each.in_first_row and not each.are_missing_words for each in blocked.values()):
        values = ", ".join(json.dumps(each.values[0], ensure_ascii=False) for each in [*blocked.values()][:MAX_NAMED])
        remedy = (
            'If that record contains units or formats, declare file_format {"skip_rows_after_header": 1}'
            if header
            else 'If that record is a header, declare file_format {"header": true}'
        )
        return [f"{table}: {_are_text(blocked)} because of the first record ({values}). {remedy}"]
    missing = {source: each for source, each in blocked.items() if each.are_missing_words}
    lines = []
    if missing:
        words = list(dict.fromkeys(word for each in missing.values() for word in each.values))
        shown = ", ".join(json.dumps(word, ensure_ascii=False) for word in words)
        declared = json.dumps({"null_values": [*null_values, *words]}, ensure_ascii=False)
        formats = {source: each.entry for source, each in missing.items() if not each.is_inferred}
        schema = f" and column_schema {json.dumps({table: formats}, ensure_ascii=False)}" if formats else ""
        lines.append(
            f"{table}: {_are_text(missing)} because of {shown}. If {'it means' if len(words) == 1 else 'they mean'} a "
            f"missing value, declare file_format {declared}{schema}"
        )
    for source, each in blocked.items():
        if source not in missing:
            shown = ", ".join(json.dumps(value, ensure_ascii=False) for value in each.values)
            entry = json.dumps({table: {source: each.entry}}, ensure_ascii=False)
            lines.append(
                f"{table}: {source} is text instead of {each.entry['type']} because of {shown}. To store such values "
                f"in meta_rescued, declare column_schema {entry}. If they mean that a value is missing, add them to "
                "file_format null_values"
            )
    return lines


def _are_text(blocked: Mapping[str, BlockedType]) -> str:
    names = [f"{source} (otherwise {each.entry['type']})" for source, each in blocked.items()]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    columns, are = ("column", "is") if len(names) == 1 else ("columns", "are")
    return f"{columns} {', '.join(names[:MAX_NAMED])}{more} {are} text"
