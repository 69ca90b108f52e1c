"""The files of a dataset, from all its addresses."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from etl_runtime.fetch import NOTHING_KNOWN, Original, Validators, fetch, public


def fetch_all(
    urls: Sequence[str],
    today: date,
    lookback_days: int,
    known: Mapping[str, Validators],
    say: Callable[[str], None],
    on_answer: Callable[[], object],
) -> list[Original] | None:
    """Download every address; None where all are what `known` describes."""
    found = [fetch(url, say, known.get(public(url), NOTHING_KNOWN), on_answer) for url in urls]
    return [original for original in found if original] or None
