"""The rules of a custom script, checked on the staged rows with one scan per table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException

from etl_runtime.job.errors import ErrorCode, RunFailed
from etl_runtime.job.plural import plural
from etl_runtime.job.suggestion import did_you_mean
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Rule:
    """A `condition` in Spark SQL that every row of the table `output` must satisfy. `output` is None if the dataset has
    one table."""

    name: str
    condition: str
    output: str | None = None


def find_violations(
    spark: "SparkSession", staged: Mapping[str, StagedTable], rules: Sequence[Rule]
) -> dict[str, list[str]]:
    """The violations by table: the rule, the number of rows that violate it, and examples.

    Raises RunFailed if a condition is not valid SQL for the table of its rule, or if the dataset does not have this
    table.
    """
    rules_by_table: dict[str, list[Rule]] = {}
    for rule in rules:
        rules_by_table.setdefault(_table_of(rule, staged), []).append(rule)
    return {
        key: violations
        for key, table_rules in rules_by_table.items()
        if (violations := _violations(spark, staged[key], table_rules))
    }


def _table_of(rule: Rule, staged: Mapping[str, StagedTable]) -> str:
    if rule.output is None and len(staged) == 1:
        return next(iter(staged))
    if rule.output is None or rule.output not in staged:
        which = "no output" if rule.output is None else f"the unknown output {rule.output}"
        suggestion = did_you_mean(rule.output or "", staged)
        raise RunFailed(
            ErrorCode.RULE_INVALID,
            f'The rule "{rule.name}" has {which}. {suggestion}The outputs are {", ".join(staged)}. '
            'Set one of them: require(…, …, output="…").',
        )
    return rule.output


def _violations(spark: "SparkSession", table: StagedTable, rules: Sequence[Rule]) -> list[str]:
    from pyspark.sql import functions as f

    rows = spark.read.parquet(*table.uris)
    violated = []
    for rule in rules:
        try:
            condition = f.expr(rule.condition).cast("boolean")
            rows.select(condition)
        except (AnalysisException, ParseException) as error:
            raise RunFailed(
                ErrorCode.RULE_INVALID,
                f'The condition of the rule "{rule.name}" is invalid: {_first_line(error)}. Correct the condition.',
            ) from error
        violated.append(~f.coalesce(condition, f.lit(True)))
    counts = rows.agg(*(f.count_if(each) for each in violated)).first()
    return [
        f'the rule "{rule.name}" ({rule.condition}) is violated by {count:,} of {plural(table.rows, "row")}, '
        f"such as {_examples(rows.where(each))}"
        for rule, each, count in zip(rules, violated, counts, strict=True)
        if count
    ]


def _examples(rows: "DataFrame") -> str:
    return ", ".join(
        json.dumps(row.asDict(recursive=True), ensure_ascii=False, default=str)
        for row in rows.limit(MAX_EXAMPLES).collect()
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].split(";")[0].rstrip(". ")
