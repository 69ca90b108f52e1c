"""Blocks that are read ahead, and their errors, keep their order."""

from collections.abc import Generator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_runtime.read.prefetch import BLOCKS, prefetch


@given(blocks=st.lists(st.binary(max_size=3), max_size=3 * BLOCKS))
def test_blocks_keep_their_order(blocks: list[bytes]) -> None:
    assert list(prefetch(iter(blocks))) == blocks


def test_an_error_is_raised_after_the_preceding_blocks() -> None:
    def failing() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("damaged")

    blocks = prefetch(failing())
    assert next(blocks) == b"one"
    with pytest.raises(ValueError, match="damaged"):
        next(blocks)


def test_only_a_few_blocks_are_read_ahead() -> None:
    made = []

    def endless() -> Iterator[bytes]:
        while True:
            made.append(b"")
            yield b"block"

    blocks = prefetch(endless())
    next(blocks)
    assert isinstance(blocks, Generator)
    blocks.close()  # waits for the block that is being read
    assert len(made) <= BLOCKS + 1
