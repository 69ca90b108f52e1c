"""Splits SQL into statements at the semicolons that are neither quoted nor in comments."""

import re
from dataclasses import dataclass

# The tokens of Spark's grammar that can contain a semicolon, and the semicolon itself.
TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*)|(?P<open>/\*)|[rR](?:'[^']*'|"[^"]*")|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`]|``)*`|(?P<end>;)|(?P<text>\w+|\S)""",
    re.DOTALL,
)
BRACKET = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Statement:
    """One statement. Its `text` is padded so that the line and column in a Spark error are the line and column in the
    file.

    `line` is the line of its first token that is not a comment.
    """

    text: str
    line: int


def statements(sql: str) -> list[Statement]:
    """The statements, without those that consist of comments only."""
    found: list[Statement] = []
    begin = at = 0
    first: int | None = None
    while token := TOKEN.search(sql, at):
        at = token.end()
        if token["open"]:
            at = _after_comment(sql, at)
        elif token["end"]:
            if first is not None:
                found.append(_statement(sql, begin, first, token.start()))
            begin, first = at, None
        elif not token["comment"] and first is None:
            first = token.start()
    if first is not None:
        found.append(_statement(sql, begin, first, len(sql)))
    return found


def _statement(sql: str, begin: int, first: int, end: int) -> Statement:
    before = re.sub(r"[^\n]", " ", sql[:begin])
    return Statement(before + sql[begin:end], sql.count("\n", 0, first) + 1)


def _after_comment(sql: str, at: int) -> int:
    """The end of a comment that begins before `at`. Comments can be nested. An unclosed comment extends to the end of
    the SQL."""
    depth = 1
    while depth and (bracket := BRACKET.search(sql, at)):
        depth += 1 if bracket[0] == "/*" else -1
        at = bracket.end()
    return at if depth == 0 else len(sql)
