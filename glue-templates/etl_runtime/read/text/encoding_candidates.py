"""Finds possible encodings of text that is not UTF-8, with sample words as each encoding decodes them."""

import json
import re
import unicodedata

CANDIDATES = (
    "cp1252", "iso-8859-15", "cp1250", "iso-8859-2", "cp1251", "koi8-r", "cp1253", "cp1254", "cp850", "mac-roman",
    "shift_jis", "gb18030", "big5", "euc-kr",
)  # fmt: skip
MULTI_BYTE = frozenset({"shift_jis", "gb18030", "big5", "euc-kr"})
WORD = re.compile(rb"[A-Za-z0-9'&.\-\x80-\xff]*[\x80-\xff][A-Za-z0-9'&.\-\x80-\xff]*")
LONE_BYTE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
MAX_WORDS, MAX_SHOWN, MAX_CHARACTERS = 200, 3, 24
MAX_CANDIDATES = 6
CANDIDATE_BYTES = 1 << 20


def from_line(text: bytes, position: int) -> bytes:
    """The part of the text that is needed to find possible encodings. It begins with the line that contains the
    position."""
    start = text.rfind(b"\n", 0, position) + 1
    return text[start : start + CANDIDATE_BYTES]


def encoding_candidates(text: bytes) -> list[tuple[str, list[str]]]:
    """The encodings that can decode the text, most likely first. Each comes with words of the text, decoded in this
    encoding.

    If several encodings decode these words in the same way, the list contains only the first one.
    """
    words = list(dict.fromkeys(found[0] for found in WORD.finditer(text)))[:MAX_WORDS]
    if not words:
        return []
    lone = len(LONE_BYTE.findall(b" ".join(words)))
    decoded: dict[str, list[str]] = {}
    for encoding in CANDIDATES:
        if encoding in MULTI_BYTE and lone * 2 > len(words):  # single accented letters are likely
            continue
        try:
            found = [word.decode(encoding) for word in words]
        except UnicodeDecodeError:
            continue
        if found not in decoded.values():
            decoded[encoding] = found
    ranked = sorted(decoded.items(), key=lambda item: sum(map(_oddities, item[1])))
    telling = _telling(list(decoded.values()))
    return [(encoding, [found[index] for index in telling]) for encoding, found in ranked[:MAX_CANDIDATES]]


def described_candidates(text: bytes) -> str:
    """The candidates as text for a message, such as cp1252 ("5 \u20ac") or cp850 ("5 \u00c7"). Returns an empty string
    if there are none."""
    shown = [
        f"{encoding} ({', '.join(json.dumps(word[:MAX_CHARACTERS], ensure_ascii=False) for word in words)})"
        for encoding, words in encoding_candidates(text)
    ]
    return " or ".join(shown)


def _telling(decoded: list[list[str]]) -> list[int]:
    """The positions of the words that the encodings decode most differently."""
    if not decoded:
        return []
    variety = [-len({words[index] for words in decoded}) for index in range(len(decoded[0]))]
    return sorted(sorted(range(len(variety)), key=variety.__getitem__)[:MAX_SHOWN])


def _oddities(word: str) -> int:
    """Count what makes a word unusual: symbols next to letters, capitals within a word, mixed scripts, control
    characters."""
    odd = 3 * sum(unicodedata.category(character) in ("Cc", "Cn", "Co") for character in word)
    for before, after in zip(word, word[1:], strict=False):
        if not (before.isascii() and after.isascii()):
            odd += 2 * ((before.isalpha() and _is_symbol(after)) or (_is_symbol(before) and after.isalpha()))
            odd += before.islower() and after.isupper()
    scripts = {unicodedata.name(each, "?").split()[0] for each in word if each.isalpha()}
    odd += 2 * (len(scripts) > 1)
    foreign = re.search(r"[\u00c0-\u024f]{4}", word)  # several accented Latin letters in a row suggest another script
    return odd + 3 * bool(foreign)


def _is_symbol(character: str) -> bool:
    return not character.isascii() and (
        unicodedata.category(character)[0] in "SN" or unicodedata.category(character) in ("Po", "Ps", "Pe")
    )
