"""A batch on a Ray cluster: a Ray Data pipeline whose actors keep one model each and run the three steps.

Ray repeats the block of photos of a worker that dies: a photo may be processed more than once. Its outputs then
replace themselves under the same names, each whole; the record, which only this process writes, takes the first
answer. A photo that is in work each time a worker dies is given up.
"""

import os
import pickle
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

from recon.batch.events import Counted, Summary
from recon.batch.item import Item, Maker
from recon.batch.journals import ItemJournal
from recon.batch.plan import Plan
from recon.batch.ray_cluster import RayCluster, first_line
from recon.batch.runner import Events, Runner
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import MOST_FINISHING, Outcome, overlapped
from recon.batch.steps import Done, Estimated, estimate, finish, load
from recon.errors import Failure, PhotoError, ReconError
from recon.journal import Entry, Journal
from recon.options import Options
from recon.pipeline import Prepared

_BLOCK = 16
"""Photos that a worker gets at a time: the steps overlap within a block, which is repeated if the worker dies."""
_TRIES = 3
"""How many workers may die of a photo."""


class WorkerDied(ReconError):
    """Workers died of a photo: out of memory, or a crash in a library."""


class Deaths:
    """An actor: counts how often a photo was in work when its worker died."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()

    def of(self, names: Sequence[str]) -> list[int]:
        """The counts of photos that are not in work now."""
        return [self._begun[name] for name in names]

    def begin(self, name: str) -> None:
        """The photo is in work."""
        self._begun[name] += 1

    def end(self, name: str) -> None:
        """It is not, and its worker lives."""
        del self._begun[name]


@dataclass(frozen=True)
class Job:
    """What every worker needs."""

    options: Options
    maker: Maker
    output: Path
    """The output folder."""
    folder: str
    """The working directory, to which relative paths refer."""
    threads: int
    """For finishing."""


@dataclass(frozen=True)
class Answer:
    """The result of one photo, from the worker to this process."""

    name: str
    done: Done | None
    error: Exception | None
    cause: OSError | None
    """What the system said, such as that the disk is full; pickle leaves causes out."""
    entries: tuple[Entry, ...]
    """Of the photo's journal."""
    notes: tuple[Entry, ...]
    """Of the worker's journal since its last answer: the choice of the model."""


class Worker:
    """An actor: keeps its model between blocks."""

    def __init__(self, job: Job, deaths: Any) -> None:
        with suppress(OSError):  # inputs and outputs in a store need no folder
            os.chdir(job.folder)
        self.job, self._deaths, self._notes = job, deaths, Journal()
        self._models = SharedModels(job.options, self._notes)

    def __call__(self, block: dict[str, Any]) -> Iterator[dict[str, list[bytes]]]:
        """Processes the items of a block, and yields their answers.

        The steps of several photos overlap, unless a worker has died of this block: to find the photo it died of,
        they are then processed one by one.
        """
        import ray

        job, journals = self.job, dict[str, Journal]()
        items = [self._unpacked(packed) for packed in block["item"]]
        names = [item.name for item in items]
        deaths = dict(zip(names, ray.get(self._deaths.of.remote(names)), strict=True))

        def loaded(item: Item) -> Prepared:
            journals[item.name] = Journal()
            if deaths[item.name] >= _TRIES:
                raise WorkerDied(f"{item.path}: {_TRIES} workers died of it, perhaps for lack of memory.")
            ray.get(self._deaths.begin.remote(item.name))
            return load(item, job.options, journals[item.name])

        def estimated(item: Item, prepared: Prepared) -> Estimated:
            return estimate(item, prepared, self._models, journals[item.name])

        def finished(item: Item, scene: Estimated) -> Done:
            # What is in the way was found before the run: what is there now is from an earlier try of this block.
            return finish(item, scene, job.maker, journals[item.name], overwrite=True)

        for group in [[item] for item in items] if any(deaths.values()) else [items]:
            for outcome in overlapped(group, loaded, estimated, finished, finishing=job.threads):
                if not isinstance(outcome.error, WorkerDied):
                    self._deaths.end.remote(outcome.item.name)
                yield {"answer": [_pickled(self._answer(outcome, journals.pop(outcome.item.name)))]}

    def _unpacked(self, packed: bytes) -> Item:
        item, names = pickle.loads(packed)
        targets = self.job.maker.targets(self.job.output / item.name)
        return replace(item, targets=[target for target in targets if target.path.name in names])

    def _answer(self, outcome: Outcome[Item, Done], journal: Journal) -> Answer:
        notes = tuple(self._notes.entries)
        self._notes.entries.clear()
        error = outcome.error
        cause = None if error is None else error.__cause__
        # Only its number: a library's own exception may not be what unpickles.
        cause = OSError(cause.errno, cause.strerror) if isinstance(cause, OSError) else None
        return Answer(outcome.item.name, outcome.value, error, cause, tuple(journal.entries), notes)


