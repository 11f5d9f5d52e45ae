"""The scenes of finished jobs: their files, measuring and rescaling, one piece of work at a time."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from recon.constraint_text import values_of
from recon.constraints import Constraint
from recon.errors import ReconError
from recon.units import Unit
from recon_serve.errors import Refusal
from recon_serve.jobs import Job
from recon_serve.progress import without
from recon_serve.scene_files import FILES, SCENE, Positions, Scenes, measured, rescale, write_file
from recon_serve.worker import INTERNAL

Made = TypeVar("Made")


def scene_path(job: Job) -> Path:
    """The scene file of a job that is done.

    Raises:
        Refusal: It is not, or has failed.
    """
    if job.failure is not None:
        raise Refusal(500 if job.failure == INTERNAL else 422, job.failure.type, job.failure.message)
    if job.state != "done":
        raise Refusal(
            409, "NotReady", f"the scene is not ready: {job.stage or job.state}", {"Retry-After": "1"}
        )
    return job.folder_of(job.version) / SCENE


class Results:
    """Works on scenes in a thread of its own; its methods are called in the event loop's thread."""

    def __init__(self) -> None:
        self._writing = ThreadPoolExecutor(1, "recon-serve-files")
        self._scenes = Scenes()

    def stop(self) -> None:
        """Drops the work that waits."""
        self._writing.shutdown(wait=False, cancel_futures=True)

    def remove(self, folder: Path) -> None:
        """Removes the files of a job."""
        with suppress(RuntimeError):  # the service has stopped
            self._writing.submit(self._scenes.forget, folder)
        shutil.rmtree(folder, ignore_errors=True)

    async def file(self, job: Job, name: str) -> Path:
        """One of ``FILES`` of a scene, made if it is not there."""
        scene = scene_path(job)
        path = scene.with_name(name)
        if not path.exists():

            def make() -> None:
                if not path.exists():
                    write_file(self._scenes.load(scene), path, [*job.warnings, *job.doubts])

            await self._on_scene(job, make)
        return path

    async def measure(self, job: Job, quantity: str, positions: Positions, unit: Unit) -> dict[str, Any]:
        """A measurement with its interval, as plain values."""
        path = scene_path(job)
        return await self._on_scene(job, lambda: measured(self._scenes.load(path), quantity, positions, unit))

    async def calibrate(self, job: Job, known: Sequence[Constraint]) -> None:
        """Rescales a scene to known measurements, which replace earlier ones; none restore the first scale."""
        scene_path(job)
        job.versions += 1
        number = job.versions
        base, path = job.folder_of(0) / SCENE, job.folder_of(number) / SCENE
        facts, doubts = await self._on_scene(job, lambda: rescale(self._scenes.load(base), known, path))
        if number < job.version:  # a later one was faster
            return
        old, job.version = job.version, number
        job.facts, job.doubts, job.known = facts, doubts, [values_of(one) for one in known]
        self._forget_version(job, old)

    def _forget_version(self, job: Job, version: int) -> None:
        """Removes the files of an earlier scale, except the first; downloads that have begun are not disturbed."""
        folder = job.folder_of(version)
        self._writing.submit(self._scenes.forget, folder)
        if version > 0:
            self._writing.submit(shutil.rmtree, folder, ignore_errors=True)
        else:
            for name in FILES.keys() - {SCENE}:
                (folder / name).unlink(missing_ok=True)

    async def _on_scene(self, job: Job, work: Callable[[], Made]) -> Made:
        """Runs work on the files of a scene, one piece at a time."""
        try:
            return await run(self._writing, work, job.folder)
        except Exception:
            if job.state == "removed":
                raise Refusal(404, "NotFound", "the scene was removed meanwhile") from None
            raise


async def run(pool: ThreadPoolExecutor, work: Callable[[], Made], folder: Path) -> Made:
    """Runs work in a thread.

    Raises:
        Refusal: It raised a ReconError; the message is without the folder.
    """
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
    except ReconError as error:
        raise Refusal(422, type(error).__name__, without(str(folder), str(error))) from error


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder, any of which may vanish meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total
