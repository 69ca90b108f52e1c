"""The common parts of awsglue work in a local run. Every other part fails with an error that names an alternative."""

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from operator import attrgetter
from pathlib import Path
from typing import Any

import awsglue.transforms
import pytest
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection
from awsglue.job import Job
from awsglue.transforms import (
    ApplyMapping,
    Coalesce,
    DropFields,
    DropNullFields,
    Filter,
    Join,
    RenameField,
    Repartition,
    ResolveChoice,
    SelectFields,
    Union,
)
from awsglue.unavailable import NotAvailableLocally
from pyspark.context import SparkContext
from pyspark.sql import SparkSession


@pytest.fixture
def context() -> GlueContext:
    return GlueContext(SparkContext.getOrCreate())


@pytest.fixture
def airports(context: GlueContext) -> DynamicFrame:
    rows = context.spark_session.createDataFrame(
        [("BOS", "Boston", "19"), ("JFK", "New York", "13"), ("XXX", None, "high")],
        "iata string, city string, elevation string",
    )
    return DynamicFrame.fromDF(rows, context, "airports")


def rows_of(frame: DynamicFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in frame.toDF().collect()]


def test_a_context_is_created_from_a_spark_context_a_session_or_nothing(context: GlueContext) -> None:
    session = SparkSession.builder.getOrCreate()
    for created in [context, GlueContext(session), GlueContext()]:
        assert created.spark_session.sql("SELECT 1 AS one").first().one == 1
        assert created.sql("SELECT 1 AS one").first().one == 1


def test_a_job_is_initialized_and_committed(context: GlueContext) -> None:
    job = Job(context)
    assert not job.isInitialized()
    job.init("job", {"JOB_NAME": "job"})
    assert job.isInitialized()
    job.commit()


def test_the_logger_prints_the_level_and_the_message(context: GlueContext, capsys: pytest.CaptureFixture[str]) -> None:
    logger = context.get_logger()
    logger.info("first")
    logger.warn("second")
    logger.error("third")
    assert capsys.readouterr().out == "INFO first\nWARN second\nERROR third\n"


