"""The error for a part of awsglue that is not available in local runs."""

from typing import NoReturn


class NotAvailableLocally(NotImplementedError, AttributeError):
    """A script uses a part of awsglue that only the Glue service has. The class is also an AttributeError, so that
    `hasattr` returns False instead of raising."""


def unavailable(what: str, instead: str = "Use toDF() and the functions of Spark DataFrames instead.") -> NoReturn:
    raise NotAvailableLocally(f"{what} is not available in local runs. {instead}")
