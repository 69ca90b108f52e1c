"""Counted nouns and lists of names in messages."""

from etl_runtime.job.plural import listed, with_names


def test_a_long_list_of_names_is_shortened() -> None:
    names = [str(number) for number in range(2_020)]
    assert listed([]) == "" and listed(names[:3]) == "0, 1, 2"
    assert listed(names[:20]).endswith("18, 19")
    assert listed(names).endswith("18, 19 and 2,000 more")
    assert with_names("column", names[:1]) == "column 0" and with_names("column", names[:2]) == "columns 0, 1"
