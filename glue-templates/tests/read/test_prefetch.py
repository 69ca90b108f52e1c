"""What is read ahead comes as if it had been made when it was asked for."""

from collections.abc import Generator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.read.prefetch import BLOCKS, prefetch


@given(blocks=st.lists(st.binary(max_size=3), max_size=3 * BLOCKS))
def test_all_blocks_come_in_their_order(blocks: list[bytes]) -> None:
    assert list(prefetch(iter(blocks))) == blocks


def test_an_error_comes_behind_the_blocks_before_it() -> None:
    def failing() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("damaged")

    blocks = prefetch(failing())
    assert next(blocks) == b"one"
    with pytest.raises(ValueError, match="damaged"):
        next(blocks)


def test_no_more_is_made_than_a_few_blocks() -> None:
    made = []

    def endless() -> Iterator[bytes]:
        while True:
            made.append(b"")
            yield b"block"

    blocks = prefetch(endless())
    next(blocks)
    assert isinstance(blocks, Generator)
    blocks.close()  # waits for what is being made
    assert len(made) <= BLOCKS + 1
