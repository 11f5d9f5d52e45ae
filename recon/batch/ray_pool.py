"""The pipeline of a run on a Ray cluster: a Ray Data pipeline whose actors each keep one model.

Ray repeats the block of items of a worker that dies, so that there may be two answers for an item. An item that was
being processed each time a worker died is given up.
"""

import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from math import ceil
from typing import Any, Protocol

from recon.batch.ray_cluster import RayCluster, first_line
from recon.batch.ray_deaths import Deaths
from recon.errors import ReconError
from recon.journal import Journal
from recon.options import Device
from recon.threads import use_at_most

_TRIES = 3
"""How often an item may be in a block whose worker dies."""


class WorkerDied(ReconError):
    """An item was being processed each time a worker died: out of memory, or a crash in a library."""

    @classmethod
    def of(cls, path: object) -> "WorkerDied":
        """With the path of the photo."""
        return cls(f"{path}: {_TRIES} workers died while they processed it, perhaps for lack of memory.")


class Named(Protocol):
    """An item of a run."""

    @property
    def name(self) -> str:
        """Another one for each item."""
        ...


class Processor(Protocol):
    """Processes items in a worker; it keeps its model."""

    def process(self, items: Sequence[Any]) -> Iterable[bytes]:
        """The pickled answers of all items; what is wrong with one of them is in its answer."""
        ...

    def give_up(self, item: Any) -> bytes:
        """The pickled answer of an item that is tried no more (``WorkerDied``)."""
        ...


class Job(Protocol):
    """What every worker needs; it is pickled."""

    @property
    def block(self) -> int:
        """How many items a worker gets at a time, at most; all are processed again if it dies."""
        ...

    @property
    def folder(self) -> str:
        """The working directory, to which relative paths refer."""
        ...

    def start(self) -> Processor:
        """Called once in each worker."""
        ...


class _Worker:
    """An actor: keeps its processor between blocks."""

    def __init__(self, job: Job, deaths: Any, cpus: float) -> None:
        use_at_most(ceil(cpus))
        with suppress(OSError):  # inputs and outputs in a store need no folder
            os.chdir(job.folder)
        self._processor, self._deaths = job.start(), deaths

    def __call__(self, row: dict[str, bytes]) -> dict[str, Any]:
        """Processes a block of items: all at once, but one by one if any was in a block whose worker died, to find
        the one that was the reason."""
        import ray

        items: list[Named] = pickle.loads(row["items"])
        deaths = ray.get(self._deaths.of.remote([item.name for item in items]))
        answers, left = list[bytes](), list[Named]()
        for item, count in zip(items, deaths, strict=True):
            if count < _TRIES:
                left.append(item)
            else:
                answers.append(self._processor.give_up(item))
        for group in [[item] for item in left] if any(deaths) else [left]:
            names = [item.name for item in group]
            ray.get(self._deaths.begin.remote(names))
            answers += self._processor.process(group)
            self._deaths.end.remote(names)
        return {"answers": pickle.dumps(answers), "deaths": max(deaths)}


def _death(times: int) -> str:
    if times >= _TRIES:
        return f"{times} workers died; what was being processed each time is given up"
    died = "a worker died" if times == 1 else f"{times} workers died"
    return f"{died}; what was being processed was processed again, one by one"


def answers_of(
    items: Sequence[Named], job: Job, cluster: RayCluster, device: Device, journal: Journal
) -> Iterator[Any]:
    """The answers of the workers, as they arrive; at least one for each item that the cluster does not lose.

    Args:
        items: They are pickled.
        job: What to do with them.
        cluster: It is connected.
        device: What the model runs on.
        journal: Receives a warning for each block whose worker died.

    Raises:
        ReconError: The workers cannot start, or no worker fits on the cluster.
    """
    import ray.data

    actors = cluster.actors_for(device)
    if not items:
        return
    size = min(job.block, ceil(len(items) / actors.most))
    blocks = [{"items": pickle.dumps(items[first : first + size])} for first in range(0, len(items), size)]
    # Where memory is low, Ray may kill any process, also the counter: it then starts again, and knows of no deaths.
    deaths = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Deaths).remote()
    dataset = ray.data.from_items(blocks, override_num_blocks=len(blocks)).map(
        _Worker,
        fn_constructor_args=(job, deaths, cluster.cpus),
        compute=ray.data.ActorPoolStrategy(
            min_size=min(actors.least, len(blocks)), max_size=min(actors.most, len(blocks))
        ),
        num_cpus=cluster.cpus,
        num_gpus=actors.gpus,
    )
    dataset.context.enable_progress_bars = False
    try:
        for row in dataset.iter_rows():
            if row["deaths"]:
                journal.warn("worker", _death(row["deaths"]))
            yield from map(pickle.loads, pickle.loads(row["answers"]))
    except ray.exceptions.RayError as error:
        raise ReconError(f"the Ray cluster failed: {first_line(error)}. Use --resume to continue.") from error
