"""Stands in for the awsglue.utils that the Glue service has. Up to 5.1 it takes abbreviations of names, from 6.0 on it does not.

https://docs.aws.amazon.com/glue/latest/dg/migrating-version-60.html

A test holds its behaviour against the real package of 5.1, whose licence does not allow us to ship it.
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
"""Arguments that the service may pass without the job having declared them."""


ABBREVIATIONS = version("pyspark").startswith("3.")


class GlueArgumentError(Exception):
    """An argument is missing, ambiguous or has no value."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: list[str], options: list[str]) -> dict[str, str | None]:
    """Return the job's arguments by name, dashes in the names turned into underscores.

    args: sys.argv as the service sets it, the script first.
    options: the names the job needs. There are no optional ones: a missing one is a GlueArgumentError.
        Asking for a reserved one such as JOB_RUN_ID is an argparse.ArgumentError; the reserved ones
        that were passed are in the result anyway.
    """
    parser = _Parser(allow_abbrev=ABBREVIATIONS)
    for name in _RESERVED:
        default = "job-bookmark-disable" if name == "job-bookmark-option" else None
        parser.add_argument(f"--{name}", default=default)
    for name in options:
        # The real one takes TempDir in the list of options, and never requires it.
        if name != "TempDir":
            parser.add_argument(f"--{name}", required=True)
    found, _ = parser.parse_known_args(args[1:])
    resolved: dict[str, str | None] = {key: value for key, value in vars(found).items() if key != "continuation_option"}
    resolved["TempDir"] = resolved["TempDir"] or resolved["RedshiftTempDir"]
    resolved["RedshiftTempDir"] = resolved["RedshiftTempDir"] or resolved["TempDir"]
    return resolved
