"""The process that opens photos and files for the window: ``python -m recon_viewer.background.worker_process``.

A process and not a thread, so that a network that runs for minutes can be stopped at once, and so that what kills it
(no memory, a broken driver) leaves the window alive. One task comes on stdin, events go to stdout.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from recon.errors import ReconError
from recon.journal import Entry, Journal
from recon_viewer.background.geometry_transfer import hand_over
from recon_viewer.background.messages import Event, Task

_LEAST_STEP = 0.01


class _TellingJournal(Journal):
    """Passes entries and progress on."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        super().__init__()
        self._tell = tell

    def show(self, entry: Entry) -> None:
        """Details stay here: they are for the curious on the command line."""
        if entry.kind != "detail":
            self._tell(Event("entry", entry.message, entry.topic, entry.kind == "warning"))

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """A line when it starts, at each hundredth, and when it ends."""
        last = 0.0

        def done(amount: float) -> None:
            nonlocal last
            share = amount / total if total else None
            if share is not None and share - last >= _LEAST_STEP:
                last = share
                self._tell(Event("progress", name, share=min(share, 1.0)))

        self._tell(Event("stage", name, share=0.0 if total else None))
        yield done
        self._tell(Event("stage-end", name))


def run(task: Task, tell: Callable[[Event], None]) -> None:
    """Does the task and tells what comes of it; what the user can mend is an event, too."""
    try:
        tell(_done(task, _TellingJournal(tell)))
    except ReconError as error:
        tell(Event("error", str(error)))
    except MemoryError:
        tell(Event("error", "not enough memory: use a smaller photo"))
    except Exception as error:
        # As the command line words it.
        tell(Event("error", f"unexpected {type(error).__name__}: {error}; please report it"))


def _done(task: Task, journal: Journal) -> Event:
    from recon.file_info import is_geometry, read_geometry

    if is_geometry(task.path):
        with journal.stage(f"Reading {task.path.name}"):
            geometry, notes = read_geometry(task.path)
            for note in notes:
                journal.warn("file", f"{task.path.name}: {note}")
            return Event("done", str(hand_over(geometry, task.folder)), "geometry")
    from recon.errors import PhotoError
    from recon.pipeline import reconstruct

    if not task.path.exists():
        raise PhotoError(f"{task.path} does not exist")
    with journal.stage(f"Opening {task.path.name}"):
        scene = reconstruct(task.path, task.options, journal=journal)
    result = task.folder / "scene.npz"
    scene.write_scene_file(result)
    return Event("done", str(result), "scene")


def main() -> None:
    """One task from stdin; ends when stdin does, since then the window is gone."""
    # What libraries print on stdout must not come between the events.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = Task.from_line(sys.stdin.readline())
    threading.Thread(target=_leave_with, args=(sys.stdin,), daemon=True).start()

    def tell(event: Event) -> None:
        channel.write(event.as_line())
        channel.flush()

    try:
        run(task, tell)
    except BrokenPipeError:
        os._exit(1)
    channel.flush()
    # Not by the long way: a thread of torch's, or the one that reads stdin, may not want to end.
    os._exit(0)


def _leave_with(stream: IO[str]) -> None:
    stream.read()
    os._exit(1)


if __name__ == "__main__":
    main()
