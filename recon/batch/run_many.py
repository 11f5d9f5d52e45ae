"""Many photos to files in one folder."""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from recon.batch.events import Event, Summary
from recon.batch.item import Maker
from recon.batch.plan import plan_batch
from recon.batch.runner import Events, Runner
from recon.options import Options


def run(
    inputs: str | Path | Iterable[str | Path],
    folder: str | Path,
    options: Options | None = None,
    *,
    formats: Sequence[str] = ("ply",),
    maker: Maker | None = None,
    every: int = 1,
    recursive: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    workers: int | None = None,
    on_event: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> Summary:
    """Turns many photos, or the frames of videos, into files in one folder; what fails does not stop the others.

    Does what ``recon build`` and ``recon depth`` do with several photos: the same files, the same record
    (``batch.jsonl``) and the same list of what failed (``failed.json``) in the folder.

    Args:
        inputs: Photos, folders, patterns and videos; each output has its photo's path below the folder that all of
            them have in common.
        folder: For the outputs; it is made where need be, its own folder is not.
        options: Of all photos; a folder as ``depth`` holds a file for each.
        formats: Names of scene formats, such as ``glb``; their default shapes.
        maker: Takes the place of ``formats``: ``SceneFiles`` with a shape, ``DepthFiles``, or a class of yours.
        every: Of a video, take every Nth frame.
        recursive: Also the folders inside of a folder.
        resume: Skip what an earlier run in the folder has done, and replace what it has begun.
        overwrite: Replace files that are there.
        workers: Photos that are brought to geometry and written at once; None: by the processor cores.
        on_event: Called with every event, by one thread at a time but not always the same one. What it raises ends
            the run.
        cancel: Once it is set, by ``on_event`` or any thread, the run ends as soon as it has written what it is
            writing. Ctrl-C does the same and raises ``KeyboardInterrupt``.

    Returns:
        What was written and what failed.

    Raises:
        ValueError: Options that hold for one photo alone, or exclude each other.
        ReconError: Nothing can be done: no photo is found, files are in the way, another run is at work in the
            folder, the weights are missing, the disk is full.
    """
    events = Events(on_event)
    plan = plan_batch(
        inputs,
        folder,
        options,
        formats=formats,
        maker=maker,
        every=every,
        recursive=recursive,
        resume=resume,
        overwrite=overwrite,
        on_event=events,
        lock=True,
    )
    with plan.record:
        return Runner(plan, events, cancel or threading.Event()).run(workers)
