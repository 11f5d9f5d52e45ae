"""How ``recon eval`` goes through its pairs: what is kept of each, and how far it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.errors import Failure
from recon_cli.console import Session

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
        with self.session.journal.count(len(todo), estimator.name) as bar:
            for row in run(todo, estimator, self.settings, self.session.journal, measured=keep):
                if isinstance(row.found, Failure):
                    self.session.journal.warn("failed", f"{row.pair}: {row.found.message}")
                if self.rows is not None:
                    self.rows.add(row)
                else:
                    fresh.append(row)
                bar.advance()
        if self.rows is None:
            return fresh
        wanted = {pair.name for pair in self.pairs}
        return [row for row in self.rows if row.model == estimator.name and row.pair in wanted]


def folder_name(model: str) -> str:
    """``hf:`` names have a slash in them."""
    return "".join(c if c.isalnum() or c in "-_.@" else "_" for c in model)
