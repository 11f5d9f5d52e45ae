"""A run of onnxruntime that stops between two operations, for a job that nobody waits for any more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from recon.journal import Journal

_EVERY_S = 0.05


@contextmanager
def interruptible_run(journal: Journal) -> Iterator[Any]:
    """Yields ``onnxruntime.RunOptions``; what ``journal.check`` raises meanwhile ends the run, and is raised.

    Costs nothing with a journal that has no check of its own; otherwise a second thread calls the check.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    if type(journal).check is Journal.check:
        yield options
        return
    ended, stopped = threading.Event(), list[BaseException]()

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            try:
                journal.check()
            except BaseException as error:
                stopped.append(error)
                options.terminate = True
                return

    watching = threading.Thread(target=watch, name="recon-onnx-check")
    watching.start()
    try:
        yield options
    except Exception:
        if stopped:
            raise stopped[0] from None
        raise
    finally:
        ended.set()
        watching.join()
