"""Three stages in parallel: loading ahead in one thread, the network in the caller's thread, finishing in others.

The network runs in the caller's thread, so that Ctrl-C interrupts it between two of its layers. Threads rather than
processes: decoders, numpy, zlib and torch release the interpreter lock, and a 12-megapixel photo with its depth is
100 MB that would have to be copied between processes.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Any, Generic, TypeVar, cast

from recon.malloc_trim import trim_memory
from recon.threads import cores

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Estimated = TypeVar("Estimated")
Done = TypeVar("Done")

MOST_FINISHING = 4
"""Maximum number of finishing threads; each keeps one photo, its depth and its geometry in memory."""
_POLL_S = 0.2
"""Interval at which waiting threads check whether to stop; also makes Ctrl-C work on Windows."""


@dataclass(frozen=True)
class Outcome(Generic[Item, Done]):
    """The result of one item, or the exception that one of its stages raised."""

    item: Item
    value: Done | None
    error: Exception | None


def finishing_threads() -> int:
    """Number of finishing threads: leaves one core to the network; at least one, at most four."""
    return max(1, min(cores() - 1, MOST_FINISHING))


def overlapped(
    items: Iterable[Item],
    load: Callable[[Item], Loaded],
    estimate: Callable[[Item, Loaded], Estimated],
    finish: Callable[[Item, Estimated], Done],
    *,
    between: Callable[
        [Iterator[Outcome[Item, Estimated]]], Iterator[Outcome[Item, Estimated]]
    ] = lambda estimates: estimates,
    ahead: int = 1,
    finishing: int | None = None,
    stopping: Callable[[], None] = lambda: None,
) -> Generator[Outcome[Item, Done], None, None]:
    """Processes items in three stages each, and yields the outcomes in the order of the items.

    At any time at most ``ahead`` + 1 loaded items are waiting, one is being estimated, ``finishing`` + 1 are being
    finished or waiting for it, and as many are waiting for an earlier one: memory is independent of the number of
    items.

    Args:
        items: Consumed one by one, in the loading thread. An exception of the iterator itself ends the run.
        load: Called in the loading thread, one at a time and in order.
        estimate: Called in the thread of the caller, one at a time and in order.
        finish: Called in separate threads, ``finishing`` at a time; with 1 also in order.
        between: Passes the estimates on, in the thread of the caller: it may hold some back, change them, or drop
            them. An item that it drops has no outcome.
        ahead: Number of loaded items that may wait.
        finishing: None: ``finishing_threads()``.
        stopping: Called if the run is interrupted (Ctrl-C, ``close``) while items are being finished: these are
            completed, and waiting ones are dropped. A second Ctrl-C ends the waiting, not the threads.

    Yields:
        One outcome for each item that is passed on; an item that fails does not stop the others.

    Raises:
        Exception: An exception of the iterator of the items, after the outcomes of all items before it.
    """
    loader = _Loader(items, load, ahead)
    threads = finishing_threads() if finishing is None else finishing
    free = threading.Semaphore(threads + 1)
    pending: deque[tuple[Item, Future[Done]]] = deque()
    pool = ThreadPoolExecutor(threads, "recon-finish")
    loader.start()
    try:
        for estimated in between(_estimates(loader, estimate)):
            pending.append((estimated.item, _submit(pool, free, estimated, finish)))
            del estimated
            while pending and (pending[0][1].done() or len(pending) > 2 * threads):
                yield _outcome(*pending.popleft())
        while pending:
            yield _outcome(*pending.popleft())
    finally:
        loader.stop()
        pool.shutdown(wait=False, cancel_futures=True)
        running = [future for _, future in pending if not future.done()]
        if running:
            stopping()
        while wait(running, timeout=_POLL_S).not_done:
            pass
        loader.join()


def _estimates(
    loader: "_Loader[Item]", estimate: Callable[[Item, Any], Estimated]
) -> Iterator[Outcome[Item, Estimated]]:
    for item, loaded, error in loader:
        estimated: Outcome[Item, Estimated] = Outcome(item, None, error)
        if error is None:
            try:
                estimated = Outcome(item, estimate(item, loaded), None)
            except Exception as failed:
                estimated = Outcome(item, None, failed)
        # Nothing is kept here while the next step works.
        del loaded
        holder = [estimated]
        del estimated
        yield holder.pop()


def _submit(
    pool: ThreadPoolExecutor,
    free: threading.Semaphore,
    estimated: Outcome[Item, Estimated],
    finish: Callable[[Item, Estimated], Done],
) -> "Future[Done]":
    """Submits an estimate to the pool as soon as it has capacity."""
    if estimated.error is not None:
        future: Future[Done] = Future()
        future.set_exception(estimated.error)
        return future
    while not free.acquire(timeout=_POLL_S):
        pass
    item, holder = estimated.item, [cast(Estimated, estimated.value)]

    def work() -> Done:
        try:
            # Removed from the holder, so that the future does not keep the photo in memory.
            return finish(item, holder.pop())
        finally:
            free.release()
            trim_memory()

    return pool.submit(work)


def _outcome(item: Item, future: "Future[Done]") -> Outcome[Item, Done]:
    while not wait([future], timeout=_POLL_S).done:
        pass
    error = future.exception()
    if error is None:
        return Outcome(item, future.result(), None)
    if not isinstance(error, Exception):
        raise error
    return Outcome(item, None, error)


class _Loader(threading.Thread, Generic[Item]):
    """Loads ahead into a queue of limited length."""

    def __init__(self, items: Iterable[Item], load: Callable[[Item], Any], ahead: int) -> None:
        super().__init__(name="recon-load", daemon=True)
        self._items, self._load = items, load
        self._queue: Queue[tuple[Item, Any, Exception | None] | None] = Queue(maxsize=max(1, ahead))
        self._stopped = threading.Event()
        self._broken: Exception | None = None

    def run(self) -> None:
        try:
            for item in self._items:
                if self._stopped.is_set():
                    return
                loaded, failed = None, None
                try:
                    loaded = self._load(item)
                except Exception as error:
                    failed = error
                self._put((item, loaded, failed))
                # Released before the next item is loaded, which needs as much memory again.
                del loaded, failed
        except Exception as error:
            self._broken = error
        finally:
            self._put(None)

    def stop(self) -> None:
        """Makes the thread end at its next step."""
        self._stopped.set()

    def __iter__(self) -> Iterator[tuple[Item, Any, Exception | None]]:
        while True:
            try:
                entry = self._queue.get(timeout=_POLL_S)
            except Empty:
                continue
            if entry is None:
                if self._broken is not None:
                    raise self._broken
                return
            yield entry
            del entry

    def _put(self, entry: tuple[Item, Any, Exception | None] | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(entry, timeout=_POLL_S)
                return
            except Full:
                continue
