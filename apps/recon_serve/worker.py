"""One thread with one warm model: photos become scenes, one after the other."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from recon.batch.shared_models import SharedModels
from recon.calibration.references import open_scale_sources
from recon.errors import Failure, ReconError
from recon.journal import Journal
from recon.malloc_trim import trim_memory
from recon.options import Options
from recon.photo.read import read_photo
from recon.pipeline import Prepared, compose_scene, estimate_depth, prepare
from recon.scene import Scene
from recon.types import Photo
from recon_serve.jobs import Job
from recon_serve.progress import Cancelled, JobJournal, LateError, without
from recon_serve.scene_files import SCENE, facts_of

LOG = logging.getLogger("recon.serve")
INTERNAL = Failure("InternalError", "the service failed on this request; its log says why")


@dataclass(frozen=True)
class Outcome:
    """Of a job: the facts of its scene, or why there is none; neither if it was cancelled."""

    facts: Mapping[str, Any] | None = None
    failure: Failure | None = None
    took_s: float = 0.0


class Worker:
    """Runs jobs in the order in which they come. The thread is a daemon: one operation of a network may be long."""

    def __init__(self, models: SharedModels) -> None:
        self.models = models
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recon-serve-model", daemon=True)

    def start(self) -> None:
        """Starts the thread, which loads the model first."""
        self._tasks.put(self._warm_up)
        self._thread.start()

    def submit(self, work: Callable[[], None]) -> None:
        """Queues a piece of work; it must not raise."""
        self._tasks.put(work)

    def stop(self, patience_s: float) -> None:
        """Ends the thread after its current work, and waits for it for a while."""
        self._tasks.put(None)
        self._thread.join(patience_s)

    def _run(self) -> None:
        while (work := self._tasks.get()) is not None:
            work()
            del work
            trim_memory()

    def _warm_up(self) -> None:
        """Loads the weights now rather than with the first photo."""
        try:
            photo = Photo(np.full((64, 64, 3), 128, np.uint8))
            prepared = Prepared(photo, self.models.options, (), None)
            estimate_depth(prepared, self.models.estimator_for(prepared), Journal())
        except ReconError as error:
            LOG.error("the model is not ready: %s", error)
        except Exception:
            LOG.exception("the model is not ready")


def check_photo(path: Path, options: Options, *, most_pixels: int) -> tuple[int, int]:
    """Reads a photo and everything that is known before a model runs, and forgets it: waiting jobs take no memory.

    Returns:
        Width and height of the upright photo, px.

    Raises:
        ReconError: The photo is damaged or too large, or the options do not fit it.
    """
    photo = prepare(read_photo(path, max_pixels=most_pixels), options, Journal()).photo
    return photo.width, photo.height


def build(job: Job, models: SharedModels, journal: JobJournal, *, most_pixels: int) -> Outcome:
    """Makes the scene of a job and writes its scene file; never raises."""
    started = time.monotonic()
    folder = str(job.folder)
    try:
        journal.check()
        with journal.stage("Reading the photo"):
            prepared = prepare(read_photo(job.photo, max_pixels=most_pixels), job.options, journal)
        scene = _scene(prepared, models, journal)
        with journal.stage("Saving the scene"):
            facts = facts_of(scene)
            result = job.folder_of(0) / SCENE
            result.parent.mkdir()
            scene.write_scene_file(result)
    except LateError:
        took_s = time.monotonic() - started
        return Outcome(
            failure=Failure("TimeoutError", f"the photo took too long ({took_s:.0f} s); use a smaller one")
        )
    except Cancelled:
        return Outcome()
    except ReconError as error:
        if job.cancelled.is_set():  # its folder is gone
            return Outcome()
        return Outcome(failure=Failure(type(error).__name__, without(folder, str(error))))
    except MemoryError:
        return Outcome(
            failure=Failure("MemoryError", "the photo does not fit into memory; use a smaller one")
        )
    except Exception:
        if job.cancelled.is_set():
            return Outcome()
        LOG.exception("a photo of %d x %d px failed", *job.size_px)
        return Outcome(failure=INTERNAL)
    return Outcome(facts, took_s=time.monotonic() - started)


def _scene(prepared: Prepared, models: SharedModels, journal: Journal) -> Scene:
    """``recon.pipeline.reconstruct`` with the warm model."""
    estimator = models.estimator_for(prepared)
    scale_sources = open_scale_sources(estimator, prepared.options, prepared.constraints, journal)
    return compose_scene(prepared, estimate_depth(prepared, estimator, journal), scale_sources, journal)
