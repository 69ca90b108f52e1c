"""A substitute for awsglue.dynamicframe in the Glue service: a DynamicFrame that wraps a Spark DataFrame.

Each column has one type, so choice types do not occur.
"""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pyspark.sql import DataFrame
from pyspark.sql import functions as f
from pyspark.sql.types import NullType

from awsglue.unavailable import unavailable

_CASTS = {"long": "bigint", "short": "smallint", "byte": "tinyint", "integer": "int"}
"""The type names of Glue that differ from those of Spark SQL."""


class DynamicFrame:
    """The rows of a DataFrame. Transformations accept Glue's arguments for error thresholds, and ignore them."""

    def __init__(self, dataframe: DataFrame, glue_ctx: Any, name: str = "") -> None:
        self._dataframe = dataframe
        self.glue_ctx = glue_ctx
        self.name = name

    @classmethod
    def fromDF(cls, dataframe: DataFrame, glue_ctx: Any, name: str = "") -> "DynamicFrame":
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options: Any = None) -> DataFrame:
        return self._dataframe

    def count(self) -> int:
        return int(self._dataframe.count())

    def show(self, num_rows: int = 20) -> None:
        for line in self._dataframe.limit(num_rows).toJSON().collect():
            print(line)

    def printSchema(self) -> None:
        self._dataframe.printSchema()

    def getNumPartitions(self) -> int:
        return int(self._dataframe.rdd.getNumPartitions())

    def errorsCount(self) -> int:
        return 0

    def repartition(self, num_partitions: int, *args: Any, **kwargs: Any) -> "DynamicFrame":
        return self._with(self._dataframe.repartition(num_partitions))

    def coalesce(self, num_partitions: int, shuffle: bool = False, *args: Any, **kwargs: Any) -> "DynamicFrame":
        changed = self._dataframe.repartition if shuffle else self._dataframe.coalesce
        return self._with(changed(num_partitions))

    def select_fields(self, paths: str | Sequence[str], *args: Any, **kwargs: Any) -> "DynamicFrame":
        """Select the fields that exist, in the order of the frame."""
        names = self._names(paths)
        return self._with(self._dataframe.select(*(_column(each) for each in self._dataframe.columns if each in names)))

    def drop_fields(self, paths: str | Sequence[str], *args: Any, **kwargs: Any) -> "DynamicFrame":
        return self._with(self._dataframe.drop(*self._names(paths)))

    def drop_null_fields(self) -> "DynamicFrame":
        """Remove the columns whose type is null."""
        nulls = [field.name for field in self._dataframe.schema if isinstance(field.dataType, NullType)]
        return self._with(self._dataframe.drop(*nulls))

    def rename_field(self, oldName: str, newName: str, *args: Any, **kwargs: Any) -> "DynamicFrame":
        [old], [new] = self._names(oldName), self._names(newName)
        return self._with(self._dataframe.withColumnRenamed(old, new))

    def filter(self, f: Callable[[Any], bool], *args: Any, **kwargs: Any) -> "DynamicFrame":
        """Keep the rows for which `f` returns true. `f` gets a record, which is a dictionary whose keys are also
        attributes."""
        record = _record_class()
        rows = self._dataframe.rdd.filter(lambda row: f(record(row.asDict(recursive=True))))
        return self._with(self._dataframe.sparkSession.createDataFrame(rows, self._dataframe.schema))

    def apply_mapping(
        self, mappings: Sequence[tuple[str, ...]] | tuple[str, ...], *args: Any, **kwargs: Any
    ) -> "DynamicFrame":
        """Map the columns and cast them to the target types. Values that cannot be cast become null."""
        listed = [mappings] if isinstance(mappings, tuple) else mappings
        columns = []
        for mapping in listed:
            if len(mapping) != 4 or isinstance(mapping, str):
                unavailable(f"The mapping {mapping!r}", "Write (source, source type, target, target type).")
            source, _, target, target_type = mapping
            if (
                _unquoted(source).split(".")[0] in self._dataframe.columns
                or _unquoted(source) in self._dataframe.columns
            ):
                [name] = self._names(target)
                columns.append(_cast(source if "`" in source else self._expression(source), target_type).alias(name))
        return self._with(self._dataframe.select(*columns))

    applyMapping = apply_mapping

    def resolveChoice(
        self,
        specs: Sequence[tuple[str, str]] | tuple[str, str] | None = None,
        choice: str = "",
        *args: Any,
        **kwargs: Any,
    ) -> "DynamicFrame":
        """Cast the columns that have a `cast:type` action. Other actions apply to choice types, which do not occur."""
        rows = self._dataframe
        for path, action in [specs] if isinstance(specs, tuple) else specs or []:
            [name] = self._names(path)
            kind, _, target = action.partition(":")
            if kind == "cast" and name in rows.columns:
                rows = rows.withColumn(name, _cast(f"`{name}`", target))
        if choice.lower() == "match_catalog":
            unavailable("resolveChoice with match_catalog", "Cast each column with cast:type instead.")
        return self._with(rows)

    def join(
        self,
        paths1: str | Sequence[str],
        paths2: str | Sequence[str],
        frame2: "DynamicFrame",
        *args: Any,
        **kwargs: Any,
    ) -> "DynamicFrame":
        """Return the inner join. If both frames have a column with the same name, the column of the second frame gets a
        leading dot, as in Glue."""
        left, right = self._dataframe, frame2.toDF()
        keys, other_keys = self._names(paths1), frame2._names(paths2)
        names = {name: f".{name}" if name in left.columns else name for name in right.columns}
        right = right.toDF(*names.values())
        conditions = [
            left[f"`{key}`"] == right[f"`{names[other]}`"] for key, other in zip(keys, other_keys, strict=True)
        ]
        return self._with(left.join(right, conditions))

    def union(self, other_frame: "DynamicFrame", *args: Any, **kwargs: Any) -> "DynamicFrame":
        return self._with(self._dataframe.unionByName(other_frame.toDF(), allowMissingColumns=True))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        unavailable(f"DynamicFrame.{name}")

    def _with(self, dataframe: DataFrame) -> "DynamicFrame":
        return DynamicFrame(dataframe, self.glue_ctx, self.name)

    def _names(self, paths: str | Sequence[str]) -> list[str]:
        """Return the names of top-level columns. A name that contains a dot must be in backticks, unless a column with
        this name exists."""
        names = []
        for path in [paths] if isinstance(paths, str) else paths:
            if "." in path and not path.startswith("`") and path not in self._dataframe.columns:
                unavailable(f"The path {path!r} to a nested field")
            names.append(_unquoted(path))
        return names

    def _expression(self, path: str) -> str:
        if path in self._dataframe.columns:
            return f"`{path}`"
        return ".".join(f"`{part}`" for part in path.split("."))


class DynamicFrameCollection:
    """Not available in local runs. The class exists so that scripts can import it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _no_collections()


def _no_collections() -> NoReturn:
    unavailable("DynamicFrameCollection", "Use a dictionary of DataFrames instead.")


def _column(name: str) -> Any:
    return f.col(f"`{name}`")


def _unquoted(path: str) -> str:
    return path.strip("`")


def _cast(expression: str, target: str) -> Any:
    """Cast with try_cast, because in Glue a value that cannot be cast becomes null, even in the ANSI mode of Glue
    6.0."""
    return f.expr(f"try_cast({expression} AS {_CASTS.get(target.lower(), target)})")


def _record_class() -> type[dict[str, Any]]:
    """Return a class that is defined inside this function, so that Spark can send it to its workers, which cannot
    import this module."""

    class DynamicRecord(dict[str, Any]):
        def __getattr__(self, name: str) -> Any:
            if name not in self:
                raise AttributeError(name)
            value = self[name]
            return DynamicRecord(value) if isinstance(value, dict) else value

    return DynamicRecord
