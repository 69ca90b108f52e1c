"""The gates for published columns that lose all their values: a column disappears, or becomes entirely null."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etl_runtime.job.plural import listed, plural, with_names
from etl_runtime.publish.staged import StagedTable

MIN_CHANCE = 0.01  # a column is considered lost if a coincidence is less likely than this
META = "meta_"  # columns that jobs add, such as the rescued values of an input

Failure = tuple[str, str]
"""A gate and its finding."""


@dataclass(frozen=True)
class LostColumns:
    """The input of the gates for one table of this run.

    `rows` is the number of rows in which nulls were counted. `missing` are the published columns that the source or the
    query no longer has. `new` are the columns of the source or the query that are not published. `optional` columns are
    not checked. `omits_nulls` means that the source omits keys without a value, which is possible in JSON, so a column
    can be missing by coincidence.
    """

    table: StagedTable
    rows: int
    missing: Sequence[str]
    new: Sequence[str]
    optional: Collection[str]
    where: str
    omits_nulls: bool = False

    def failures(self, published: Mapping[str, Any], published_rows: int) -> Iterator[Failure]:
        """The failed gates. Columns that were entirely null in the last publication are not considered lost."""
        nulls: Mapping[str, int] | None = published.get("nulls")  # earlier versions of the job did not publish them

        def values(column: str) -> int:
            return published_rows - nulls.get(column, 0) if nulls is not None else published_rows

        missing = [name for name in self.missing if self._is_lost(name, values(name), published_rows)]
        if missing:
            new = f" It has the {with_names('new column', self.new)}." if self.new else ""
            yield (
                "missing_columns",
                f"{self.where} no longer has the {with_names('column', missing)}.{new} {_remedy(missing)}",
            )
        if nulls is None or not self.rows:
            return
        empty = [
            name
            for name, count in self.table.nulls.items()
            if count == self.rows and name not in self.missing and name in nulls
            if self._is_lost(name, values(name), published_rows)
        ]
        before: Mapping[str, int] = published.get("field_values", {})
        fields = [
            path
            for path in self._empty_fields(before, {*empty, *self.missing})
            if self._is_lost(path, before[path], published_rows)
        ]
        if empty or fields:
            lost = [*empty, *fields]
            yield (
                "all_null_columns",
                f"the {with_names('column', lost)} had values in the last publication, but "
                f"{'is' if len(lost) == 1 else 'are'} null in all {plural(self.rows, 'row')}. {_remedy(lost)}",
            )

    def _is_lost(self, column: str, values: int, rows: int) -> bool:
        """Whether a column that is now empty had so many values in the last publication that the loss cannot be a
        coincidence."""
        if not values or _top(column) in self.optional or column.startswith(META):
            return False
        if not self.omits_nulls:
            return True
        chance = max(0.0, 1 - values / rows) ** self.rows
        return chance < MIN_CHANCE

    def _empty_fields(self, before: Mapping[str, int], empty: Collection[str]) -> Iterator[str]:
        """Yield the nested fields that have lost their values in columns that still have other values.

        An empty list has no fields, so its fields are not considered lost.
        """
        now = self.table.field_values
        for path, values in before.items():
            column = _top(path)
            if not values or now.get(path, 0) or column in empty:
                continue
            has_values = any(count for other, count in now.items() if _top(other) == column)
            if has_values or "[]" not in path:
                yield path


def _remedy(names: Sequence[str]) -> str:
    columns = dict.fromkeys(map(_top, names))
    return f"If that is expected, add {listed(columns)} to data_quality.optional_columns"


def _top(path: str) -> str:
    """The column of a field: `user` for `user.email`, `items` for `items[].price`."""
    return path.partition(".")[0].partition("[")[0]
