"""Blocks of work done by several threads, and taken in order: the result is the same whatever their number."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

T = TypeVar("T")

BLOCK = 1 << 16
"""Points, faces or pixels processed at a time: temporaries fit into the cache and take a few MB, independent of the
size of the scene."""
_MOST = 4
"""Maximum number of threads; numpy releases the lock during a block, and more threads than this wait for memory."""
_share: int | None = None


def use_at_most(share: int | None) -> None:
    """Limits the cores that this process uses, because others on the machine use the rest; None: no limit."""
    global _share
    _share = share


def cores() -> int:
    """Processor cores that this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return count if _share is None else min(count, _share)


def block_threads(asked: int | None) -> int:
    """How many threads to use: as many as asked, or (None) as there are cores, four at most; one at least."""
    return max(1, min(cores(), _MOST) if asked is None else asked)


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices that cover ``count`` rows, ``size`` at a time."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def grid_blocks(height: int, width: int) -> Iterator[slice]:
    """Slices that cover the rows of a picture, about ``BLOCK`` pixels at a time."""
    return blocks(height, max(1, BLOCK // max(width, 1)))


def in_order(makers: Iterable[Callable[[], T]], threads: int | None = None) -> Iterator[T]:
    """What the makers return, in their order; a few are made ahead, never all.

    Args:
        makers: Independent of each other; what one raises is raised here.
        threads: As for ``block_threads``.
    """
    threads, left = block_threads(threads), iter(makers)
    first = list(islice(left, 2))
    makers = chain(first, left)
    # Starting threads takes longer than a small block.
    if threads == 1 or len(first) == 1:
        for make in makers:
            yield make()
        return
    ahead: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads, "recon-block") as pool:
        try:
            for make in makers:
                ahead.append(pool.submit(make))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def run_all(makers: Iterable[Callable[[], object]], threads: int | None = None) -> None:
    """Runs the makers, several at a time; what one raises is raised here."""
    for _ in in_order(makers, threads):
        pass
