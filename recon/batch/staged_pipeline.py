"""Three stages that run at once: loading ahead in a thread, the network in the caller's, finishing in others.

The network stays in the caller's thread, so that Ctrl-C breaks it off between two of its layers. Threads and not
processes: decoders, numpy, zlib and torch let others run while they work, and a 12-megapixel photo with its depth is
100 MB that would have to be copied from process to process.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Any, Generic, TypeVar

from recon.batch.malloc_trim import give_back
from recon.threads import cores

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Estimated = TypeVar("Estimated")
Done = TypeVar("Done")

MOST_FINISHING = 4
"""Threads that make geometry and write at most; each holds one photo, its depth and its geometry."""
_LOOK_EVERY_S = 0.2
"""How often a thread that waits looks whether it should stop; also what lets Ctrl-C through on Windows."""


@dataclass(frozen=True)
class Outcome(Generic[Item, Done]):
    """What became of one item: its result, or the exception that one of the stages raised."""

    item: Item
    value: Done | None
    error: Exception | None


def finishing_threads() -> int:
    """As many as leave a core to the network: one on two cores, four at most."""
    return max(1, min(cores() - 1, MOST_FINISHING))


def overlapped(
    items: Iterable[Item],
    load: Callable[[Item], Loaded],
    estimate: Callable[[Item, Loaded], Estimated],
    finish: Callable[[Item, Estimated], Done],
    *,
    ahead: int = 1,
    finishing: int | None = None,
    stopping: Callable[[], None] = lambda: None,
) -> Generator[Outcome[Item, Done], None, None]:
    """Works through items, each in three stages, and gives the outcomes in the items' order.

    At any time at most ``ahead`` + 1 items are loaded and wait, one is being estimated, ``finishing`` + 1 are being
    finished or wait for it, and as many wait for one before them: memory does not grow with the number of items.

    Args:
        items: Taken one by one, in the loading thread. What the iterator itself raises ends the run.
        load: In the loading thread, one at a time and in order.
        estimate: In the thread of the caller, one at a time and in order.
        finish: In threads of its own, ``finishing`` at a time; with 1 they are in order, too.
        ahead: Loaded items that may wait.
        finishing: None: ``finishing_threads()``.
        stopping: Called where the run is broken off (Ctrl-C, ``close``) while items are being finished: these are
            waited for, and what waits is dropped. A second Ctrl-C ends the waiting, not the threads.

    Yields:
        One outcome for each item; an item that failed does not stop the others.

    Raises:
        Exception: What the iterator of the items raised, after the outcomes of all before it.
    """
    loader = _Loader(items, load, ahead)
    threads = finishing_threads() if finishing is None else finishing
    free = threading.Semaphore(threads + 1)
    pending: deque[tuple[Item, Future[Done]]] = deque()
    pool = ThreadPoolExecutor(threads, "recon-finish")
    loader.start()
    try:
        for item, loaded, error in loader:
            pending.append((item, _submit(pool, free, item, loaded, error, estimate, finish)))
            del loaded
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
        while wait(running, timeout=_LOOK_EVERY_S).not_done:
            pass
        loader.join()


def _submit(
    pool: ThreadPoolExecutor,
    free: threading.Semaphore,
    item: Item,
    loaded: Any,
    error: Exception | None,
    estimate: Callable[[Item, Any], Estimated],
    finish: Callable[[Item, Estimated], Done],
) -> "Future[Done]":
    """Estimates now, and hands the rest to the pool as soon as it has room."""
    try:
        if error is not None:
            raise error
        estimated = estimate(item, loaded)
    except Exception as failed:
        future: Future[Done] = Future()
        future.set_exception(failed)
        return future
    while not free.acquire(timeout=_LOOK_EVERY_S):
        pass
    holder = [estimated]

    def work() -> Done:
        try:
            # Taken out of the holder: the future must not keep the photo alive.
            return finish(item, holder.pop())
        finally:
            free.release()
            give_back()

    return pool.submit(work)


def _outcome(item: Item, future: "Future[Done]") -> Outcome[Item, Done]:
    while not wait([future], timeout=_LOOK_EVERY_S).done:
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
                # Not kept through the next loading, which takes as much memory again.
                del loaded, failed
        except Exception as error:
            self._broken = error
        finally:
            self._put(None)

    def stop(self) -> None:
        """Lets the thread end at its next step."""
        self._stopped.set()

    def __iter__(self) -> Iterator[tuple[Item, Any, Exception | None]]:
        while True:
            try:
                found = self._queue.get(timeout=_LOOK_EVERY_S)
            except Empty:
                continue
            if found is None:
                if self._broken is not None:
                    raise self._broken
                return
            yield found
            del found

    def _put(self, entry: tuple[Item, Any, Exception | None] | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(entry, timeout=_LOOK_EVERY_S)
                return
            except Full:
                continue
