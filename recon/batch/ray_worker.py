"""A batch in a worker of a Ray cluster: runs the three steps, and answers for each photo."""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

from recon.batch.item import Item, Maker
from recon.batch.ray_pool import WorkerDied
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import Outcome, overlapped
from recon.batch.steps import Done, Estimated, estimate, finish, load
from recon.errors import Failure
from recon.journal import Entry, Journal
from recon.options import Options
from recon.pipeline import Prepared


@dataclass(frozen=True)
class Sent:
    """A photo on its way to a worker: formats cannot be pickled, so that the maker makes its targets again."""

    item: Item
    """Without its targets."""
    outputs: tuple[str, ...]
    """The names of its targets."""

    @classmethod
    def of(cls, item: Item) -> "Sent":
        """Without what cannot be pickled."""
        return cls(replace(item, targets=()), tuple(target.path.name for target in item.targets))

    @property
    def name(self) -> str:
        """That of the item."""
        return self.item.name


@dataclass(frozen=True)
class BatchJob:
    """What every worker needs."""

    block: ClassVar = 16
    """The steps of the photos of a block overlap."""
    options: Options
    maker: Maker
    output: Path
    """The output folder."""
    folder: str
    """The working directory, to which relative paths refer."""
    finishing: int | None
    """Number of finishing threads; None: by the worker's cores."""

    def start(self) -> "BatchProcessor":
        """Loads nothing yet."""
        return BatchProcessor(self)


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


class BatchProcessor:
    """Keeps its model between blocks; the steps of several photos overlap."""

    def __init__(self, job: BatchJob) -> None:
        self._job, self._notes = job, Journal()
        self._models = SharedModels(job.options, self._notes)

    def process(self, items: Sequence[Sent]) -> Iterator[bytes]:
        """The answers, ``pickled``."""
        job, journals = self._job, {sent.name: Journal() for sent in items}

        def loaded(item: Item) -> Prepared:
            return load(item, job.options, journals[item.name])

        def estimated(item: Item, prepared: Prepared) -> Estimated:
            return estimate(item, prepared, self._models, journals[item.name])

        def finished(item: Item, scene: Estimated) -> Done:
            # What is in the way was found before the run: what is there now is from an earlier try of this block.
            return finish(item, scene, job.maker, journals[item.name], overwrite=True)

        whole = map(self._with_targets, items)
        for outcome in overlapped(whole, loaded, estimated, finished, finishing=job.finishing):
            yield pickled(self._answer(outcome, journals.pop(outcome.item.name)))

    def give_up(self, sent: Sent) -> bytes:
        """The answer, ``pickled``."""
        return pickled(self._answer(Outcome(sent.item, None, WorkerDied.of(sent.item.path)), Journal()))

    def _with_targets(self, sent: Sent) -> Item:
        targets = self._job.maker.targets(self._job.output / sent.name)
        return replace(sent.item, targets=[each for each in targets if each.path.name in sent.outputs])

    def _answer(self, outcome: Outcome[Item, Done], journal: Journal) -> Answer:
        notes = tuple(self._notes.entries)
        self._notes.entries.clear()
        error = outcome.error
        cause = None if error is None else error.__cause__
        # Only its number: a library's own exception may not be what unpickles.
        cause = OSError(cause.errno, cause.strerror) if isinstance(cause, OSError) else None
        return Answer(outcome.item.name, outcome.value, error, cause, tuple(journal.entries), notes)


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
