"""Reconstructs many photos into one folder."""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recon.batch.events import Event, Summary
from recon.batch.item import Maker
from recon.batch.plan import plan_batch
from recon.batch.runner import Events, Runner
from recon.options import Options

if TYPE_CHECKING:
    from recon.batch.ray_cluster import RayCluster


def run(
    inputs: str | Path | Iterable[str | Path],
    folder: str | Path,
    options: Options | None = None,
    *,
    formats: Sequence[str] = ("ply",),
    maker: Maker | None = None,
    every: int = 1,
    steady: bool = True,
    recursive: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    workers: int | None = None,
    ray: "RayCluster | str | None" = None,
    on_event: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> Summary:
    """Turns many photos, or the frames of videos, into files in one folder; a photo that fails does not stop the run.

    Does the same as ``recon build`` and ``recon depth`` with several photos: the same files, the same run log
    (``batch.jsonl``) and the same list of failed photos (``failed.json``) in the folder.

    Args:
        inputs: Photos, folders, patterns and videos, or URLs of photos in an object store (``s3://bucket/photos``).
            Each output has its photo's path relative to the common folder of all inputs.
        folder: The output folder. It is created if needed, but its parent must exist. It may be a URL.
        options: Options for all photos; ``depth`` may be a folder with a depth file for each photo.
        formats: Names of scene formats, such as ``glb``, each with its default shape.
        maker: Replaces ``formats``: ``SceneFiles`` with a shape, ``DepthFiles``, or your own class.
        every: Use every Nth frame of a video.
        steady: Whether the depth of a video's frames is made steady in time; otherwise each is estimated alone.
        recursive: Whether to include subfolders.
        resume: Whether to skip the finished photos of an earlier run, and replace its unfinished ones.
        overwrite: Whether to replace existing files.
        workers: Number of photos whose geometry is made and written in parallel; None: by the number of cores.
        ray: A Ray cluster, or its address, whose workers process the photos. They read the inputs and write the
            outputs themselves, in an object store or in folders that all machines share.
        on_event: Called with every event, by one thread at a time but not always the same one. An exception that it
            raises ends the run.
        cancel: When it is set, by ``on_event`` or any thread, the run completes the files that it is writing and
            ends. Ctrl-C does the same and raises ``KeyboardInterrupt``.

    Returns:
        What was written and what failed.

    Raises:
        ValueError: Options that apply to a single photo, or cannot be combined.
        ReconError: The run cannot start or continue: there is no photo, files are in the way, another run is using
            the folder, weights are missing, or the disk is full.
    """
    events = Events(on_event)
    plan = plan_batch(
        inputs,
        folder,
        options,
        formats=formats,
        maker=maker,
        every=every,
        steady=steady,
        recursive=recursive,
        resume=resume,
        overwrite=overwrite,
        on_event=events,
        lock=True,
    )
    cancel = cancel or threading.Event()
    with plan.record:
        if ray is None:
            return Runner(plan, events, cancel).run(workers)
        from recon.batch.ray_pipeline import run_on_ray

        return run_on_ray(plan, events, cancel, ray, workers)
