"""What a batch shows: a bar with the time left, or a line now and then, and what the photos' journals say."""

import time
from collections.abc import Iterable

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from recon.batch.events import Progress as NetworkProgress
from recon.journal import WARNINGS_TOLD, Entry
from recon_cli.console import TELL_EVERY_S, ConsoleJournal

_SPEED_OVER_S = 1800.0
"""How far back the pace is taken from: one photo may take minutes."""


class Told:
    """Passes on what the journals of single photos say: each warning once, since most are the same for all."""

    def __init__(self, journal: ConsoleJournal) -> None:
        self.journal = journal
        self._seen: set[str] = set()

    def tell(self, name: str, entries: Iterable[Entry]) -> None:
        """What one photo's journal holds; everything where the user wants details."""
        for entry in entries:
            if self.journal.verbose:
                show = self.journal.warn if entry.kind == "warning" else self.journal.detail
                show(entry.topic, f"{name}: {entry.message}", photo=name, **entry.values)
            elif entry.kind == "warning" and entry.message not in self._seen:
                self._warn(name, entry)

    def _warn(self, name: str, entry: Entry) -> None:
        if len(self._seen) > WARNINGS_TOLD:
            return
        self._seen.add(entry.message)
        if len(self._seen) > WARNINGS_TOLD:
            self.journal.warn(entry.topic, "further warnings are in the record of the folder alone")
        else:
            self.journal.warn(entry.topic, f"{name}: {entry.message}", photo=name, **entry.values)


class Bar:
    """Counts what is done; the total may be a guess, or None."""

    def __init__(self, journal: ConsoleJournal, total: int | None = None) -> None:
        self.journal, self.total = journal, total
        self.done = 0
        self._start = self._told = time.monotonic()
        self._progress: Progress | None = None
        if not journal.quiet and journal.console.is_terminal:
            told = TextColumn("{task.description}", markup=False)
            columns = [SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), told]
            self._progress = Progress(
                *columns, console=journal.console, transient=True, speed_estimate_period=_SPEED_OVER_S
            )
            self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> "Bar":
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def describe(self, progress: NetworkProgress) -> None:
        """What the network is at."""
        if self._progress is not None:
            share = "" if progress.fraction is None else f", {100 * progress.fraction:.0f} %"
            self._progress.update(self._task, description=f"{progress.stage}{share}")

    def expect(self, total: int) -> None:
        """How many there are to do."""
        self.total = total
        if self._progress is not None:
            self._progress.update(self._task, total=total)

    def advance(self) -> None:
        """One more is done, well or not."""
        self.done += 1
        if self._progress is not None:
            self._progress.advance(self._task)
            return
        now = time.monotonic()
        if self.journal.quiet or now - self._told < TELL_EVERY_S:
            return
        self._told = now
        if self.total is None:
            self.journal.console.print(f"{self.done} done")
        elif self.done < self.total:
            left = (now - self._start) / self.done * (self.total - self.done)
            self.journal.console.print(f"{self.done} of {self.total} done, about {duration(left)} left")


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
