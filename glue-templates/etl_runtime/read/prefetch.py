"""Read a stream ahead in a thread, so that decompression and record splitting run concurrently."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

BLOCKS = 4


def prefetch(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the given blocks unchanged, and read up to BLOCKS of them ahead in a thread.

    An exception is raised after the blocks that precede it.
    """
    thread = ThreadPoolExecutor(1)
    try:
        coming = deque(thread.submit(next, blocks, None) for _ in range(BLOCKS))
        while (block := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, blocks, None))
            yield block
    finally:
        # Do not wait: garbage collection can end this generator in a thread that holds a lock that the pool needs.
        thread.shutdown(wait=False, cancel_futures=True)
