"""A substitute for the awsglue.context module of the Glue service. It supports Spark, and DynamicFrames for files in
S3.
"""

import warnings
from typing import Any, NoReturn

from pyspark.sql import DataFrame, SparkSession, SQLContext

from awsglue.dynamicframe import DynamicFrame
from awsglue.s3_files import read_files, write_files
from awsglue.unavailable import unavailable

_CATALOG = (
    "Local runs cannot read tables through the Data Catalog. Read files with create_dynamic_frame.from_options('s3', "
    "{'paths': ['s3://…']}, format='parquet'). To read a table of an input, call `read` on the argument that "
    "run_silver or run_gold passes to your function."
)
_SPARK = "Use glueContext.spark_session instead."


class GlueLogger:
    """The logger that `get_logger` returns. In a local run, it prints its lines to the output of the job."""

    def info(self, message: str) -> None:
        self._print("INFO", message)

    def warn(self, message: str) -> None:
        self._print("WARN", message)

    def error(self, message: str) -> None:
        self._print("ERROR", message)

    def _print(self, level: str, message: str) -> None:
        print(f"{level} {message}", flush=True)


class GlueContext(SQLContext):  # type: ignore[misc]  # pyspark has no types here
    """The context of a script.

    `create_dynamic_frame`, `create_data_frame` and `write_dynamic_frame` only support files in S3.
    """

    def __init__(self, sparkContext: Any = None, **options: Any) -> None:
        session = sparkContext if isinstance(sparkContext, SparkSession) else SparkSession.builder.getOrCreate()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Spark deprecates SQLContext, which Glue extends
            super().__init__(session.sparkContext, session)
        self.spark_session = session
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.create_data_frame = DataFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter(self)

    def get_logger(self) -> GlueLogger:
        return GlueLogger()

    def create_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: dict[str, Any] | None = None,
        format: str | None = None,
        format_options: dict[str, Any] | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DynamicFrame:
        if push_down_predicate:
            unavailable("push_down_predicate", "Filter the frame instead.")
        rows = read_files(self.spark_session, connection_type, connection_options, format, format_options)
        return DynamicFrame.fromDF(rows, self)

    def create_data_frame_from_options(self, *args: Any, **kwargs: Any) -> DataFrame:
        return self.create_dynamic_frame_from_options(*args, **kwargs).toDF()

    def create_dynamic_frame_from_rdd(
        self, data: Any, name: str, schema: Any = None, sample_ratio: float | None = None, transformation_ctx: str = ""
    ) -> DynamicFrame:
        return DynamicFrame.fromDF(self.spark_session.createDataFrame(data, schema, sample_ratio), self, name)

    def create_dynamic_frame_from_catalog(self, *args: Any, **kwargs: Any) -> NoReturn:
        unavailable("create_dynamic_frame.from_catalog", _CATALOG)

    def create_data_frame_from_catalog(self, *args: Any, **kwargs: Any) -> NoReturn:
        unavailable("create_data_frame.from_catalog", _CATALOG)

    def write_dynamic_frame_from_options(
        self,
        frame: DynamicFrame,
        connection_type: str,
        connection_options: dict[str, Any] | None = None,
        format: str | None = None,
        format_options: dict[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        write_files(frame.toDF(), connection_type, connection_options, format, format_options)
        return frame

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        unavailable(f"GlueContext.{name}", _SPARK)


class DynamicFrameReader:
    def __init__(self, glue_context: GlueContext) -> None:
        self._context = glue_context

    def from_options(self, *args: Any, **kwargs: Any) -> DynamicFrame:
        return self._context.create_dynamic_frame_from_options(*args, **kwargs)

    def from_rdd(self, *args: Any, **kwargs: Any) -> DynamicFrame:
        return self._context.create_dynamic_frame_from_rdd(*args, **kwargs)

    def from_catalog(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._context.create_dynamic_frame_from_catalog()


class DataFrameReader:
    def __init__(self, glue_context: GlueContext) -> None:
        self._context = glue_context

    def from_options(self, *args: Any, **kwargs: Any) -> DataFrame:
        return self._context.create_data_frame_from_options(*args, **kwargs)

    def from_catalog(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._context.create_data_frame_from_catalog()


class DynamicFrameWriter:
    def __init__(self, glue_context: GlueContext) -> None:
        self._context = glue_context

    def from_options(self, *args: Any, **kwargs: Any) -> DynamicFrame:
        return self._context.write_dynamic_frame_from_options(*args, **kwargs)

    def from_catalog(self, *args: Any, **kwargs: Any) -> NoReturn:
        unavailable("write_dynamic_frame.from_catalog", "Write files with write_dynamic_frame.from_options instead.")

    def from_jdbc_conf(self, *args: Any, **kwargs: Any) -> NoReturn:
        unavailable("write_dynamic_frame.from_jdbc_conf", "Local runs can only write to S3.")
