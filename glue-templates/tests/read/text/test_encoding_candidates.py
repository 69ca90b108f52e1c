"""The encoding of text that is not UTF-8 is a guess, so the message shows the text as each candidate decodes it."""

import pytest

from etl_runtime.read.text.encoding_candidates import described_candidates, encoding_candidates


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Œuvre café cœur", "iso-8859-15"),
        ("café Zürich naïve", "cp1252"),
        ("5 € “quoted” it’s", "cp1252"),
        ("café Zürich", "mac-roman"),
        ("Zürich Ärger", "cp850"),
        ("Привет мир Москва", "cp1251"),
        ("Привет мир Москва", "koi8-r"),
        ("Łódź żółw Kraków", "cp1250"),
        ("Łódź ąę", "iso-8859-2"),
        ("北京 中文 上海", "gb18030"),
        ("Ελλάδα", "cp1253"),
        ("NAÏVE CAFÉ", "cp1252"),
    ],
)
def test_the_most_likely_encoding_is(text: str, encoding: str) -> None:
    found = encoding_candidates(text.encode(encoding))
    assert found[0][0] == encoding
    assert set(found[0][1]) <= set(text.split())


def test_the_message_shows_what_each_candidate_makes_of_the_text() -> None:
    described = described_candidates("Œuvre".encode("iso-8859-15"))
    assert described.startswith('iso-8859-15 ("Œuvre") or ')
    assert 'cp1252 ("¼uvre")' in described


def test_text_that_no_candidate_decodes_has_none() -> None:
    assert described_candidates(b"") == ""