@pytest.mark.parametrize(
    ("format", "options", "expected"),
    [
        ("csv", {"withHeader": True}, [{"iata": "BOS", "feet": "19"}]),
        ("csv", {}, [{"col0": "iata", "col1": "feet"}, {"col0": "BOS", "col1": "19"}]),
        ("csv", {"withHeader": True, "separator": ";"}, [{"iata,feet": "BOS,19"}]),
        ("json", {}, [{"iata": "BOS", "feet": 19}]),
        ("json", {"multiline": True}, [{"iata": "BOS", "feet": 19}]),
    ],
)
def test_text_files_are_read_with_the_options_of_glue(
    context: GlueContext, tmp_path: Path, format: str, options: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    text = "iata,feet\nBOS,19\n" if format == "csv" else json.dumps({"iata": "BOS", "feet": 19})
    (tmp_path / "airports").write_text(text)
    frame = context.create_dynamic_frame.from_options(
        "s3",
        {"paths": [str(tmp_path)], "recurse": True, "groupFiles": "inPartition"},
        format=format,
        format_options=options,
    )
    assert rows_of(frame) == expected
    assert context.create_data_frame.from_options("s3", {"paths": [str(tmp_path)]}, format, options).count() == len(
        expected
    )


@pytest.mark.parametrize("format", ["csv", "json", "orc", "parquet", "glueparquet"])
def test_a_written_frame_is_added_to_the_folder(
    context: GlueContext, airports: DynamicFrame, tmp_path: Path, format: str
) -> None:
    for _ in range(2):
        context.write_dynamic_frame.from_options(
            frame=airports,
            connection_type="s3",
            connection_options={"path": str(tmp_path / "out"), "partitionKeys": ["iata"]},
            format=format,
        )
    options = {"withHeader": True} if format == "csv" else {}
    read = context.create_dynamic_frame.from_options("s3", {"paths": [str(tmp_path / "out")]}, format, options)
    assert sorted(row["elevation"] for row in rows_of(read)) == ["13", "13", "19", "19", "high", "high"]
    assert (tmp_path / "out" / "iata=BOS").is_dir()


def test_mapped_columns_are_cast_and_values_that_cannot_be_cast_are_null(airports: DynamicFrame) -> None:
    mappings = [
        ("iata", "string", "code", "string"),
        ("elevation", "string", "feet", "long"),
        ("gone", "int", "x", "int"),
    ]
    mapped = ApplyMapping.apply(frame=airports, mappings=mappings, transformation_ctx="mapped")
    assert rows_of(mapped)[1:] == [{"code": "JFK", "feet": 13}, {"code": "XXX", "feet": None}]
    assert mapped.toDF().schema["feet"].dataType.simpleString() == "bigint"


def test_fields_of_structs_are_mapped(context: GlueContext) -> None:
    rows = context.spark_session.sql("SELECT named_struct('city', 'Boston') AS place")
    mapped = DynamicFrame.fromDF(rows, context).apply_mapping([("place.city", "string", "city", "string")])
    assert rows_of(mapped) == [{"city": "Boston"}]


def test_columns_are_selected_dropped_and_renamed(airports: DynamicFrame) -> None:
    assert SelectFields.apply(airports, ["city", "iata", "gone"]).toDF().columns == ["iata", "city"]
    assert DropFields.apply(airports, paths=["city", "gone"]).toDF().columns == ["iata", "elevation"]
    assert RenameField.apply(airports, "iata", "code").toDF().columns == ["code", "city", "elevation"]


def test_null_columns_are_dropped(context: GlueContext) -> None:
    rows = context.spark_session.sql("SELECT 1 AS a, NULL AS b")
    assert DropNullFields.apply(DynamicFrame.fromDF(rows, context)).toDF().columns == ["a"]


def test_rows_are_filtered_by_a_function_of_a_record(airports: DynamicFrame) -> None:
    expected = [{"iata": "BOS", "city": "Boston", "elevation": "19"}]
    assert rows_of(Filter.apply(airports, f=lambda row: row["iata"] == "BOS")) == expected
    assert rows_of(Filter.apply(airports, f=lambda row: row.iata == "BOS")) == expected


def test_frames_are_joined_and_a_taken_name_gets_a_dot(context: GlueContext, airports: DynamicFrame) -> None:
    rows = context.spark_session.createDataFrame([("BOS", "US")], "iata string, country string")
    joined = Join.apply(airports, DynamicFrame.fromDF(rows, context), "iata", "iata")
    assert rows_of(joined) == [{"iata": "BOS", "city": "Boston", "elevation": "19", ".iata": "BOS", "country": "US"}]


def test_choices_are_resolved_with_casts(airports: DynamicFrame) -> None:
    resolved = ResolveChoice.apply(airports, specs=[("elevation", "cast:int"), ("city", "make_cols")])
    assert [row["elevation"] for row in rows_of(resolved)] == [19, 13, None]
    assert rows_of(ResolveChoice.apply(airports, choice="make_struct")) == rows_of(airports)


def test_a_union_has_the_rows_of_both_frames(airports: DynamicFrame) -> None:
    assert Union.apply(airports, airports).count() == 6


def test_partitions_are_changed(airports: DynamicFrame) -> None:
    assert Repartition.apply(airports, 3).getNumPartitions() == 3
    assert Coalesce.apply(airports.repartition(3), 1).getNumPartitions() == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda context, _: context.create_dynamic_frame.from_catalog(database="d", table_name="t"),
            r"create_dynamic_frame.from_catalog is not available in local runs. Local runs cannot read tables through "
            r"the Data Catalog. Read files",
        ),
        (
            lambda context, _: context.create_data_frame.from_catalog(database="d", table_name="t"),
            r"create_data_frame.from_catalog is not available",
        ),
        (
            lambda context, frame: context.write_dynamic_frame.from_catalog(frame, "d", "t"),
            r"write_dynamic_frame.from_catalog is not available .* Write files with write_dynamic_frame.from_options",
        ),
        (
            lambda context, frame: context.write_dynamic_frame.from_jdbc_conf(frame, "connection"),
            r"from_jdbc_conf is not available .* can only write to S3",
        ),
        (
            lambda context, _: context.create_dynamic_frame.from_options("mysql", {}),
            r"The connection type 'mysql' is not available in local runs. Local runs can only read and write \"s3\"",
        ),
        (
            lambda context, _: context.create_dynamic_frame.from_options("s3", {"paths": ["x"]}, "xml"),
            r"The format 'xml' is not available in local runs. Supported formats: csv, json, orc, parquet",
        ),
        (
            lambda context, _: context.create_dynamic_frame.from_options(
                "s3", {"paths": ["x"], "exclusions": ""}, "csv"
            ),
            r"The option 'exclusions' \(connection_options\) is not available",
        ),
        (
            lambda context, _: context.create_dynamic_frame.from_options(
                "s3", {"paths": ["x"]}, "json", {"jsonPath": "$"}
            ),
            r"The option 'jsonPath' \(json\) is not available",
        ),
        (lambda context, _: context.create_dynamic_frame.from_options("s3", {}, "csv"), r"from_options without paths"),
        (
            lambda context, _: context.create_dynamic_frame.from_options(
                "s3", {"paths": ["x"]}, "csv", push_down_predicate="a"
            ),
            r"push_down_predicate is not available .* Filter the frame",
        ),
        (lambda context, _: context.purge_table("d", "t"), r"GlueContext.purge_table is not available .*spark_session"),
        (lambda _, frame: frame.relationalize("root", "s3://b/"), r"DynamicFrame.relationalize is not .* Use toDF\(\)"),
        (lambda _, frame: frame.select_fields(["a.b"]), r"The path 'a.b' to a nested field is not available"),
        (lambda _, frame: frame.apply_mapping([("iata", "code")]), r"The mapping \('iata', 'code'\) is not available"),
        (lambda _, frame: frame.resolveChoice(choice="match_catalog"), r"resolveChoice with match_catalog is not"),
        (
            lambda context, frame: DynamicFrameCollection({"a": frame}, context),
            r"DynamicFrameCollection is not available",
        ),
        (
            lambda _, frame: awsglue.transforms.Map.apply(frame, f=dict),
            r"The transform Map is not available .* toDF\(\)",
        ),
    ],
)
def test_what_is_not_available_names_the_alternative(
    context: GlueContext, airports: DynamicFrame, call: Any, message: str
) -> None:
    with pytest.raises(NotAvailableLocally, match=message):
        call(context, airports)


