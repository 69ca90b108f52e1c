"""A local run has the arguments of the deployed job, except for the arguments that describe its workers in AWS."""

import json

from run_job import without_workers


def test_a_local_run_uses_no_dpus() -> None:
    names = {"dataset": "x", "auto_scaling": True, "number_of_workers": 10, "dpu_per_worker": 2}
    assert json.loads(without_workers(json.dumps(names))) == {"dataset": "x", "auto_scaling": True}


def test_a_job_of_an_earlier_version_keeps_its_names() -> None:
    assert json.loads(without_workers('{"dataset": "x"}')) == {"dataset": "x"}
