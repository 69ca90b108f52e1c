"""What a contender is asked to do, and what it says when it is done."""

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
COUNTS = "/bench-calls"  # where the store says what it was asked


@dataclass
class Request:
    """One run of one contender. It reads the request's file, and writes `result.json` beside it.

    kind: name of the kind of data.
    url: address of the ZIP.
    csv: the same file unzipped, on this disk.
    cores: how many tasks may run at once.
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
    def of(self) -> Kind:
        return KINDS[self.kind]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.steps[name] = round(time.monotonic() - started, 2)

    def done(self, output: str = "", steps: Mapping[str, float] | None = None) -> None:
        """`output` is the file, or the `s3://…/` folder, with the Parquet."""
        result: dict[str, Any] = {"output": output, "steps": dict(steps or self.steps)}
        Path(self.work, "result.json").write_text(json.dumps(result), encoding="utf-8")

    def configure_spark(self) -> None:
        """Spark as in a local run, with so many tasks at once, and a log of its events to count them by."""
        from spark_conf import configure_spark

        events = Path(self.work, "events")
        events.mkdir()
        settings = {
            "spark.master": f"local[{self.cores}]",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": events.as_uri(),
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
        }
        configure_spark(os.environ["AWS_ENDPOINT_URL"], os.environ["LAKE_JARS"], Path(self.work), extra=settings)


def spark_events(work: str) -> dict[str, int] | None:
    """The jobs, stages and tasks of a contender's Spark; None where it had none."""
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
