"""Column names are snake_case, ASCII, unique, and independent of the column order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.columns.names import clean_names, comparison_key, source_names


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Item Code", "item_code"),
        ("itemCode", "item_code"),
        ("NDCPackageCode", "ndc_package_code"),
        ("  price (€) ", "price"),
        ("Straße", "strasse"),
        ("Café", "cafe"),
        ("2nd try", "column_2nd_try"),
        ("價格", "column"),
        ("meta_run_id", "meta_run_id_2"),
        ("x" * 300, "x" * 128),
    ],
)
def test_a_source_name_is_cleaned(source: str, name: str) -> None:
    assert clean_names([source], {}) == {source: name}


def test_duplicate_clean_names_get_a_number() -> None:
    assert clean_names(["A b", "a_b", "a-b"], {}) == {"a_b": "a_b", "A b": "a_b_2", "a-b": "a_b_3"}


def test_published_names_are_kept() -> None:
    assert clean_names(["a_b", "A b"], {"A b": "a_b"}) == {"A b": "a_b", "a_b": "a_b_2"}


@given(st.lists(st.text(max_size=12), unique=True))
def test_names_are_clean_unique_and_do_not_depend_on_the_order(sources: list[str]) -> None:
    names = clean_names(sources, {})
    assert len(set(names.values())) == len(sources)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names.values())
    assert names == clean_names(list(reversed(sources)), {})


def test_thousands_of_equal_headers_get_unique_names() -> None:
    assert (
        len(set(source_names(["x"] * 4000))) == len(set(clean_names(source_names(["x"] * 4000), {}).values())) == 4000
    )


def test_empty_and_repeated_header_cells_get_names() -> None:
    assert source_names(["a", "", "a", " ", "a"]) == ("a", "column_2", "a 2", "column_4", "a 3")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Zip Code", "ZIP-CODE ", True),
        ("zipCode", "zip_code", True),
        ("Größe", "GRÖSSE", True),
        ("Имя", "имя ", True),
        ("Имя", "Адрес", False),
        ("Цена 2023", "Имя 2023", False),
        ("價格", "名前", False),
        ("%", "#", False),
        ("x" * 300, "x" * 299 + "y", False),
        ("a", "b", False),
    ],
)
def test_names_of_the_same_column_differ_only_in_case_and_punctuation(one: str, other: str, same: bool) -> None:
    assert (comparison_key(one) == comparison_key(other)) == same
