"""Checks the code and the text of an error."""


def has_error(error: object, expected: str) -> bool:
    """Whether an error has the code and contains the text of `expected`, which is `CODE: text`."""
    code, _, text = expected.partition(": ")
    return str(error).startswith(f"{code}: ") and text in str(error)
