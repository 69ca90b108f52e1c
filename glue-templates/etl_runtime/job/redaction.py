"""Redaction ensures that no log line, error, run record or stored original contains a secret that this process has
read.

There is one `REDACTION` per process, because an error can be raised anywhere. Messages are redacted when they are
created.
"""

import re
from typing import Any

MASK = "***"
MIN_LENGTH = 4  # of a value that is redacted in messages; redacting shorter values would mask ordinary words
# In data, only long or mixed secrets are redacted, because a short or plain secret may be equal to an ordinary value.
MIN_LENGTH_IN_DATA, MIN_LENGTH_OF_RANDOM = 8, 16
OTHER_ENCODINGS = {" ": [r"\+"], "&": ["&amp;"], "<": ["&lt;"], ">": ["&gt;"], '"': ["&quot;"], "'": ["&#39;"]}


class Redaction:
    """The secrets of this process. They are found in any encoding: plain, percent-encoded, or escaped in JSON or
    HTML."""

    def __init__(self) -> None:
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._patterns_in_data: dict[str, re.Pattern[str]] = {}

    def add(self, value: str, *, in_data: bool = True) -> None:
        """Redact this value from now on.

        If `in_data` is false, the value is redacted only in messages, not in data. Use `in_data=False` for values that
        the data may legitimately contain, such as user names.
        """
        pattern = re.compile("".join(_any_encoding(character) for character in value))
        if len(value) >= MIN_LENGTH:
            self._patterns[value] = pattern
        mixed = bool(re.search(r"\d", value) and re.search(r"\D", value))
        if in_data and (len(value) >= MIN_LENGTH_OF_RANDOM or (len(value) >= MIN_LENGTH_IN_DATA and mixed)):
            self._patterns_in_data[value] = pattern

    def clear(self) -> None:
        self._patterns.clear()
        self._patterns_in_data.clear()

    def redact(self, message: str) -> str:
        return _redacted(message, self._patterns)

    def is_in_data(self, text: str) -> bool:
        """Whether text from a source contains a secret. The URL of the next page often contains one."""
        return any(pattern.search(text) for pattern in self._patterns_in_data.values())

    def redact_data(self, value: Any) -> Any:
        """Redact the strings and keys of a JSON value. Numbers are unchanged."""
        if isinstance(value, dict):
            return {self.redact_data(key): self.redact_data(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.redact_data(each) for each in value]
        return _redacted(value, self._patterns_in_data) if type(value) is str else value


REDACTION = Redaction()


def excerpt(text: object, max_length: int = 40) -> str:
    """Prepare external text for a message: redacted, on one line, with at most `max_length` characters.

    The text is redacted before it is truncated, because a truncated secret would not be detected.
    """
    line = " ".join(REDACTION.redact(str(text)).split())
    return line if len(line) <= max_length else f"{line[:max_length]}…"


def _any_encoding(character: str) -> str:
    if character.isalnum() and character.isascii():
        return character
    percent = "".join(f"%(?i:{byte:02x})" for byte in character.encode())
    units = character.encode("utf-16-be")
    escaped = "".join(rf"\\u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    plain = re.escape(character)
    # The longest encoding comes first, because alternatives are tried from left to right.
    encodings = [rf"\\{plain}", escaped, percent, *OTHER_ENCODINGS.get(character, ()), plain]
    return f"(?:{'|'.join(encodings)})"


def _redacted(text: str, patterns: dict[str, re.Pattern[str]]) -> str:
    for value in sorted(patterns, key=len, reverse=True):
        text = patterns[value].sub(MASK, text)
    return text
