"""Rules of a script of one's own, checked on the staged rows: one scan a table, for all of its rules."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException

from etl_runtime.job.errors import RunFailed
from etl_runtime.publish.staged import StagedTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SHOWN = 3


@dataclass(frozen=True)
class Rule:
    """`condition`, in Spark's SQL, holds for every row of the table `output`, or of the only one."""

    name: str
    condition: str
    output: str | None = None


def broken_rules(
    spark: "SparkSession", staged: Mapping[str, StagedTable], rules: Sequence[Rule]
) -> dict[str, list[str]]:
    """For each table the rules that some of its rows break: how many, and examples.

    Raises RunFailed where a condition makes no sense for the table, or there is no such table.
    """
    by_table: dict[str, list[Rule]] = {}
    for rule in rules:
        by_table.setdefault(_table_of(rule, staged), []).append(rule)
    return {key: found for key, own in by_table.items() if (found := _broken(spark, staged[key], own))}


def _table_of(rule: Rule, staged: Mapping[str, StagedTable]) -> str:
    if rule.output is None and len(staged) == 1:
        return next(iter(staged))
    if rule.output is None or rule.output not in staged:
        which = "no table" if rule.output is None else f"the table {rule.output}"
        raise RunFailed(
            f'The rule "{rule.name}" names {which}, and there are {", ".join(staged)}. Name one: require(…, …, output="…").'
        )
    return rule.output


def _broken(spark: "SparkSession", table: StagedTable, rules: Sequence[Rule]) -> list[str]:
    from pyspark.sql import functions as f

    rows = spark.read.parquet(*table.objects.values())
    conditions = []
    for rule in rules:
        try:
            condition = f.expr(rule.condition).cast("boolean")
            rows.select(condition)
        except (AnalysisException, ParseException) as error:
            raise RunFailed(f'The rule "{rule.name}" cannot be checked: {_first_line(error)}') from error
        conditions.append(~f.coalesce(condition, f.lit(True)))
    counts = rows.agg(*(f.count_if(broken) for broken in conditions)).first()
    return [
        f'the rule "{rule.name}" ({rule.condition}) is broken by {count:,} of {table.rows:,} rows, such as {_some(rows.where(broken))}'
        for rule, broken, count in zip(rules, conditions, counts, strict=True)
        if count
    ]


def _some(rows: "DataFrame") -> str:
    return ", ".join(
        json.dumps(row.asDict(recursive=True), ensure_ascii=False, default=str) for row in rows.limit(SHOWN).collect()
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].split(";")[0]
