"""How far a batch is: a bar with the time left, or a line now and then; and each photo's own journal."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from recon.journal import WARNINGS_TOLD, Entry, Journal
from recon_cli.console import TELL_EVERY_S, ConsoleJournal

_SPEED_OVER_S = 1800.0
"""How far back the pace is taken from: one photo may take minutes."""


class Told:
    """Passes on what the journals of single photos say: each warning once, since most are the same for all."""

    def __init__(self, journal: ConsoleJournal) -> None:
        self.journal = journal
        self._seen: set[str] = set()

    def tell(self, name: str, entries: list[Entry]) -> None:
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


class PhotoJournal(Journal):
    """The journal of one photo; shows the stages of the network on the batch's bar."""

    def __init__(self, bar: "Bar") -> None:
        super().__init__()
        self._bar = bar

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """On the bar, where it is the network's: the other stages run beside it."""
        if threading.current_thread() is not threading.main_thread():
            yield lambda done: None
            return
        self._bar.describe(name)
        yield lambda done: self._bar.describe(f"{name}, {100 * done / total:.0f} %" if total else name)
        self._bar.describe("")


class SharedJournal(PhotoJournal):
    """The journal of what all photos share: entries are shown as they come, stages on the bar."""

    def __init__(self, bar: "Bar") -> None:
        super().__init__(bar)
        self._told = bar.journal

    def show(self, entry: Entry) -> None:
        """Passes it on."""
        tell = {"decision": self._told.decide, "warning": self._told.warn, "detail": self._told.detail}
        tell[entry.kind](entry.topic, entry.message, **entry.values)


class Bar:
    """Counts what is done; the total may be a guess, or None."""

    def __init__(self, journal: ConsoleJournal, total: int | None) -> None:
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

    def describe(self, text: str) -> None:
        """What the network is at."""
        if self._progress is not None:
            self._progress.update(self._task, description=text)

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
