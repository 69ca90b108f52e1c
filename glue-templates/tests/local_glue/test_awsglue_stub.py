"""The stand-in for awsglue does what the real package does; its licence does not allow us to ship that."""

import json
import subprocess
import sys
from importlib.metadata import distribution
from typing import Any

import awsglue.utils as stub
import pytest

GIVEN = ["script.py", "--JOB_NAME", "job", "--JOB_RUN_ID", "jr_1", "--names", "{}", "--run_options", "{}"]

CASES: dict[str, tuple[list[str], list[str]]] = {
    "declared options, and the run's id undeclared": (GIVEN, ["JOB_NAME", "names", "run_options"]),
    "no options": (GIVEN, []),
    "one is missing": (GIVEN, ["JOB_NAME", "dataset_config"]),
    "two are missing": (GIVEN, ["a", "b"]),
    "asking for the run's id": (GIVEN, ["JOB_NAME", "JOB_RUN_ID"]),
    "asking twice": (GIVEN, ["names", "names"]),
    "dashes in the name": (["s", "--my-option", "1"], ["my-option"]),
    "dashes are not underscores": (["s", "--my-option", "1"], ["my_option"]),
    "an abbreviation": (["s", "--nam", "1"], ["names"]),
    "an ambiguous abbreviation": (["s", "--na", "1"], ["names", "namespace"]),
    "an abbreviation of a reserved one": (["s", "--JOB", "1"], []),
    "no value": (["s", "--names"], ["names"]),
    "an empty value": (["s", "--names", ""], ["names"]),
    "a value with spaces": (["s", "--names", "a b"], ["names"]),
    "a value that begins with a dash": (["s", "--names", "-x"], ["names"]),
    "a negative number": (["s", "--names", "-5"], ["names"]),
    "a value after an equals sign": (["s", "--names=-x"], ["names"]),
    "the last one counts": (["s", "--names", "a", "--names", "b"], ["names"]),
    "others are ignored": (["s", "--names", "a", "--other", "b", "c"], ["names"]),
    "the folder for temporary files": (["s", "--TempDir", "s3://b/t/"], ["TempDir"]),
    "the older name of that folder": (["s", "--RedshiftTempDir", "s3://b/t/"], []),
    "the folder for temporary files, not given": (["s"], ["TempDir"]),
}

REAL = """
import argparse, functools, json, sys
abbreviations = json.loads(sys.argv[3])
argparse.ArgumentParser.__init__ = functools.partialmethod(argparse.ArgumentParser.__init__, allow_abbrev=abbreviations)
sys.path.insert(0, sys.argv[1])
from awsglue.utils import getResolvedOptions
outcomes = []
for args, options in json.loads(sys.argv[2]):
    try:
        outcomes.append(getResolvedOptions(args, options))
    except Exception as error:
        outcomes.append(f"{type(error).__name__}: {error}")
print(json.dumps(outcomes))
"""


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    """What the real package answers to each case, from a process that does not see ours.

    There is none of 6.0: it is that of 5.1 with its parser told to take no abbreviations.
    """
    package = str(distribution("awsgluedataplanepython").locate_file(""))
    asked = [sys.executable, "-c", REAL, package, json.dumps(list(CASES.values())), json.dumps(stub.ABBREVIATIONS)]
    answered = subprocess.run(asked, capture_output=True, check=True, text=True, env={})
    return dict(zip(CASES, json.loads(answered.stdout), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_resolves_as_the_real_one(case: str, real: dict[str, Any]) -> None:
    outcome: Any
    try:
        outcome = stub.getResolvedOptions(*CASES[case])
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    assert outcome == real[case]
