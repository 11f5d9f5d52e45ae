"""The service without HTTP: a bounded queue of jobs, their files, and how long they are kept."""

import asyncio
import math
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from recon.batch.shared_models import SharedModels
from recon.journal import LoggingJournal
from recon.options import Options
from recon.temporary_folders import process_folder
from recon_serve.bodies import SceneAnswer
from recon_serve.errors import Refusal
from recon_serve.jobs import Job
from recon_serve.progress import JobJournal
from recon_serve.results import Results, run, size_of
from recon_serve.settings import Settings
from recon_serve.worker import Outcome, Worker, build, check_photo

_PATIENCE_S = 5.0
"""How long a stop waits for the operation of a network that is running."""


class Service:
    """Holds all jobs. Its methods are called in the event loop's thread."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.clock = settings, clock
        self.jobs: dict[str, Job] = {}
        self.worker = Worker(SharedModels(settings.options, LoggingJournal()))
        self.stopping = False
        self._checking = ThreadPoolExecutor(1, "recon-serve-check")
        self.results = Results()
        self._took_s = 1.0

    async def start(self) -> None:
        """Makes the folder and starts the worker."""
        self.loop = asyncio.get_running_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="serve-", dir=process_folder()))
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
        self.results.stop()
        self._checking.shutdown(wait=False, cancel_futures=True)
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
            size_px = await run(self._checking, check, folder)
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
        """Removes a job and its files; if it is running, it stops soon."""
        self.jobs.pop(job.key, None)
        job.cancelled.set()
        job.become("removed")
        self.results.remove(job.folder)

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

    async def file(self, job: Job, name: str) -> Path:
        """One of ``FILES`` of a scene, made if it is not there; older scenes may go for it."""
        path = await self.results.file(job, name)
        self.limit_size()
        self.find(job.key)  # it may have been one too many itself
        return path
