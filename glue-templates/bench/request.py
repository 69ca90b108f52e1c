"""The input and the result of a contender."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.data import KINDS, Kind

BUCKET = "bench"
COUNTS_PATH = "/bench-calls"  # the path of the store's request counts


@dataclass
class Request:
    """One run of one contender, which reads the request from a file and writes `result.json` to the same folder.

    kind: the name of the kind of data.
    url: the URL of the ZIP file.
    csv: the path of the unzipped file.
    cores: the number of concurrent tasks.
    work: an empty folder.
    """

    kind: str
    url: str
    csv: str
    cores: int
    work: str
    steps: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Request":
        return cls(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))

    def write(self) -> Path:
        path = Path(self.work, "request.json")
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path

    @property
    def data(self) -> Kind:
        return KINDS[self.kind]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.steps[name] = round(time.monotonic() - started, 2)

    def finish(self, output: str = "", steps: Mapping[str, float] | None = None) -> None:
        """Write the result. `output` is the Parquet file, or the `s3://…/` folder of Parquet files."""
        result: dict[str, Any] = {"output": output, "steps": dict(steps or self.steps)}
        Path(self.work, "result.json").write_text(json.dumps(result), encoding="utf-8")

    def configure_spark(self, *, iceberg: bool = False) -> None:
        """Configure Spark as in a local run, with `cores` concurrent tasks and an event log.

        `iceberg` adds the library of Iceberg.
        """
        from spark_conf import configure_spark, spark_settings

        events = Path(self.work, "events")
        events.mkdir()
        settings = {
            "spark.master": f"local[{self.cores}]",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": events.as_uri(),
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
        }
        configure_spark(
            spark_settings(
                os.environ["AWS_ENDPOINT_URL"],
                os.environ["LAKE_JARS"],
                Path(self.work),
                iceberg_jars=os.environ["LAKE_ICEBERG_JARS"] if iceberg else None,
                extra=settings,
            ),
            Path(self.work),
        )


def spark_events(work: str) -> dict[str, int] | None:
    """The number of Spark jobs, stages and tasks of a contender. None if it does not use Spark."""
    kinds = {"SparkListenerJobStart": "jobs", "SparkListenerStageCompleted": "stages", "SparkListenerTaskEnd": "tasks"}
    counts = dict.fromkeys(kinds.values(), 0)
    logs = list(Path(work).glob("events/*"))
    for log in logs:
        with log.open(encoding="utf-8") as lines:
            for line in lines:
                kind = kinds.get(line[:60].partition('"Event":"')[2].partition('"')[0])
                if kind:
                    counts[kind] += 1
    return counts if logs else None
