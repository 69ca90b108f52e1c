"""Data rules: conditions that the rows of a table must satisfy before the table is published.

Rules come from `data_quality.rules` in the dataset document and from `require` calls in a custom script. One scan of a
table's staged objects counts the violations of all its conditions. `not_null` needs no scan, because the null counts of
the written objects are known.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from pyspark.errors import AnalysisException, ParseException

from etl_runtime.columns.athena_types import spark_type
from etl_runtime.columns.names import RESCUED, RUN_ID, SOURCE_DATE
from etl_runtime.job.dataset_document import DatasetDocument
from etl_runtime.job.dataset_document import Rule as DeclaredRule
from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.redaction import REDACTION
from etl_runtime.job.run_record import RunRecord
from etl_runtime.job.spark import task_error
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.publish.common_gates import share_text
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

Result = TypeVar("Result")
Kind = Literal["condition", "not_null", "unique", "accepted_values", "relationships"]

MAX_EXAMPLES = 3
MAX_EXAMPLE_COLUMNS = 20
MAX_EXAMPLE_CHARACTERS = 80
MAX_EXAMPLE_ITEMS = 10
MAX_EXAMPLE_LENGTH = 1_000
"""The maximum length of an example as JSON. A pipeline reads only the beginning of a large run record."""
MAX_DESCRIBED_RULES = 10
"""The number of violated rules whose findings contain examples. The run record has the examples of all rules."""

NESTED = ("array<", "map<", "struct<")

META_TYPES = {RUN_ID: "string", RESCUED: "string", SOURCE_DATE: "date"}
"""The columns that the job adds to some tables. A condition can use them in any table; in the other tables they are
null."""

SPARK_ERROR = re.compile(r"\[(?!FAILED_READ_FILE|INTERNAL_ERROR)[A-Z0-9_]+(?:\.[A-Z0-9_]+)*\] [^\n]+")
"""Matches an error in an expression, with its error class. Cluster and storage errors do not match, because the rule
does not cause them."""
JAVA_ERROR = re.compile(
    r"(?:[\w$]+\.)+((?:Runtime|PatternSyntax|Arithmetic|IllegalArgument|DateTime|NumberFormat)Exception: [^\n]+)"
)
"""Matches an error in an expression without an error class, which Spark 3.5 raises for some functions."""


@dataclass(frozen=True)
class Rule:
    """A rule that every row of a table must satisfy. In a table with a history, it applies only to current versions.

    If `kind` is "condition", `condition` is a condition in Spark SQL; for other kinds, it is only a description.
    `table` is the key of the table, or None if the dataset has one table. `max_share` is the maximum share of rows that
    may violate the rule. If this share is exceeded, the run fails, unless the severity is warn. `values` are the
    accepted values. `to` is the table of an input, and `field` is a column of this table.
    """

    name: str
    condition: str
    table: str | None = None
    kind: Kind = "condition"
    severity: Literal["fail", "warn"] = "fail"
    max_share: float = 0
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    to: str = ""
    field: str = ""


@dataclass(frozen=True)
class CheckedTable:
    """A table in staging, and the number of `rows` that rules apply to.

    `is_current` is the name of the column that is true for these rows. It is None if the table has no history. In that
    case, rules apply to all rows.
    """

    staged: StagedTable
    rows: int
    is_current: str | None = None


@dataclass(frozen=True)
class RuleResult:
    """The number of rows that violate a rule, and examples."""

    rule: Rule
    table: str
    rows: int
    violations: int
    examples: Sequence[Mapping[str, Any]]

    def status(self, allowed: Collection[str]) -> Literal["passed", "warned", "failed", "allowed"]:
        """Return the status of the rule. `allowed` are the gates that may fail."""
        # Decimal numbers are used, because 0.29 * 100 is less than 29 in floating-point arithmetic.
        if self.violations <= Decimal(str(self.rule.max_share)) * self.rows:
            return "passed"
        if self.rule.severity == "warn":
            return "warned"
        return "allowed" if "rules" in allowed else "failed"

    def entry(self, allowed: Collection[str]) -> dict[str, Any]:
        """The entry for the run record."""
        rule = self.rule
        return {
            "name": rule.name,
            "table": self.table,
            "kind": rule.kind,
            "condition": rule.condition,
            "severity": rule.severity,
            "max_share": rule.max_share,
            "rows": self.rows,
            "violations": self.violations,
            "status": self.status(allowed),
            "examples": list(self.examples),
        }

    def finding(self, *, with_examples: bool) -> str:
        """The text of the error or warning for a violated rule."""
        rule = self.rule
        condition = "" if " ".join(rule.condition.split()) == rule.name else f" ({rule.condition})"
        limit = f", but max_share is {rule.max_share:.2%}" if rule.max_share else ""
        examples = ", ".join(json.dumps(each, ensure_ascii=False) for each in self.examples)
        share = share_text(self.violations, self.rows)
        shown = f", for example {examples}" if with_examples else ""
        return f'the rule "{rule.name}"{condition} is violated by {share}{shown}{limit}'


def declared_rules(document: DatasetDocument) -> list[Rule]:
    """The rules of the dataset document."""
    return [_declared_rule(each) for each in document.get("data_quality", {}).get("rules", [])]


def _declared_rule(declared: DeclaredRule) -> Rule:
    rule = _rule_of_kind(declared)
    return Rule(
        declared.get("name", " ".join(rule.condition.split())),
        rule.condition,
        declared.get("table"),
        rule.kind,
        declared.get("severity", "fail"),
        declared.get("max_share", 0),
        rule.columns,
        rule.values,
        rule.to,
        rule.field,
    )


def _rule_of_kind(declared: DeclaredRule) -> Rule:
    """Create the rule according to its kind, without its name, table, severity and max_share."""
    if "not_null" in declared:
        column = declared["not_null"]
        return Rule("", f"{column} IS NOT NULL", kind="not_null", columns=(column,))
    if "unique" in declared:
        columns = (declared["unique"],) if isinstance(declared["unique"], str) else tuple(declared["unique"])
        return Rule("", f"{', '.join(columns)} IS UNIQUE", kind="unique", columns=columns)
    if "accepted_values" in declared:
        column, found = declared["accepted_values"]["column"], declared["accepted_values"]["values"]
        values = tuple(each if isinstance(each, str) else json.dumps(each) for each in found)
        shown = ", ".join(f"'{each}'" for each in values)
        return Rule("", f"{column} IN ({shown})", kind="accepted_values", columns=(column,), values=values)
    if "relationships" in declared:
        relation = declared["relationships"]
        column, to, field = relation["column"], relation["to"], relation["field"]
        text = f"{column} REFERENCES {to} ({field})"
        return Rule("", text, kind="relationships", columns=(column,), to=to, field=field)
    return Rule("", declared.get("condition", "").strip())


def check_rules(
    spark: "SparkSession",
    tables: Mapping[str, CheckedTable],
    rules: Sequence[Rule],
    input_tables: Sequence[str],
    record: RunRecord,
    allowed: Collection[str],
) -> dict[str, list[str]]:
    """Evaluate the rules and add the results to the run record. Returns the findings of the gate `rules`, keyed by
    table.

    `input_tables` are the names of the inputs' tables in Athena. Spark uses the same names.

    Raises RunFailed if a rule cannot be evaluated, or if the dataset does not have the rule's table.
    """
    results = evaluate(spark, tables, rules, input_tables)
    if results:
        record.note({"rules": [each.entry(allowed) for each in results]})
    findings: dict[str, list[str]] = {}
    violated = [each for each in results if each.status(allowed) != "passed"]
    for number, each in enumerate(violated):
        finding = each.finding(with_examples=number < MAX_DESCRIBED_RULES)
        if each.status(allowed) == "warned":
            record.warn(f"{each.table}: {finding}")
        else:
            findings.setdefault(each.table, []).append(finding)
    return findings


def evaluate(
    spark: "SparkSession", tables: Mapping[str, CheckedTable], rules: Sequence[Rule], input_tables: Sequence[str]
) -> list[RuleResult]:
    """Evaluate the rules. The results are in the order of the rules."""
    table_of = {id(rule): _table_of(rule, tables) for rule in rules}
    results: dict[int, RuleResult] = {}
    for key, table in tables.items():
        of_table = [rule for rule in rules if table_of[id(rule)] == key]
        if of_table and (table.staged.columns or table.rows):  # otherwise the source has never had a row or a header
            found = _TableRules(spark, key, table, input_tables).results(of_table)
            results |= {id(rule): result for rule, result in zip(of_table, found, strict=True)}
    return [results[id(rule)] for rule in rules if id(rule) in results]


def _table_of(rule: Rule, tables: Mapping[str, CheckedTable]) -> str:
    if rule.table is None and len(tables) == 1:
        return next(iter(tables))
    if rule.table is None or rule.table not in tables:
        which = "no table" if rule.table is None else f"the unknown table {rule.table}"
        raise _invalid(
            rule,
            f"has {which}. {did_you_mean(rule.table or '', tables)}The tables are {', '.join(tables)}. "
            "Set one of them as the table of the rule. In a script, pass it to require as output=….",
        )
    return rule.table


@dataclass(frozen=True)
class _TableRules:
    """Evaluates the rules of one table."""

    spark: "SparkSession"
    key: str
    table: CheckedTable
    input_tables: Sequence[str]

    def results(self, rules: Sequence[Rule]) -> list[RuleResult]:
        rows = self._rows()
        violated = {id(rule): self._violated(rows, rule) for rule in rules}
        counts = self._counts(rows, [rule for rule in rules if rule.kind in ("condition", "accepted_values")], violated)
        results = []
        for rule in rules:
            examples: DataFrame | None
            if rule.kind == "unique":
                count, examples = self._duplicates(rows, rule)
            elif rule.kind == "relationships":
                count, examples = self._orphans(rows, rule)
            else:
                of_column = self.table.staged.nulls.get(rule.columns[0], 0) if rule.kind == "not_null" else 0
                count = counts.get(id(rule), of_column)
                examples = rows.where(violated[id(rule)])
            found = self._examples(rule, examples) if count else []
            results.append(RuleResult(rule, self.key, self.table.rows, count, found))
        return results

    def _rows(self) -> "DataFrame":
        from pyspark.sql import functions as f

        types = {column["name"]: spark_type(column["type"]) for column in self.table.staged.columns}
        types |= {name: type_ for name, type_ in META_TYPES.items() if name not in types}
        schema = ", ".join(f"`{name}` {type_}" for name, type_ in types.items())
        rows = self.spark.read.schema(schema).parquet(*self.table.staged.uris)
        return rows.where(f.col(f"`{self.table.is_current}`")) if self.table.is_current else rows

    def _violated(self, rows: "DataFrame", rule: Rule) -> "Column":
        """A condition that is true for rows that violate a rule. It is always false for rules that compare several
        rows."""
        from pyspark.sql import functions as f

        for name in rule.columns:
            self._require_column(rule, name)
            self._require_comparable(rule, name)
        if rule.kind == "not_null":
            return f.col(f"`{rule.columns[0]}`").isNull()
        if rule.kind == "accepted_values":
            condition = f.col(f"`{rule.columns[0]}`").isin(*self._accepted(rule))
        elif rule.kind == "condition":
            condition = _condition(rows, rule)
        else:
            return f.lit(False)
        return ~f.coalesce(condition.cast("boolean"), f.lit(True))

    def _accepted(self, rule: Rule) -> "list[Column]":
        """The accepted values, cast to the type of the column."""
        from pyspark.sql import functions as f

        type_ = spark_type(self._types[rule.columns[0]])
        literals = [f.lit(each) for each in rule.values]
        named = self.spark.range(1).select(*(each.alias(f"v{index}") for index, each in enumerate(literals)))
        casts = (f"CAST(try_cast(v{index} AS {type_}) AS string)" for index in range(len(literals)))
        for value, converted in zip(rule.values, named.selectExpr(*casts).first() or (), strict=True):
            if converted is None or (type_.startswith("decimal") and not _is_same_number(value, converted)):
                raise _invalid(
                    rule,
                    f'accepts the value "{value}", but the column {rule.columns[0]} has the type '
                    f"{self._types[rule.columns[0]]}. Correct the values.",
                )
        return [each.cast(type_) for each in literals]

    def _counts(self, rows: "DataFrame", rules: Sequence[Rule], violated: Mapping[int, "Column"]) -> dict[int, int]:
        """Count the violations of each rule in one scan."""
        from pyspark.sql import functions as f

        if not rules:
            return {}
        counts = [f.count_if(violated[id(rule)]) for rule in rules]
        try:
            row = rows.agg(*counts).first()
        except Exception as error:
            for rule, count in zip(rules, counts, strict=True):
                _evaluated(rule, rows.agg(count).first)
            raise task_error(error) from error
        return {id(rule): int(count) for rule, count in zip(rules, row or (), strict=True)}

    def _duplicates(self, rows: "DataFrame", rule: Rule) -> "tuple[int, DataFrame]":
        """The number of rows whose key occurs in several rows, and these keys. As in SQL, a key that contains null is
        unique."""
        from pyspark.sql import functions as f

        key = [f.col(f"`{name}`") for name in rule.columns]
        has_key = reduce(and_, (each.isNotNull() for each in key))
        repeated = rows.where(has_key).groupBy(*key).agg(f.count(f.lit(1)).alias("_rows")).where("_rows > 1")
        row = _evaluated(rule, lambda: repeated.agg(f.sum("_rows")).first())
        return int((row and row[0]) or 0), repeated.drop("_rows").orderBy(*key)

    def _orphans(self, rows: "DataFrame", rule: Rule) -> "tuple[int, DataFrame]":
        """The rows with a value that does not occur in the column of the input. Null satisfies the rule."""
        from pyspark.sql import functions as f
        from pyspark.sql.types import NumericType

        table = self._input_table(rule)
        to = self.spark.table(table)
        if rule.field not in to.columns:
            raise _invalid(
                rule,
                f"has the field {rule.field}, which is not a column of {table}. "
                f"{did_you_mean(rule.field, to.columns)}Its columns are {', '.join(to.columns)}. Correct the field.",
            )
        one, other = rows.schema[rule.columns[0]].dataType, to.schema[rule.field].dataType
        if one != other and not (isinstance(one, NumericType) and isinstance(other, NumericType)):
            raise _invalid(
                rule,
                f"compares {rule.columns[0]}, which is {one.simpleString()}, with {rule.field} of {table}, which is "
                f"{other.simpleString()}. Declare or cast both as the same type.",
            )
        values = to.select(f.col(f"`{rule.field}`").alias("_value")).where("_value IS NOT NULL").distinct()
        value = f.col(f"`{rule.columns[0]}`")
        orphans = rows.where(value.isNotNull()).join(values, value == f.col("_value"), "left_anti")
        return _evaluated(rule, orphans.count), orphans

    def _input_table(self, rule: Rule) -> str:
        """Find the table of an input by `database.table`, or by the table name alone if exactly one input has such a
        table."""
        found = [each for each in self.input_tables if rule.to in (each, each.partition(".")[2])]
        if len(found) != 1:
            what = f"the tables {' and '.join(found)}" if found else "no table"
            suggestion = "" if found else did_you_mean(rule.to, self.input_tables, qualified=True)
            raise _invalid(
                rule,
                f'refers to "{rule.to}", but the inputs have {what} with this name. {suggestion}'
                f"The tables of the inputs: {', '.join(self.input_tables) or 'none'}. "
                'Set the key "to" to database.table.',
            )
        return found[0]

    def _examples(self, rule: Rule, rows: "DataFrame") -> list[dict[str, Any]]:
        """The first rows as JSON. If the table has too many columns, the columns of the rule come first."""
        from pyspark.sql import functions as f

        names = [name for name in rows.columns if name not in (RUN_ID, SOURCE_DATE)]
        if RESCUED in names and RESCUED not in rule.condition:
            names.remove(RESCUED)
        first = sorted(names, key=lambda name: re.search(rf"\b{re.escape(name)}\b", rule.condition) is None)
        shown = set(first[:MAX_EXAMPLE_COLUMNS])
        columns = f.struct(*(f.col(f"`{name}`") for name in names if name in shown))
        texts = rows.select(f.to_json(columns, {"ignoreNullFields": "false"}))
        found = _evaluated(rule, texts.limit(MAX_EXAMPLES).collect)
        return [_example(json.loads(row[0], parse_float=_exact)) for row in found]

    @property
    def _types(self) -> dict[str, str]:
        return {column["name"]: column["type"] for column in self.table.staged.columns}

    def _require_column(self, rule: Rule, name: str) -> None:
        if name not in self._types:
            raise _invalid(
                rule,
                f"has the column {name}, which the table {self.key} does not have. {did_you_mean(name, self._types)}"
                f"Its columns are {', '.join(self._types)}. Correct the column.",
            )

    def _require_comparable(self, rule: Rule, name: str) -> None:
        type_ = self._types[name]
        if rule.kind == "accepted_values" and type_.startswith(NESTED):
            raise _invalid(
                rule,
                f"has the column {name} of the type {type_}. accepted_values does not support lists, maps or structs. "
                "Use a condition instead.",
            )
        if rule.kind in ("unique", "relationships") and "map<" in type_:
            raise _invalid(
                rule, f"has the column {name}, which contains a map. Maps cannot be compared. Choose another column."
            )


def _condition(rows: "DataFrame", rule: Rule) -> "Column":
    """The condition of a rule. Raises RunFailed if it is not a condition on a row of the table."""
    from pyspark.sql import functions as f
    from pyspark.sql.types import BooleanType, NullType

    try:
        condition = f.expr(rule.condition)
        selected = rows.select(condition)
        type_ = selected.schema[0].dataType
        if selected._jdf.queryExecution().analyzed().subqueries().size():
            raise _invalid(
                rule, "has a condition with a subquery. Select from the table in a silver or gold dataset instead."
            )
        if not isinstance(type_, BooleanType | NullType):
            raise _invalid(
                rule,
                f"has a condition of the type {type_.simpleString()}, but a condition must be boolean. "
                "Write a comparison.",
            )
        rows.where(condition)  # rejects aggregates, window functions and generators
        rows.agg(f.count_if(condition.cast("boolean")))  # rejects random values
    except (AnalysisException, ParseException) as error:
        raise RunFailed(
            ErrorCode.RULE_INVALID,
            f'The condition of the rule "{rule.name}" is invalid: {_first_line(error)}. Correct the condition.',
        ) from error
    return condition


def _is_same_number(text: str, converted: str) -> bool:
    """Whether a cast to decimal preserved the exact number. Spark rounds silently."""
    try:
        return Decimal(text.strip()) == Decimal(converted)
    except InvalidOperation:
        return False


def _evaluated(rule: Rule, action: Callable[[], Result]) -> Result:
    """Run a Spark action and return its result. Raises RunFailed if the rule causes an error, such as a failed cast."""
    try:
        return action()
    except Exception as error:
        found = SPARK_ERROR.findall(str(error)) or JAVA_ERROR.findall(str(error))
        if not found:
            raise task_error(error) from error
        raise _invalid(
            rule,
            f"cannot be evaluated: {found[-1].rstrip('. ')}. Correct the condition: try_cast, try_divide and other "
            "functions of Spark SQL that start with try_ return null, which satisfies a rule.",
        ) from None


def _example(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in a readable form. Columns are omitted if the row is too long."""
    shown: dict[str, Any] = {}
    for name, value in cast(dict[str, Any], _shown(row)).items():
        if len(json.dumps(shown | {name: value}, ensure_ascii=False)) > MAX_EXAMPLE_LENGTH:
            return shown | {"…": f"{len(row) - len(shown)} more columns"}
        shown[name] = value
    return shown


def _exact(text: str) -> float | str:
    """A JSON number, or its text if a float cannot represent it exactly, such as a decimal with 30 digits."""
    number = float(text)
    return number if Decimal(repr(number)) == Decimal(text) else text


def _shown(value: Any) -> Any:
    """A JSON value in a readable form: redacted, and limited in size."""
    if isinstance(value, str):
        text = REDACTION.redact(value)
        return text if len(text) <= MAX_EXAMPLE_CHARACTERS else f"{text[:MAX_EXAMPLE_CHARACTERS]}…"
    if isinstance(value, list):
        return [_shown(each) for each in value[:MAX_EXAMPLE_ITEMS]] + ["…"] * (len(value) > MAX_EXAMPLE_ITEMS)
    if isinstance(value, dict):
        return {REDACTION.redact(name): _shown(each) for name, each in list(value.items())[:MAX_EXAMPLE_COLUMNS]}
    return value


def _invalid(rule: Rule, problem: str) -> RunFailed:
    return RunFailed(ErrorCode.RULE_INVALID, f'The rule "{rule.name}" {problem}')


def _first_line(error: Exception) -> str:
    return re.sub(r"; line \d+ pos \d+.*", "", str(error).strip().split("\n")[0]).rstrip(".; ")
