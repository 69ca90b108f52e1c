"""A file of SQL as its statements: cut at the semicolons that stand neither in quotes nor in comments."""

import re
from dataclasses import dataclass

# What Spark's grammar takes for one token, where it could hold a semicolon; and the semicolon.
TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*)|(?P<open>/\*)|[rR](?:'[^']*'|"[^"]*")|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`]|``)*`|(?P<end>;)|(?P<text>\w+|\S)""",
    re.DOTALL,
)
BRACKET = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Statement:
    """One statement, as far down in its `text` as in the file: the lines and columns of Spark's errors are those of the file.

    `line` is where its first word is.
    """

    text: str
    line: int


def statements(sql: str) -> list[Statement]:
    """The statements that hold more than comments."""
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
    """Where a comment ends that begins before `at`. Comments may lie in comments; one that never ends takes all."""
    depth = 1
    while depth and (bracket := BRACKET.search(sql, at)):
        depth += 1 if bracket[0] == "/*" else -1
        at = bracket.end()
    return at if depth == 0 else len(sql)
