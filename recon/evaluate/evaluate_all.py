"""Evaluates many pairs one by one; reports and skips pairs that fail."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from recon.depth.estimator import Estimator
from recon.errors import Failure, ModelUnavailable, ReconError
from recon.estimator_names import CARRIED
from recon.evaluate.evaluate_pair import Compared, Settings, compare
from recon.evaluate.manifest import Pair
from recon.evaluate.row import Measures, Row
from recon.journal import WARNINGS_SHOWN, Entry, Journal


class PairJournal(Journal):
    """Of one pair after another. Forwards each warning only once, since most are the same for every photo."""

    def __init__(self, target: Journal) -> None:
        super().__init__()
        self.target = target
        self.seen: set[str] = set()

    def show(self, entry: Entry) -> None:
        if entry.kind != "warning" or entry.message in self.seen or len(self.seen) > WARNINGS_SHOWN:
            return
        self.seen.add(entry.message)
        if len(self.seen) > WARNINGS_SHOWN:
            self.target.warn("eval", "more warnings; see the report")
        else:
            self.target.warn(entry.topic, entry.message, **entry.values)


def run(
    pairs: Sequence[Pair],
    estimator: Estimator,
    settings: Settings,
    journal: Journal,
    *,
    measured: Callable[[Compared], None] | None = None,
) -> Iterator[Row]:
    """Evaluates an estimator on pairs, one at a time, with only one in memory.

    Args:
        pairs: The pairs, in order.
        estimator: Keeps its weights between pairs.
        settings: Evaluation settings.
        journal: Receives each warning once.
        measured: Called with each successful pair before its row is yielded, for images and samples.

    Yields:
        One row per pair: the errors, or the reason of the failure.

    Raises:
        ModelUnavailable: The estimator cannot run.
    """
    pair_journal = PairJournal(journal)
    worked = False
    for pair in pairs:
        pair_journal.entries.clear()
        row = row_of(pair, estimator, settings, pair_journal, measured=measured, worked=worked)
        worked = worked or isinstance(row.result, Measures)
        yield row


def row_of(
    pair: Pair,
    estimator: Estimator,
    settings: Settings,
    journal: Journal,
    *,
    measured: Callable[[Compared], None] | None = None,
    worked: bool = False,
) -> Row:
    """Evaluates an estimator on one pair; the others as of ``run``.

    Args:
        journal: A journal of this pair alone; the row has its warnings.
        worked: Whether the estimator has worked on another pair, so that what is missing concerns this one only.

    Raises:
        ModelUnavailable: The estimator cannot run, and has not ``worked``.
    """
    outcome: Measures | Failure
    try:
        compared = compare(pair, estimator, settings, journal)
        if measured is not None:
            measured(compared)
        outcome = compared.measures
    except ModelUnavailable as error:
        # Missing weights affect all pairs, but embedded depth may be missing in a single photo.
        if not worked and estimator.name != CARRIED:
            raise
        outcome = failure_of(error, pair)
    except (ReconError, OSError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
        outcome = failure_of(error, pair)
    warnings = tuple(entry.message for entry in journal.entries if entry.kind == "warning")
    return Row(estimator.name, pair.name, pair.kind, pair.scene, outcome, warnings)


def failure_of(error: Exception, pair: Pair) -> Failure:
    """What failed, without the folders of this machine: reports are passed on."""
    failure = Failure.of(error)
    message = failure.message
    for path in (pair.photo, pair.depth):
        message = message.replace(str(path), path.name)
    return replace(failure, message=message)
