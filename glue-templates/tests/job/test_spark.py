"""The Spark session of a job never uses the Glue Data Catalog, whatever arguments the job has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
from pathlib import Path
from spark_conf import configure_spark, spark_settings
work, extra = Path(sys.argv[1]), {sys.argv[2]: sys.argv[3]}
configure_spark(spark_settings(os.environ["AWS_ENDPOINT_URL"], os.environ["LAKE_JARS"], work, extra=extra), work)
from etl_runtime.job.spark import start_spark
from etl_runtime.transform.inputs import register
spark = start_spark()
register(spark, [], "lake")
print("catalog:", spark.conf.get("spark.sql.catalogImplementation"))
"""


def start(tmp_path: Path, setting: str, value: str) -> subprocess.CompletedProcess[str]:
    """Start Spark in its own process, with a setting that does not come from the job."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), setting, value]
    return subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.spark
def test_the_catalog_is_in_memory_even_if_the_job_arguments_select_hive(tmp_path: Path) -> None:
    done = start(tmp_path, "spark.sql.catalogImplementation", "hive")
    assert "catalog: in-memory" in done.stdout, done.stderr


@pytest.mark.spark
@pytest.mark.parametrize("setting", ["spark.sql.catalog.spark_catalog", "spark.sql.defaultCatalog"])
def test_another_session_catalog_is_an_error_before_any_statement(tmp_path: Path, setting: str) -> None:
    done = start(tmp_path, setting, "org.example.Catalog")
    assert "ARGUMENTS_INVALID: " in done.stderr and setting in done.stderr
    assert "catalog:" not in done.stdout
