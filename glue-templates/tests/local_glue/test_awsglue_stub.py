"""The substitute for awsglue.utils behaves like the real package, whose license does not allow redistribution."""

import json
import subprocess
import sys
from importlib.metadata import distribution
from typing import Any

import awsglue.utils as stub
import pytest

GIVEN = ["script.py", "--JOB_NAME", "job", "--JOB_RUN_ID", "jr_1", "--names", "{}", "--run_options", "{}"]

CASES: dict[str, tuple[list[str], list[str]]] = {
    "declared options, and an undeclared run id": (GIVEN, ["JOB_NAME", "names", "run_options"]),
    "no options": (GIVEN, []),
    "one is missing": (GIVEN, ["JOB_NAME", "dataset_config"]),
    "two are missing": (GIVEN, ["a", "b"]),
    "the run id as an option": (GIVEN, ["JOB_NAME", "JOB_RUN_ID"]),
    "the same option twice": (GIVEN, ["names", "names"]),
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
    "the folder for temporary files, missing": (["s"], ["TempDir"]),
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
    """The results of the real package, from a process without the substitute.

    Glue 6.0 has no package, so its tests run the package of 5.1 with a parser that does not accept abbreviations.
    """
    package = str(distribution("awsgluedataplanepython").locate_file(""))
    command = [sys.executable, "-c", REAL, package, json.dumps(list(CASES.values())), json.dumps(stub.ABBREVIATIONS)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env={})
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_the_substitute_resolves_options_like_the_real_package(case: str, real: dict[str, Any]) -> None:
    outcome: Any
    try:
        outcome = stub.getResolvedOptions(*CASES[case])
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    assert outcome == real[case]