class RayRunner(Runner):
    """A run on a cluster. ``Written`` and ``Failed`` come in the order in which the photos are finished."""

    begins_all: ClassVar = True

    def __init__(self, plan: Plan, events: Events, cancel: threading.Event, cluster: RayCluster) -> None:
        super().__init__(plan, events, cancel)
        self._cluster = cluster

    def _work(self, workers: int | None) -> None:
        plan, cluster = self.plan, self._cluster
        left = {item.name: item for item in plan.items(self.models, self._shared)}
        self.events(Counted(len(left)))
        threads = max(1, min(ceil(cluster.cpus) - 1, MOST_FINISHING)) if workers is None else workers
        job = Job(plan.options, plan.maker, plan.folder, os.getcwd(), threads)
        for answer in _answers(list(left.values()), job, cluster):
            # Missing: Ray has repeated a block of which some answers had arrived.
            if (item := left.pop(answer.name, None)) is not None:
                self._take(item, answer)
            if self._is_stopped:
                return
        for item in left.values():
            self._report(Outcome(item, None, WorkerDied(f"{item.path}: the cluster lost its answer.")))

    def _take(self, item: Item, answer: Answer) -> None:
        for entry in answer.notes:
            self._note(entry)
        journal = self._journals[item.name] = ItemJournal(item.name, self.events, self._network)
        journal.entries.extend(answer.entries)
        if answer.done is not None:
            self.plan.end(item, answer.done)
        if answer.error is not None:
            answer.error.__cause__ = answer.cause
        self._report(Outcome(item, answer.done, answer.error))

    def _note(self, entry: Entry) -> None:
        """Passes on what a worker says of all photos, unless another one has said it."""
        if entry not in self._shared.entries:
            self._shared.entries.append(entry)
            self._shared.show(entry)


def run_on_ray(
    plan: Plan, events: Events, cancel: threading.Event, cluster: RayCluster | str, workers: int | None
) -> Summary:
    """Executes a plan on a cluster, as documented for ``recon.batch.run``.

    Raises:
        ReconError: There are videos, Ray is not installed, or the cluster cannot be reached.
    """
    if videos := [file.path.name for file in plan.todo if file.is_video]:
        raise PhotoError(f"{videos[0]} is a video: --ray processes photos; run videos without it.")
    cluster = RayCluster(cluster) if isinstance(cluster, str) else cluster
    with cluster.connected():
        return RayRunner(plan, events, cancel, cluster).run(workers)


def _answers(items: Sequence[Item], job: Job, cluster: RayCluster) -> Iterator[Answer]:
    """The answers of the workers, as they arrive; at least one for each photo.

    Raises:
        ReconError: The workers cannot start, or no worker fits on the cluster.
    """
    import ray.data

    actors = cluster.actors_for(job.options)
    size = min(_BLOCK, ceil(len(items) / actors.most))
    dataset = ray.data.from_items(
        [{"item": _packed(item)} for item in items], override_num_blocks=ceil(len(items) / size)
    ).map_batches(
        Worker,
        fn_constructor_args=(job, ray.remote(num_cpus=0)(Deaths).remote()),
        batch_size=size,
        compute=ray.data.ActorPoolStrategy(min_size=actors.least, max_size=actors.most),
        num_cpus=cluster.cpus,
        num_gpus=actors.gpus,
    )
    dataset.context.enable_progress_bars = False
    try:
        for row in dataset.iter_rows():
            yield pickle.loads(row["answer"])
    except ray.exceptions.RayError as error:
        raise ReconError(f"the Ray cluster failed: {first_line(error)}. Use --resume to continue.") from error


def _packed(item: Item) -> bytes:
    """The item with the names of its targets only: the maker makes them again, and formats cannot be pickled."""
    return pickle.dumps((replace(item, targets=()), [target.path.name for target in item.targets]))


class _Pickler(pickle.Pickler):
    """Pickles exceptions without their constructors, whose arguments may differ from what they keep."""

    def reducer_override(self, value: Any) -> Any:
        """For exceptions: class, ``args`` and attributes."""
        if isinstance(value, BaseException):
            return _rebuilt, (type(value), value.args), vars(value) or None
        return NotImplemented


def _rebuilt(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    return kind.__new__(kind, *args)


def _pickled(answer: Answer) -> bytes:
    """The answer as bytes; an exception that cannot be pickled is replaced by its type and message."""
    data = BytesIO()
    try:
        _Pickler(data).dump(answer)
        pickle.loads(data.getvalue())
        return data.getvalue()
    except Exception:
        failure = Failure.of(answer.error or RuntimeError("the answer cannot be pickled"))
        error = RuntimeError(f"{failure.type}: {failure.message}")
        return pickle.dumps(replace(answer, done=None, error=error, cause=None))
