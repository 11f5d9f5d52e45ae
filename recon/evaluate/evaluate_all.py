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


class _PairJournal(Journal):
    """Forwards each warning only once, since most are the same for every photo."""

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
    pair_journal = _PairJournal(journal)
    worked = False
    for pair in pairs:
        pair_journal.entries.clear()
        try:
            compared = compare(pair, estimator, settings, pair_journal)
            if measured is not None:
                measured(compared)
            outcome: Measures | Failure = compared.measures
            worked = True
        except ModelUnavailable as error:
            # Missing weights affect all pairs, but embedded depth may be missing in a single photo.
            if not worked and estimator.name != CARRIED:
                raise
            outcome = _failure(error, pair)
        except (ReconError, OSError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
            outcome = _failure(error, pair)
        warnings = tuple(entry.message for entry in pair_journal.entries if entry.kind == "warning")
        yield Row(estimator.name, pair.name, pair.kind, pair.scene, outcome, warnings)


def _failure(error: Exception, pair: Pair) -> Failure:
    """What failed, without the folders of this machine: reports are passed on."""
    failure = Failure.of(error)
    message = failure.message
    for path in (pair.photo, pair.depth):
        message = message.replace(str(path), path.name)
    return replace(failure, message=message)
