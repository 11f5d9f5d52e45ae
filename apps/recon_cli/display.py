"""Progress bars and tables in the terminal, with rich, for all commands."""

import io
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

REPORT_EVERY_S = 30.0
"""Interval of progress lines if stderr is not a terminal."""
_SPEED_OVER_S = 1800.0
"""Period over which the speed is averaged: a single photo may take minutes."""


def stage_progress(console: Console) -> Progress:
    """The progress bar of one stage, with its elapsed time."""
    return _progress(console, BarColumn(), TimeElapsedColumn())


def _progress(console: Console, *columns: ProgressColumn) -> Progress:
    # No markup: a file name may contain [brackets].
    description = TextColumn("{task.description}", markup=False)
    return Progress(
        SpinnerColumn(),
        description,
        *columns,
        console=console,
        transient=True,
        speed_estimate_period=_SPEED_OVER_S,
    )


class Bar:
    """Counts finished items: a bar with the remaining time, or occasional lines if stderr is not a terminal."""

    def __init__(self, console: Console, total: int | None, name: str = "", *, quiet: bool = False) -> None:
        """Creates a bar for ``total`` items, which may be an estimate or None, with the name of what is counted."""
        self.console, self.total, self.name, self.quiet = console, total, name, quiet
        self.done = 0
        self._start = self._reported = time.monotonic()
        self._progress: Progress | None = None
        if not quiet and console.is_terminal:
            self._progress = _progress(console, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._task = self._progress.add_task(printable_line(name), total=total)

    def __enter__(self) -> "Bar":
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def describe(self, text: str) -> None:
        """Sets the description of the current work."""
        if self._progress is not None:
            self._progress.update(self._task, description=printable_line(text))

    def expect(self, total: int) -> None:
        """Sets the total number of items."""
        self.total = total
        if self._progress is not None:
            self._progress.update(self._task, total=total)

    def advance(self) -> None:
        """Counts one more item, whether it succeeded or not."""
        self.done += 1
        if self._progress is not None:
            self._progress.advance(self._task)
            return
        now = time.monotonic()
        if self.quiet or now - self._reported < REPORT_EVERY_S:
            return
        self._reported = now
        name = f"{printable_line(self.name)}: " if self.name else ""
        if self.total is None:
            self.console.print(Text(f"{name}{self.done} done"))
        elif self.done < self.total:
            left = (now - self._start) / self.done * (self.total - self.done)
            self.console.print(Text(f"{name}{self.done} of {self.total} done, about {duration(left)} left"))


_JOINERS = "\u200c\u200d"
"""Letters of Persian and Hindi, and emoji of several people, need them; they draw nothing."""


def printable(text: str) -> str:
    """The text without what a terminal obeys: escape sequences, carriage returns, marks that turn the reading order.

    They come from names and comments of files. Each is written as Python writes it (``\\x1b``); line feeds stay.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter == "\n" or _is_shown(letter) else _escape(letter) for letter in text)


def printable_line(text: str) -> str:
    """The same in one line: a file's name must not look like a line of recon's."""
    return printable(text).replace("\n", "\\n")


def _is_shown(letter: str) -> bool:
    # Spaces other than the plain one are in the names of screenshots.
    return letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) in ("Zs", "Cn", "Co")


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def table_text(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Iterable[str] = (),
    whole: Iterable[str] = (),
    width: int = 100,
) -> str:
    """A table for stdout.

    Args:
        titles: Titles of the columns.
        rows: One text per column.
        numbers: Titles of right-aligned columns.
        whole: Titles of columns that are not wrapped.
        width: Width in characters if stdout is not a terminal.
    """
    table = Table(box=None, pad_edge=False)
    numbers, whole = set(numbers), set(whole)
    for title in titles:
        table.add_column(title, justify="right" if title in numbers else "left", no_wrap=title in whole)
    for row in rows:
        table.add_row(*(Text(printable_line(cell)) for cell in row))
    terminal = sys.stdout.isatty()
    text = io.StringIO()
    Console(file=text, force_terminal=terminal, width=None if terminal else width).print(table)
    return text.getvalue().rstrip("\n")
