"""The service without HTTP: a bounded queue of jobs, their files, and how long they are kept."""

import asyncio
import math
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from recon.batch.shared_models import SharedModels
from recon.constraint_text import values_of
from recon.constraints import Constraint
from recon.errors import ReconError
from recon.journal import LoggingJournal
from recon.options import Options
from recon.units import Unit
from recon_serve.bodies import SceneAnswer
from recon_serve.errors import Refusal
from recon_serve.jobs import Job
from recon_serve.progress import JobJournal, without
from recon_serve.scene_files import FILES, SCENE, Positions, Scenes, measured, rescale, write_file
from recon_serve.settings import Settings
from recon_serve.worker import INTERNAL, Outcome, Worker, build, check_photo

Made = TypeVar("Made")
_PATIENCE_S = 5.0
"""How long a stop waits for the current stage of a job."""


class Service:
    """Holds all jobs. Its methods are called in the event loop's thread."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.clock = settings, clock
        self.jobs: dict[str, Job] = {}
        self.worker = Worker(SharedModels(settings.options, LoggingJournal()))
        self.stopping = False
        self._checking = ThreadPoolExecutor(1, "recon-serve-check")
        self._writing = ThreadPoolExecutor(1, "recon-serve-files")
        self._scenes = Scenes()
        self._took_s = 1.0

    async def start(self) -> None:
        """Makes the folder and starts the worker."""
        self.loop = asyncio.get_running_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="recon-serve-"))
        self.worker.start()

    def stop_soon(self) -> None:
        """Refuses new jobs and ends all others; their clients get an answer."""
        self.stopping = True
        for job in list(self.jobs.values()):
            self.remove(job)

    async def stop(self) -> None:
        """Ends everything and removes the folder."""
        self.stop_soon()
        await asyncio.to_thread(self.worker.stop, _PATIENCE_S)
        for pool in (self._checking, self._writing):
            pool.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def check_room(self) -> None:
        """Refuses a photo for which there is no room.

        Raises:
            Refusal: The queue is full, or the service is stopping.
        """
        if self.stopping:
            raise Refusal(503, "Stopping", "the service is stopping")
        waiting = self.waiting
        if waiting >= self.settings.most_queued:
            seconds = max(1, math.ceil(self._took_s * (waiting + 1) / 2))
            raise Refusal(
                429,
                "QueueFull",
                f"{waiting} photos are waiting already: try again in {seconds} s",
                {"Retry-After": str(seconds)},
            )

    @property
    def waiting(self) -> int:
        """Number of photos that wait."""
        return sum(job.state == "queued" for job in self.jobs.values())

    async def submit(self, photo: BinaryIO, name: str, options: Options) -> Job:
        """Checks a photo and queues it.

        Raises:
            ReconError: The photo is damaged or too large, or the options do not fit it.
            Refusal: The queue has become full.
        """
        key = secrets.token_urlsafe(18)
        folder = self.folder / key
        path = folder / name

        def check() -> tuple[int, int]:
            folder.mkdir()
            with path.open("wb") as file:
                shutil.copyfileobj(photo, file)
            return check_photo(path, options, most_pixels=self.settings.most_pixels)

        try:
            size_px = await self._run(self._checking, check, folder)
            self.check_room()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        job = Job(key, folder, path, options, size_px, created_s=self.clock())
        self.jobs[key] = job
        job.become("queued")
        self.worker.submit(lambda: self._work(job))
        self.expire()
        return job

    def _work(self, job: Job) -> None:
        """In the worker's thread."""
        if job.cancelled.is_set():
            return
        self._tell(job.become, "running")
        journal = JobJournal(
            lambda event: self._tell(job.add, event),
            job.cancelled,
            most_s=self.settings.job_s,
            folder=str(job.folder),
        )
        outcome = build(job, self.worker.models, journal, most_pixels=self.settings.most_pixels)
        self._tell(self._finish, job, outcome)

    def _tell(self, act: Callable[..., None], *arguments: Any) -> None:
        """Calls in the event loop's thread; nothing happens if the service has ended."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(act, *arguments)

    def _finish(self, job: Job, outcome: Outcome) -> None:
        job.photo.unlink(missing_ok=True)
        if outcome.facts is None and outcome.failure is None:
            self.remove(job)
            return
        if outcome.failure is None:
            self._took_s = 0.7 * self._took_s + 0.3 * outcome.took_s
        job.facts, job.failure = outcome.facts or {}, outcome.failure
        job.become("done" if outcome.failure is None else "failed")
        self.expire()
        self.limit_size()

    def remove(self, job: Job) -> None:
        """Removes a job and its files; if it is running, it stops at its next stage."""
        self.jobs.pop(job.key, None)
        job.cancelled.set()
        job.become("removed")
        self._writing.submit(self._scenes.forget, job.folder)
        shutil.rmtree(job.folder, ignore_errors=True)

    def expire(self) -> None:
        """Removes scenes that are too old."""
        for job in [job for job in self._ended if self.clock() - job.created_s > self.settings.keep_s]:
            self.remove(job)

    def limit_size(self) -> None:
        """Removes the oldest scenes beyond the limit of all sizes; the last one stays."""
        sizes = [(job, size_of(job.folder)) for job in self._ended]
        total = sum(size for _, size in sizes)
        for job, size in sizes[:-1]:
            if total <= self.settings.keep_bytes:
                break
            total -= size
            self.remove(job)

    @property
    def _ended(self) -> list[Job]:
        """Jobs that have ended, the oldest first."""
        return [job for job in self.jobs.values() if job.ended]

    def find(self, key: str) -> Job:
        """The job of a key.

        Raises:
            Refusal: There is none.
        """
        self.expire()
        job = self.jobs.get(key)
        if job is None:
            raise Refusal(404, "NotFound", "there is no such scene; it may be removed, or too old")
        return job

    def answer(self, job: Job) -> SceneAnswer:
        """The job for its client."""
        order = [one for one in self.jobs.values() if not one.ended]
        ahead = order.index(job) if job.state == "queued" and job in order else None
        return SceneAnswer.of(job, ahead)

    def scene_path(self, job: Job) -> Path:
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
        return job.folder / str(job.version) / SCENE

    async def file(self, job: Job, name: str) -> Path:
        """One of ``FILES`` of a scene, made if it is not there."""
        scene = self.scene_path(job)
        path = scene.with_name(name)
        if not path.exists():

            def make() -> None:
                if not path.exists():
                    write_file(self._scenes.load(scene), path, job.warnings)

            await self._on_scene(job, make)
            self.limit_size()
            self.find(job.key)  # its own file may have been one too many
        return path

    async def measure(self, job: Job, quantity: str, positions: Positions, unit: Unit) -> dict[str, Any]:
        """A measurement with its interval, as plain values."""
        path = self.scene_path(job)
        return await self._on_scene(job, lambda: measured(self._scenes.load(path), quantity, positions, unit))

    async def calibrate(self, job: Job, known: Sequence[Constraint]) -> None:
        """Rescales a scene to known measurements, which replace earlier ones; none restore the first scale."""
        self.scene_path(job)
        job.versions += 1
        number = job.versions
        base, path = job.folder / "0" / SCENE, job.folder / str(number) / SCENE
        facts = await self._on_scene(job, lambda: rescale(self._scenes.load(base), known, path))
        if number < job.version:  # a later one was faster
            return
        old, job.version = job.version, number
        job.facts, job.known = facts, [values_of(one) for one in known]
        self._forget_version(job, old)

    def _forget_version(self, job: Job, version: int) -> None:
        """Removes the files of an earlier scale, except the first; downloads that have begun are not disturbed."""
        folder = job.folder / str(version)
        self._writing.submit(self._scenes.forget, folder)
        if version > 0:
            self._writing.submit(shutil.rmtree, folder, ignore_errors=True)
        else:
            for name in FILES.keys() - {SCENE}:
                (folder / name).unlink(missing_ok=True)

    async def _on_scene(self, job: Job, work: Callable[[], Made]) -> Made:
        """Runs work on the files of a scene, one piece at a time."""
        try:
            return await self._run(self._writing, work, job.folder)
        except Exception:
            if job.state == "removed":
                raise Refusal(404, "NotFound", "the scene was removed meanwhile") from None
            raise

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], Made], folder: Path) -> Made:
        try:
            return await self.loop.run_in_executor(pool, work)
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
