"""Runs the tests of derived datasets in one Spark session. The tests use the files that the stacks deploy, without S3.

    python run_tests.py REQUEST.json

Prints one JSON object per line to standard output: {"started": seconds} when Spark has started, then the result of each
test. Output of scripts and of Spark goes to standard error.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from end_spark import end_spark
from parent import end_with_parent

from deployment import Deployment, deployed_files
from spark_conf import configure_spark, spark_settings


def main() -> None:
    end_with_parent()
    started = time.monotonic()
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # so that output of scripts and of Java does not mix with the events

    def send(event: dict[str, Any]) -> None:
        events.write(f"{json.dumps(event)}\n")
        events.flush()

    raw = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    work = Path(raw["work"])
    first = raw["datasets"][0]["arguments"]
    settings = _settings(first.get("--conf", ""))
    configure_spark(spark_settings(None, None, work, java_options=raw["java_options"], extra=settings), work)
    files = [_files_of(each["deployments"]) for each in raw["datasets"]]
    packages = _write_packages(first, files[0], work)
    # As in Glue, the job's files come first. This folder comes last: it contains the packages that Glue provides.
    sys.path[:] = [*packages, *sys.path[1:], sys.path[0]]
    try:
        from sql_tests.session import run
    except ImportError as error:
        sys.exit(
            f"The cloud assembly contains a different version of the job's runtime ({error}). Run npx cdk synth again."
        )
    run(raw, files, send, started)
    sys.stdout.flush()
    end_spark()


def _settings(conf: str) -> dict[str, str]:
    """The settings in the Glue argument --conf, and settings that suit tables with few rows."""
    given = (each.strip().partition("=") for each in conf.split("--conf") if each.strip())
    return {
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        **{name: value for name, _, value in given},
    }


_FILES: dict[str, dict[str, bytes]] = {}


def _files_of(deployments: list[dict[str, Any]]) -> dict[str, bytes]:
    """The deployed files, which all datasets of a stack share."""
    key = json.dumps(deployments, sort_keys=True)
    if key not in _FILES:
        _FILES[key] = deployed_files(Deployment(**each) for each in deployments)
    return _FILES[key]


def _write_packages(arguments: dict[str, str], files: dict[str, bytes], work: Path) -> list[str]:
    packages = []
    for uri in arguments.get("--extra-py-files", "").split(","):
        if uri:
            package = work / uri.rpartition("/")[2]
            package.write_bytes(files[uri])
            packages.append(str(package))
    return packages


if __name__ == "__main__":
    main()
