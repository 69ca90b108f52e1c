"""Closes the record of a run that was interrupted, as the next run of the dataset would do.

    python close_run.py NAMES       the argument --names of the job

Finishes or undoes an interrupted publication. Writes one JSON object per closed run to standard output: {"run_id",
"status"}. The status is `published` if the run has published its tables, otherwise `failed`.
"""

import json
import sys

from parent import end_with_parent

from etl_runtime.job.arguments import read_names
from etl_runtime.job.run_record import closed_record, now, record_uris
from etl_runtime.job.store import Store
from etl_runtime.publish.publication import read_published
from etl_runtime.publish.recovery import recover

LOOKBACK_DAYS = 2


def main() -> None:
    end_with_parent()
    names = read_names(sys.argv[1])
    store = Store()
    if not recover(names, store):
        return  # the tables are committed; the next run finishes the publication and closes the record
    published = read_published(names, store)
    for uri in record_uris(names.runs, LOOKBACK_DAYS, store):
        record = store.read_json(uri)
        if record["status"] == "running":
            closed = closed_record(record, published, "The run was interrupted. Run again.")
            store.write_json(uri, {**closed, "finished_at": now()})
            print(json.dumps({"run_id": closed["run_id"], "status": closed["status"]}), flush=True)


if __name__ == "__main__":
    main()
