"""A substitute for the awsglue.utils module of the Glue service. Since Glue 6.0, argument names cannot be abbreviated.

https://docs.aws.amazon.com/glue/latest/dg/migrating-version-60.html

The license of the real package does not allow redistribution. A test compares this module with the real package of Glue
5.1.
"""

import argparse
from importlib.metadata import version
from typing import NoReturn

_RESERVED = (
    "job-bookmark-option",
    "continuation-option",
    "job-bookmark-from",
    "job-bookmark-to",
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
    "encryption-type",
    "enable-data-lineage",
    "RedshiftTempDir",
    "TempDir",
)
"""Arguments that the service can pass even if the job does not declare them."""

ABBREVIATIONS = version("pyspark").startswith("3.")


class GlueArgumentError(Exception):
    """An argument is missing, ambiguous or has no value."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: list[str], options: list[str]) -> dict[str, str | None]:
    """Return the arguments of the job, keyed by name, with underscores instead of dashes in the names.

    args: sys.argv as the service sets it. The first element is the script.
    options: the names of the required arguments. A missing argument raises GlueArgumentError. A reserved name such as
        JOB_RUN_ID raises argparse.ArgumentError; reserved arguments are always in the result and must not be listed.
    """
    parser = _Parser(allow_abbrev=ABBREVIATIONS)
    for name in _RESERVED:
        default = "job-bookmark-disable" if name == "job-bookmark-option" else None
        parser.add_argument(f"--{name}", default=default)
    for name in options:
        # The real package accepts TempDir in the list, but does not require it.
        if name != "TempDir":
            parser.add_argument(f"--{name}", required=True)
    parsed, _ = parser.parse_known_args(args[1:])
    resolved: dict[str, str | None] = {
        key: value for key, value in vars(parsed).items() if key != "continuation_option"
    }
    resolved["TempDir"] = resolved["TempDir"] or resolved["RedshiftTempDir"]
    resolved["RedshiftTempDir"] = resolved["RedshiftTempDir"] or resolved["TempDir"]
    return resolved
