"""What must not be read in a log, an error, a record or a kept original: the values of the secrets that this process has read.

One for the process, as a traceback is: an error may come from anywhere, and hides them when it is made.
"""

import re
from typing import Any

STARS = "***"
SHORTEST = 4  # of a value that is looked for in messages: a shorter one would star out ordinary words
SHORTEST_IN_DATA, SURELY_RANDOM = 8, 16  # a shorter or plainer one may be a value of the data, which is never changed
OTHER_FORMS = {" ": [r"\+"], "&": ["&amp;"], "<": ["&lt;"], ">": ["&gt;"], '"': ["&quot;"], "'": ["&#39;"]}


class Redaction:
    """The values, and texts without them, however they are encoded there: in an address, in JSON, in HTML."""

    def __init__(self) -> None:
        self._forms: dict[str, re.Pattern[str]] = {}
        self._forms_in_data: dict[str, re.Pattern[str]] = {}

    def add(self, value: str, *, in_data: bool = True) -> None:
        """Hide a value. A name that goes with a secret, such as a user's, is a value of the data too: `in_data` False leaves it there."""
        form = re.compile("".join(_any_encoding(character) for character in value))
        if len(value) >= SHORTEST:
            self._forms[value] = form
        mixed = bool(re.search(r"\d", value) and re.search(r"\D", value))
        if in_data and (len(value) >= SURELY_RANDOM or (len(value) >= SHORTEST_IN_DATA and mixed)):
            self._forms_in_data[value] = form

    def clear(self) -> None:
        self._forms.clear()
        self._forms_in_data.clear()

    def out_of(self, text: str) -> str:
        """A message without them."""
        return _without(text, self._forms)

    def is_in_data(self, text: str) -> bool:
        """Whether what a source sent repeats what can be nothing but a secret, most of all in the next page's address."""
        return any(form.search(text) for form in self._forms_in_data.values())

    def out_of_data(self, value: Any) -> Any:
        """A JSON value without them: its texts and keys. Numbers stay."""
        if isinstance(value, dict):
            return {self.out_of_data(key): self.out_of_data(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.out_of_data(each) for each in value]
        return _without(value, self._forms_in_data) if type(value) is str else value


REDACTION = Redaction()


def shown(text: object, most: int = 40) -> str:
    """What somebody else wrote, in one line of `most` characters, for a message. Hidden first: half a secret is one too."""
    line = " ".join(REDACTION.out_of(str(text)).split())
    return line if len(line) <= most else f"{line[:most]}…"


def _any_encoding(character: str) -> str:
    if character.isalnum() and character.isascii():
        return character
    percent = "".join(f"%(?i:{byte:02x})" for byte in character.encode())
    units = character.encode("utf-16-be")
    escaped = "".join(rf"\\u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    plain = re.escape(character)
    forms = [rf"\\{plain}", escaped, percent, *OTHER_FORMS.get(character, ()), plain]  # the longest first
    return f"(?:{'|'.join(forms)})"


def _without(text: str, forms: dict[str, re.Pattern[str]]) -> str:
    for value in sorted(forms, key=len, reverse=True):
        text = forms[value].sub(STARS, text)
    return text
