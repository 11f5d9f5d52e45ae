"""How ``recon eval`` goes through its pairs: what is kept of each, and how far it is."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.errors import Failure
from recon_cli.console import TELL_EVERY_S, ConsoleJournal, Session

if TYPE_CHECKING:
    from recon.depth.estimator import Estimator
    from recon.evaluate import Pair, Row, Settings
    from recon.evaluate.error_model.samples import Samples
    from recon.evaluate.results_file import RowFile


class Work:
    """Measures one model after another, and keeps what comes of it."""

    def __init__(
        self,
        session: Session,
        pairs: "Sequence[Pair]",
        settings: "Settings",
        folder: Path | None,
        rows: "RowFile | None",
        pictures: int,
        *,
        fit: bool,
    ) -> None:
        self.session, self.pairs, self.settings = session, pairs, settings
        self.folder, self.rows, self.fit = folder, rows, fit
        self.drawn = {pair.name for pair in pairs[:pictures]} if folder is not None else set()
        self.samples: dict[str, Samples] = {}
        self.without: list[str] = []
        """Models that cannot run."""

    def measure(self, estimator: "Estimator") -> "list[Row]":
        """The rows of one model, those of an earlier run included."""
        from recon.evaluate import run
        from recon.evaluate.error_model.samples import Samples
        from recon.evaluate.pictures import save_picture

        name = folder_name(estimator.name)
        samples = Samples(None if self.folder is None else self.folder / "residuals" / name)
        self.samples[estimator.name] = samples

        def keep(found: Any) -> None:
            if self.folder is not None and found.pair.name in self.drawn:
                folder = self.folder / "pictures" / name
                folder.mkdir(parents=True, exist_ok=True)
                save_picture(folder / f"{found.pair.name}.png", found)
            if self.fit:
                samples.add(found)

        done = self.rows.done if self.rows is not None else set()
        todo = [
            pair
            for pair in self.pairs
            if (estimator.name, pair.name) not in done or (self.fit and not samples.has(pair.name))
        ]
        if len(todo) < len(self.pairs):
            self.session.journal.decide(
                "eval", f"{estimator.name}: {len(self.pairs) - len(todo)} pairs are measured already"
            )
        fresh = []
        with progress(self.session.journal, estimator.name, len(todo)) as step:
            for row in run(todo, estimator, self.settings, self.session.journal, measured=keep):
                if isinstance(row.found, Failure):
                    self.session.journal.warn("failed", f"{row.pair}: {row.found.message}")
                if self.rows is not None:
                    self.rows.add(row)
                else:
                    fresh.append(row)
                step()
        if self.rows is None:
            return fresh
        wanted = {pair.name for pair in self.pairs}
        return [row for row in self.rows if row.model == estimator.name and row.pair in wanted]


def folder_name(model: str) -> str:
    """``hf:`` names have a slash in them."""
    return "".join(c if c.isalnum() or c in "-_.@" else "_" for c in model)


@contextmanager
def progress(journal: ConsoleJournal, name: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar with the time left; lines now and then where stderr is no terminal."""
    if journal.quiet or not journal.console.is_terminal:
        start = told = time.monotonic()
        done = 0

        def line() -> None:
            nonlocal done, told
            done += 1
            now = time.monotonic()
            if not journal.quiet and now - told >= TELL_EVERY_S and done < total:
                told = now
                left = (now - start) / done * (total - done)
                journal.console.print(f"{name}: {done} of {total}, about {_duration(left)} left")

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    told_name = TextColumn("{task.description}", markup=False)
    columns = [told_name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True)]
    with Progress(*columns, console=journal.console, transient=True) as progress:
        task = progress.add_task(name, total=total)
        yield lambda: progress.advance(task)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
