"""Read a stream ahead in a thread, so that decompression and record splitting run concurrently."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

BLOCKS = 4


def prefetch(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, with up to BLOCKS of them read ahead in a thread.

    Exceptions are raised in sequence with the blocks.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = deque(thread.submit(next, blocks, None) for _ in range(BLOCKS))
        while (block := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, blocks, None))
            yield block
