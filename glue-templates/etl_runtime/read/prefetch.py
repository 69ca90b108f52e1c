"""Work of two kinds at a time, by one thread each: a stream is unpacked while what came of it is cut."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

BLOCKS = 4


def prefetch(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, some of them read ahead in a thread of their own. What making them raises comes in its place."""
    with ThreadPoolExecutor(1) as thread:
        coming = deque(thread.submit(next, blocks, None) for _ in range(BLOCKS))
        while (block := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, blocks, None))
            yield block
