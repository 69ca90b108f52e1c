"""The error for a part of awsglue that local runs do not have."""

from typing import NoReturn


class NotAvailableLocally(NotImplementedError, AttributeError):
    """A script uses a part of awsglue that only the Glue service has. As an AttributeError, it works with hasattr."""


def unavailable(what: str, instead: str = "Use toDF() and the functions of Spark DataFrames instead.") -> NoReturn:
    raise NotAvailableLocally(f"{what} is not available in local runs. {instead}")
