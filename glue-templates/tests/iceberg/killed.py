"""A run that ends like a killed process."""

from typing import Any


class Killed(BaseException):
    """Ends a run without any handling of errors, like SIGKILL."""


def die(*_: Any) -> None:
    raise Killed
