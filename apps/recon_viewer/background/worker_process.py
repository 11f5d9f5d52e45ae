"""The process that opens photos and files for the window: ``python -m recon_viewer.background.worker_process``.

A process rather than a thread, so that a network that runs for minutes can be stopped immediately, and so that a
crash (out of memory, a broken driver) does not affect the window. One task is read from stdin, events are written to
stdout.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import numpy as np

from recon.errors import ReconError
from recon.journal import Entry, Journal
from recon.scene_file import SUFFIX
from recon_viewer.background.geometry_transfer import save_cameras, save_geometry
from recon_viewer.background.joined_scenes import opened_joined
from recon_viewer.background.messages import Event, Task

if TYPE_CHECKING:
    from recon.scene import Scene
    from recon.types import DepthEstimate

_LEAST_STEP = 0.01


class _ForwardingJournal(Journal):
    """Sends entries and progress to the window."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        super().__init__()
        self._send = send

    def show(self, entry: Entry) -> None:
        """Sends the entry; details are shown only on the command line."""
        if entry.kind != "detail":
            self._send(Event("entry", entry.message, entry.topic, entry.kind == "warning"))

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Sends an event at the start, at each percent, and at the end."""
        last = 0.0

        def done(amount: float) -> None:
            nonlocal last
            share = amount / total if total else None
            if share is not None and share - last >= _LEAST_STEP:
                last = share
                self._send(Event("progress", name, share=min(share, 1.0)))

        self._send(Event("stage", name, share=0.0 if total else None))
        yield done
        self._send(Event("stage-end", name))


def run(task: Task, send: Callable[[Event], None]) -> None:
    """Runs the task and sends its result or error."""
    try:
        send(_done(task, _ForwardingJournal(send), send))
    except ReconError as error:
        send(Event("error", str(error)))
    except MemoryError:
        send(Event("error", "not enough memory: use a smaller photo"))
    except Exception as error:
        # Worded as on the command line.
        send(Event("error", f"unexpected {type(error).__name__}: {error}; please report it"))


def _scene(task: Task, journal: Journal, send: Callable[[Event], None]) -> "Scene":
    """Sends the photo and its depth map as soon as they are there."""
    from recon.pipeline import reconstruct
    from recon.types import Photo
    from recon_viewer.background.early_pictures import early_depth, early_photo

    def show(result: "Photo | DepthEstimate") -> None:
        if isinstance(result, Photo):
            what, picture = "photo", early_photo(result.rgb)
        else:
            what, picture = "depth", early_depth(result.depth, task.colormap)
        path = task.folder / f"{what}.npy"
        np.save(path, picture)
        send(Event("picture", str(path), what))

    return reconstruct(task.path, task.options, journal=journal, on_result=show)


def _done(task: Task, journal: Journal, send: Callable[[Event], None]) -> Event:
    from recon.file_info import is_geometry, read_geometry

    if is_geometry(task.path):
        with journal.stage(f"Reading {task.path.name}"):
            geometry, notes = read_geometry(task.path)
            for note in notes:
                journal.warn("file", f"{task.path.name}: {note}")
            return Event("done", str(save_geometry(geometry, task.folder)), "geometry")
    if task.path.suffix.lower() == SUFFIX:
        with journal.stage(f"Fusing the photos of {task.path.name}"):
            cloud, cameras = opened_joined(task.path)
        save_cameras(cameras, task.folder)
        return Event("done", str(save_geometry(cloud, task.folder)), "geometry")
    from recon.errors import PhotoError

    if not task.path.exists():
        raise PhotoError(f"{task.path} does not exist")
    with journal.stage(f"Opening {task.path.name}"):
        scene = _scene(task, journal, send)
    result = task.folder / "scene.npz"
    scene.write_scene_file(result)
    return Event("done", str(result), "scene")


def main() -> None:
    """Runs one task from stdin; exits when stdin is closed, because then the window has closed."""
    # Output of libraries on stdout must not be mixed with the events.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = Task.from_line(sys.stdin.readline())
    threading.Thread(target=_leave_with, args=(sys.stdin,), daemon=True).start()

    def send(event: Event) -> None:
        channel.write(event.as_line())
        channel.flush()

    try:
        run(task, send)
    except BrokenPipeError:
        os._exit(1)
    channel.flush()
    # Not a regular exit: a thread of torch, or the one that reads stdin, may still be running.
    os._exit(0)


def _leave_with(stream: IO[str]) -> None:
    stream.read()
    os._exit(1)


if __name__ == "__main__":
    main()
