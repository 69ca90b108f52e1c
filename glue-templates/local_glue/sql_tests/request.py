"""The request of `medallion test`: datasets, and their tests with rows as written in the test file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployment import Deployment

Cell = Any
"""A value in a test file, whose type is not known yet: None, text, a list, or an object with one key.

The key is `number` or `boolean` for the text of an unquoted value, and `map` for the fields of a struct or map.
"""


@dataclass(frozen=True)
class Row:
    """A row of a test. `line` is its line in the test file, or 0 if the row is from another file."""

    line: int
    values: Mapping[str, Cell]


@dataclass(frozen=True)
class Rows:
    """The rows of a table in a test: `rows`, or the rows in `file`.

    For messages, `what` is the key of the rows in `test_file`, and `line` is the line of this key.
    """

    what: str
    test_file: str = ""
    line: int = 0
    rows: tuple[Row, ...] | None = None
    file: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Rows":
        rows = raw.get("rows")
        return cls(
            raw["what"],
            raw["test_file"],
            raw["line"],
            None if rows is None else tuple(Row(each["line"], each["values"]) for each in rows),
            raw.get("file"),
            raw.get("columns", {}),
        )

    def at(self, row: Row | None = None) -> str:
        """The location of the rows or of one row in messages, such as `tests/cities.yaml:12: inputs.zipcodes`."""
        is_inline = row is not None and self.file is None
        place = f"{self.test_file}:{row.line if row and is_inline else self.line}: {self.what}"
        if row is None or is_inline:
            return place
        name = Path(str(self.file)).name
        return f"{place}: {name}, line {row.line}" if row.line else f"{place}: {name}"


@dataclass(frozen=True)
class ExpectedTable:
    """The expected rows of an output. If `listed_columns` is set, only the columns that the expected rows contain are
    compared."""

    rows: Rows
    ordered: bool = False
    listed_columns: bool = False


@dataclass(frozen=True)
class Expectation:
    """What a test or a load expects: either tables (keyed by output) or an error code, and the violated rules.

    If the dataset has a single output, its key is `""`.
    """

    tables: Mapping[str, ExpectedTable] = field(default_factory=dict)
    error: str | None = None
    violated_rules: tuple[str, ...] | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Expectation":
        violated = raw.get("violated_rules")
        return cls(
            {
                output: ExpectedTable(Rows.of(each), each.get("ordered", False), each.get("listed_columns", False))
                for output, each in raw.get("tables", {}).items()
            },
            raw.get("error"),
            None if violated is None else tuple(violated),
        )


@dataclass(frozen=True)
class Load:
    """One run of the transform at a given time (ISO 8601). `inputs` are the rows, keyed by table, such as
    `pp_dw_bronze.zipcodes`."""

    at: str
    inputs: Mapping[str, Rows]
    expect: Expectation | None


@dataclass(frozen=True)
class SqlTest:
    """A test with its loads in order. `id` is the ID of the test in the request."""

    id: int
    dataset: int
    loads: Sequence[Load]


@dataclass(frozen=True)
class InputTable:
    """A table that the dataset can read.

    `columns` are the columns of its published contract, and `contract` describes the contract for messages. Both are
    None if there is no contract.
    """

    name: str
    layer: str
    columns: Mapping[str, str] | None = None
    contract: str | None = None


@dataclass(frozen=True)
class DatasetRequest:
    """A dataset with the files and settings that its stack deploys."""

    script: str
    arguments: Mapping[str, str]
    deployments: Sequence[Deployment]
    tables: Sequence[InputTable]


@dataclass(frozen=True)
class Request:
    """The request. `work` is an empty folder for temporary files."""

    datasets: Sequence[DatasetRequest]
    tests: Sequence[SqlTest]
    work: Path
    java_options: str
    record: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Request":
        return cls(
            [
                DatasetRequest(
                    each["script"],
                    each["arguments"],
                    [Deployment(**deployment) for deployment in each["deployments"]],
                    [InputTable(**table) for table in each["tables"]],
                )
                for each in raw["datasets"]
            ],
            [
                SqlTest(
                    each["id"],
                    each["dataset"],
                    [
                        Load(
                            load["at"],
                            {name: Rows.of(rows) for name, rows in load["inputs"].items()},
                            Expectation.of(load["expect"]) if load.get("expect") else None,
                        )
                        for load in each["loads"]
                    ],
                )
                for each in raw["tests"]
            ],
            Path(raw["work"]),
            raw["java_options"],
            raw.get("record"),
        )
