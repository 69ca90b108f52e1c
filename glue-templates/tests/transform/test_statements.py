"""SQL is split where Spark's grammar ends a statement, and statements keep their position in the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.transform.statements import Statement, statements

SPLITS: list[tuple[str, list[str]]] = [
    ("", []),
    (" \n;;\n", []),
    ("-- only a comment;\n/* another; */", []),
    ("SELECT 1", ["SELECT 1"]),
    ("SELECT 1;", ["SELECT 1"]),
    ("SELECT 1;\n-- the end;\n", ["SELECT 1"]),
    ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]),
    ("SELECT 'it''s;'; SELECT 2", ["SELECT 'it''s;'", "SELECT 2"]),
    (r"SELECT '\';'; SELECT 2", [r"SELECT '\';'", "SELECT 2"]),
    (r"SELECT r'\'; SELECT 2", [r"SELECT r'\'", "SELECT 2"]),
    (r'SELECT R"\"; SELECT 2', [r'SELECT R"\"', "SELECT 2"]),
    ('SELECT ";"; SELECT 2', ['SELECT ";"', "SELECT 2"]),
    ("SELECT 1 AS `a;``b`; SELECT 2", ["SELECT 1 AS `a;``b`", "SELECT 2"]),
    ("SELECT 1 -- one; two\n; SELECT 2", ["SELECT 1 -- one; two", "SELECT 2"]),
    ("SELECT 1 /* a; /* b; */ c; */; SELECT 2", ["SELECT 1 /* a; /* b; */ c; */", "SELECT 2"]),
    ("SELECT 1 - -1; SELECT 2", ["SELECT 1 - -1", "SELECT 2"]),
    ("SELECT 4 / 2; SELECT 2", ["SELECT 4 / 2", "SELECT 2"]),
    ("SELECT 'never closed; SELECT 2", ["SELECT 'never closed", "SELECT 2"]),
    ("SELECT 1 /* never closed; SELECT 2", ["SELECT 1 /* never closed; SELECT 2"]),
    ("-- first\nSELECT 1", ["-- first\nSELECT 1"]),
]


@pytest.mark.parametrize(("sql", "expected"), SPLITS)
def test_sql_is_split_at_the_semicolons_that_end_statements(sql: str, expected: list[str]) -> None:
    assert [statement.text.strip() for statement in statements(sql)] == expected


@pytest.mark.parametrize(
    ("sql", "lines"),
    [("SELECT 1;\n\n\nSELECT 2", [1, 4]), ("-- a\n/* b\n*/ SELECT 1;SELECT 2;\nSELECT\n3", [3, 3, 4])],
)
def test_a_statement_has_the_line_of_its_first_token(sql: str, lines: list[int]) -> None:
    assert [statement.line for statement in statements(sql)] == lines


TOKENS = st.sampled_from(
    [
        "SELECT",
        "a",
        "1",
        "';'",
        '";"',
        "`;`",
        "r'\\'",
        "--;\n",
        "/*;*/",
        "/*/*;*/;*/",
        "\n",
        " ",
        "'\\';'",
        "''",
        "(",
        ")",
        "/",
        "-",
    ]
)


@given(st.lists(st.lists(TOKENS, max_size=6).map(" ".join), max_size=5))
def test_statements_joined_by_semicolons_are_split_and_keep_their_position(bodies: list[str]) -> None:
    sql = ";".join(bodies)
    found = statements(sql)
    begins = [sum(len(body) + 1 for body in bodies[:index]) for index in range(len(bodies))]
    expected = [(begin, body) for begin, body in zip(begins, bodies, strict=True) if _has_tokens(body)]
    assert len(found) == len(expected)
    for statement, (begin, body) in zip(found, expected, strict=True):
        assert isinstance(statement, Statement)
        assert statement.text[begin:] == body
        assert statement.text[:begin].strip() == ""
        assert statement.text.count("\n") == sql.count("\n", 0, begin + len(body))


def _has_tokens(body: str) -> bool:
    for comment in ("--;\n", "/*/*;*/;*/", "/*;*/"):
        body = body.replace(comment, "")
    return bool(body.strip())
