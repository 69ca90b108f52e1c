"""The packaged bronze job as deployed: its script, the package as a ZIP file, the dataset document, the arguments."""

import json
import os
import runpy
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.package import PACKAGE
from bench.request import BUCKET, Request

TEMPLATES = Path(__file__).parent.parent.parent
DATASET = "bench"


def names() -> dict[str, Any]:
    root = f"s3://{BUCKET}/"
    return {
        "layer": "bronze",
        "dataset": DATASET,
        "bucket": BUCKET,
        "job": f"pp-dw-bronze-{DATASET}",
        "crawler": f"pp-dw-bronze-{DATASET}-crawler",
        "database": "pp_dw_bronze",
        "raw": f"{root}raw/{DATASET}/",
        "staging": f"{root}staging/bronze/{DATASET}/",
        "runs": f"{root}etl/{DATASET}/runs/bronze/",
        "tables": {DATASET: {"name": DATASET, "location": f"{root}bronze/{DATASET}/"}},
        "timeout_minutes": 120,
    }


def run(request: Request, *, in_spark: bool = False, **document: Any) -> None:
    """Run the job with these keys of its document. With `in_spark`, Spark converts all parts."""
    sys.path.insert(0, str(Path(request.work, PACKAGE)))
    if request.cores != os.cpu_count():  # import only if needed: otherwise, the job imports it during the download
        convert_shards: Any = import_module("etl_runtime.convert.convert_shards")
        convert_shards.MAX_THREADS = request.cores
    if in_spark:
        part_writer: Any = import_module("etl_runtime.convert.part_writer")
        part_writer.MAX_DRIVER_BYTES = 0
    from etl_runtime.job.store import Store

    own, store = names(), Store()
    uri = f"s3://{BUCKET}/etl/{DATASET}/glue/bronze.json"
    store.write_json(
        uri,
        {
            "dataset": DATASET,
            "data_size_category": "small",
            "source_url": request.url,
            **request.data.document,
            **document,
        },
    )
    request.configure_spark(iceberg=document.get("table_format") == "iceberg")
    script = str(TEMPLATES / "jobs" / "bronze_job.py")
    arguments = {
        "JOB_NAME": own["job"],
        "JOB_RUN_ID": "jr_1",
        "dataset_config": uri,
        "names": json.dumps(own),
        "run_options": "{}",
    }
    sys.argv = [script, *(part for name, value in arguments.items() for part in (f"--{name}", value))]
    runpy.run_path(script, run_name="__main__")
    record = store.read_json(store.list(f"{own['runs']}run_id=")[-1])
    request.finish(own["tables"][DATASET]["location"], record["steps"])


if __name__ == "__main__":
    run(Request.read())
