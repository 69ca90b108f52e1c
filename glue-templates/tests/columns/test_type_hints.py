"""Suggested column_schema entries have a better type, and leave ambiguous formats to the user."""

import pyarrow as pa
import pytest

from etl_runtime.columns.column_types import infer
from etl_runtime.columns.type_hints import hint


@pytest.mark.parametrize(
    ("cells", "entry"),
    [
        (["2.50", "3"], {"type": "decimal(18,2)"}),
        (["2.0", "3"], {"type": "decimal(18,2)"}),
        (["+1", "2"], {"type": "bigint"}),
        ([" 1", "2"], {"type": "bigint"}),
        (["9223372036854775808", "1"], {"type": "decimal(38,0)"}),
        (["1,234", "12"], {"type": "bigint", "format": "1,234"}),
        (["1,234.50", "12"], {"type": "decimal(18,2)", "format": "1,234.56"}),
        (["1.234,50", "12,5"], {"type": "decimal(18,2)", "format": "1.234,56"}),
        (["1e5", "2.5"], {"type": "decimal(18,2)"}),
        (["1" * 40, "2"], None),
        (["1" * 40 + ".12", "2"], None),
        (["(12)", "13"], None),
        (["NaN", "1.5"], None),
        (["007", "12"], None),
        (["20240131", "18920101"], {"type": "date", "format": "yyyyMMdd"}),
        (["20240131", "00000000"], None),
        (["31/12/2024", "01/02/2024"], {"type": "date", "format": "dd/MM/yyyy"}),
        (["12/31/2024", "1/2/2024"], {"type": "date", "format": "M/d/yyyy"}),
        (["01/02/2024", "03/04/2024"], {"type": "date", "format": "MM/dd/yyyy or dd/MM/yyyy"}),
        (["01/01/2024", "03/03/2024"], {"type": "date", "format": "MM/dd/yyyy or dd/MM/yyyy"}),
        (["31/12/2024", "12/31/2024"], None),
        (["2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00Z"], {"type": "timestamp"}),
        (["2024-01-31", "2024-01-31 12:00"], {"type": "timestamp"}),
        (
            ["01/31/2024 01:30:00 PM", "01/01/2024 12:00:00 AM"],
            {"type": "timestamp", "format": "MM/dd/yyyy hh:mm:ss a"},
        ),
        (["1/31/2024 1:30 pm", "1/1/2024 12:00 am"], {"type": "timestamp", "format": "M/d/yyyy h:mm a"}),
        (["31.12.2024 23:59", "01.01.2024 00:00"], {"type": "timestamp", "format": "dd.MM.yyyy HH:mm"}),
        (["31/12/2024 9:05:01.5", "1/1/2024 10:00:00.0"], {"type": "timestamp", "format": "d/M/yyyy H:mm:ss.S"}),
        (["01/01/2024 13:30:00 PM"], None),
        (["$1,000.50", "-$2.00"], {"type": "decimal(18,2)", "format": "$1,234.56"}),
        (["1.000,50 €", "2,00 €"], {"type": "decimal(18,2)", "format": "1.234,56 €"}),
        (["R$ 1.000,50", "R$ 2,00"], {"type": "decimal(18,2)", "format": "R$ 1.234,56"}),
        (["£5", "£6"], {"type": "bigint", "format": "£1,234"}),
        (["£5", "$6"], None),
        (["A12", "A13"], None),
        (["a", "b"], None),
        (["1", "2"], None),
    ],
)
def test_the_type_hint_for_text_is(cells: list[str], entry: dict[str, str] | None) -> None:
    text = pa.array(cells)
    assert hint(text, infer(text).best) == entry