def test_a_script_can_import_all_transforms_of_the_real_package() -> None:
    package = str(distribution("awsgluedataplanepython").locate_file(""))
    program = "import sys; sys.path.insert(0, sys.argv[1]); import awsglue.transforms as t; print(*sorted(t.__all__))"
    done = subprocess.run([sys.executable, "-c", program, package], capture_output=True, check=True, text=True, env={})
    assert done.stdout.split() == sorted(awsglue.transforms.__all__)


def documented(module: str) -> list[str]:
    """The names in the row of a module in the documentation, without the name of its class."""
    page = Path(__file__).parents[3].joinpath("docs/derived/scripts.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{module}` |")]
    return re.findall(r"`([\w.]+)`", row.replace("all members of `SQLContext`", ""))[1:]


def test_the_documentation_lists_what_is_available(context: GlueContext, airports: DynamicFrame) -> None:
    frame_class, *methods = documented("awsglue.dynamicframe")
    assert frame_class == "DynamicFrame"
    internal = {"drop_null_fields"}
    assert set(methods) == {name for name in vars(DynamicFrame) if not name.startswith("_")} - internal
    available = [name for name in awsglue.transforms.__all__ if "__call__" in vars(getattr(awsglue.transforms, name))]
    assert documented("awsglue.transforms") == available
    for name in documented("awsglue.context")[1:]:
        assert callable(attrgetter(name)(context)) or name == "spark_session"
    assert documented("awsglue.job")[1:] == [name for name in vars(Job) if not name.startswith("_")]
