"""An evaluation on a Ray cluster: each worker keeps one model, and evaluates pairs as ``recon.evaluate.run`` does."""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from recon.batch.ray_cluster import RayCluster
from recon.batch.ray_pool import WorkerDied, answers_of
from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.errors import Failure, ModelUnavailable
from recon.evaluate import Compared, Measures, Pair, Row, Settings
from recon.evaluate.evaluate_all import PairJournal, failure_of, row_of
from recon.journal import Entry, Journal


@dataclass(frozen=True)
class EvalJob:
    """What every worker needs."""

    block: ClassVar = 1
    """A pair takes seconds to minutes: each is shown, and saved for ``--resume``, when it is finished."""
    model: str
    """A name that each machine can create its estimator from."""
    run: RunOptions
    settings: Settings
    measured: Callable[[Compared], None]
    """Called in the worker with each successful pair."""
    folder: str
    """The working directory, to which relative paths refer."""

    def start(self) -> "EvalProcessor":
        """Loads nothing yet."""
        return EvalProcessor(self)


@dataclass(frozen=True)
class EvalAnswer:
    """The result of one pair."""

    pair: str
    row: Row | None
    unavailable: str | None
    """Why the model cannot run, if there is no row."""
    entries: tuple[Entry, ...]


class EvalProcessor:
    """Keeps its model between blocks of pairs."""

    def __init__(self, job: EvalJob) -> None:
        self._job, self._worked = job, False
        self._estimator = registry.create(job.model, job.run, Journal())

    def process(self, pairs: Sequence[Pair]) -> Iterator[bytes]:
        """The answers, pickled."""
        for pair in pairs:
            yield pickle.dumps(self._answer(pair))

    def give_up(self, pair: Pair) -> bytes:
        """The answer, pickled."""
        return pickle.dumps(EvalAnswer(pair.name, self._failed(pair, WorkerDied.of(pair.photo)), None, ()))

    def _answer(self, pair: Pair) -> EvalAnswer:
        job, journal = self._job, Journal()
        try:
            row = row_of(
                pair, self._estimator, job.settings, journal, measured=job.measured, worked=self._worked
            )
        except ModelUnavailable as error:
            return EvalAnswer(pair.name, None, str(error), tuple(journal.entries))
        self._worked = self._worked or isinstance(row.result, Measures)
        return EvalAnswer(pair.name, row, None, tuple(journal.entries))

    def _failed(self, pair: Pair, error: Exception) -> Row:
        return failed_row(self._job.model, pair, failure_of(error, pair))


def failed_row(model: str, pair: Pair, failure: Failure) -> Row:
    """The row of a pair that was not evaluated."""
    return Row(model, pair.name, pair.kind, pair.scene, failure)


def run_on_ray(
    pairs: Sequence[Pair],
    model: str,
    run: RunOptions,
    settings: Settings,
    journal: Journal,
    *,
    cluster: RayCluster,
    measured: Callable[[Compared], None],
) -> Iterator[Row]:
    """Evaluates a model on pairs, as ``recon.evaluate.run``, but in the order in which they are finished.

    Args:
        pairs: The pairs; all machines must have their files.
        model: The name of the model.
        run: What its estimators are created with.
        settings: Evaluation settings.
        journal: Receives each warning once.
        cluster: It is connected.
        measured: Called in the worker with each successful pair; it is pickled.

    Yields:
        One row per pair: the errors, or the reason of the failure.

    Raises:
        ModelUnavailable: The estimator cannot run.
        ReconError: The workers cannot start, or no worker fits on the cluster.
    """
    left = {pair.name: pair for pair in pairs}
    pair_journal, worked = PairJournal(journal), False
    job = EvalJob(model, run, settings, measured, os.getcwd())
    for answer in answers_of(list(pairs), job, cluster, run.device, journal):
        pair = left.pop(answer.pair, None)
        if pair is None:
            continue  # Ray has repeated a block of which some answers had arrived
        for entry in answer.entries:
            pair_journal.show(entry)
        if answer.row is None and not worked:
            raise ModelUnavailable(answer.unavailable)
        row = answer.row or failed_row(model, pair, failure_of(ModelUnavailable(answer.unavailable), pair))
        worked = worked or isinstance(row.result, Measures)
        yield row
    for pair in left.values():
        lost = WorkerDied(f"{pair.photo}: the cluster lost its answer.")
        yield failed_row(model, pair, failure_of(lost, pair))
