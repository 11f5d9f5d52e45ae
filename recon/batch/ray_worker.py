"""A worker of a batch on a Ray cluster: keeps one model, runs the three steps, and answers for each photo."""

import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from recon.batch.item import Item, Maker
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import Outcome, overlapped
from recon.batch.steps import Done, Estimated, estimate, finish, load
from recon.errors import Failure, ReconError
from recon.journal import Entry, Journal
from recon.options import Options
from recon.pipeline import Prepared

_TRIES = 3
"""How many workers may die of a photo."""


class WorkerDied(ReconError):
    """Workers died of a photo: out of memory, or a crash in a library."""


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

    def __call__(self, row: dict[str, bytes]) -> dict[str, bytes]:
        """Processes the items of a block, ``items`` as ``packed``, into their ``answers``, as ``pickled``.

        The steps of several photos overlap, unless a worker has died of this block: to find the photo it died of,
        they are then processed one by one.
        """
        import ray

        items = [self._item(*each) for each in pickle.loads(row["items"])]
        deaths = ray.get(self._deaths.of.remote([item.name for item in items]))
        answers, left = list[Answer](), list[Item]()
        for item, count in zip(items, deaths, strict=True):
            if count < _TRIES:
                left.append(item)
            else:
                error = WorkerDied(f"{item.path}: {_TRIES} workers died of it, perhaps for lack of memory.")
                answers.append(self._answer(Outcome(item, None, error), Journal()))
        for group in [[item] for item in left] if any(deaths) else [left]:
            names = [item.name for item in group]
            ray.get(self._deaths.begin.remote(names))
            answers += self._processed(group)
            self._deaths.end.remote(names)
        return {"answers": pickle.dumps([pickled(answer) for answer in answers])}

    def _processed(self, items: Sequence[Item]) -> Iterator[Answer]:
        job, journals = self.job, {item.name: Journal() for item in items}

        def loaded(item: Item) -> Prepared:
            return load(item, job.options, journals[item.name])

        def estimated(item: Item, prepared: Prepared) -> Estimated:
            return estimate(item, prepared, self._models, journals[item.name])

        def finished(item: Item, scene: Estimated) -> Done:
            # What is in the way was found before the run: what is there now is from an earlier try of this block.
            return finish(item, scene, job.maker, journals[item.name], overwrite=True)

        for outcome in overlapped(items, loaded, estimated, finished, finishing=job.threads):
            yield self._answer(outcome, journals.pop(outcome.item.name))

    def _item(self, item: Item, names: Sequence[str]) -> Item:
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


def packed(items: Sequence[Item]) -> bytes:
    """The items with the names of their targets only: the maker makes them again, and formats cannot be pickled."""
    names = ([target.path.name for target in item.targets] for item in items)
    return pickle.dumps([(replace(item, targets=()), each) for item, each in zip(items, names, strict=True)])


class _Pickler(pickle.Pickler):
    """Pickles exceptions without their constructors, whose arguments may differ from what they keep."""

    def reducer_override(self, value: Any) -> Any:
        """For exceptions: class, ``args`` and attributes."""
        if isinstance(value, BaseException):
            return _rebuilt, (type(value), value.args), vars(value) or None
        return NotImplemented


def _rebuilt(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    return kind.__new__(kind, *args)


def pickled(answer: Answer) -> bytes:
    """The answer as bytes; an exception that cannot be pickled is replaced by its type and message."""
    data = BytesIO()
    try:
        if answer.error is None:
            return pickle.dumps(answer)
        _Pickler(data).dump(answer)
        pickle.loads(data.getvalue())
        return data.getvalue()
    except Exception:
        failure = Failure.of(answer.error or RuntimeError("the answer cannot be pickled"))
        error = RuntimeError(f"{failure.type}: {failure.message}")
        return pickle.dumps(replace(answer, done=None, error=error, cause=None))
