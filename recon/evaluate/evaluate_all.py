"""Many pairs, one after another; a bad one is told and left behind."""

from collections.abc import Callable, Iterator, Sequence

from recon.depth.estimator import Estimator
from recon.depth.names import CARRIED
from recon.errors import Failure, ModelUnavailable, ReconError
from recon.evaluate.evaluate_pair import Compared, Settings, compare
from recon.evaluate.manifest import Pair
from recon.evaluate.row import Measures, Row
from recon.journal import WARNINGS_TOLD, Entry, Journal


class _PairJournal(Journal):
    """Passes on each warning once, since most are the same for every photo."""

    def __init__(self, told: Journal) -> None:
        super().__init__()
        self.told = told
        self.seen: set[str] = set()

    def show(self, entry: Entry) -> None:
        if entry.kind != "warning" or entry.message in self.seen or len(self.seen) > WARNINGS_TOLD:
            return
        self.seen.add(entry.message)
        if len(self.seen) > WARNINGS_TOLD:
            self.told.warn("eval", "further warnings are in the report alone")
        else:
            self.told.warn(entry.topic, entry.message, **entry.values)


def run(
    pairs: Sequence[Pair],
    estimator: Estimator,
    settings: Settings,
    journal: Journal,
    *,
    measured: Callable[[Compared], None] | None = None,
) -> Iterator[Row]:
    """Measures an estimator on pairs, one at a time; holds none of them longer than it takes.

    Args:
        pairs: In the order in which they are wanted.
        estimator: Keeps its weights from pair to pair.
        settings: What is measured.
        journal: Told each warning once.
        measured: Called with each pair that went well, before its row is given out: for pictures and samples.

    Yields:
        One row for each pair: the errors, or what went wrong.

    Raises:
        ModelUnavailable: The estimator cannot run at all.
    """
    told = _PairJournal(journal)
    worked = False
    for pair in pairs:
        told.entries.clear()
        try:
            found = compare(pair, estimator, settings, told)
            if measured is not None:
                measured(found)
            outcome: Measures | Failure = found.measures
            worked = True
        except ModelUnavailable as error:
            # Of missing weights no other pair would fare better; the depth that photos carry may lack in one alone.
            if not worked and estimator.name != CARRIED:
                raise
            outcome = Failure.of(error)
        except (ReconError, OSError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
            outcome = Failure.of(error)
        warnings = tuple(entry.message for entry in told.entries if entry.kind == "warning")
        yield Row(estimator.name, pair.name, pair.kind, pair.scene, outcome, warnings)
