"""The main loop of ``recon eval``: evaluates all pairs, stores the results, and shows the progress."""

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
    """Evaluates one model after another, and stores the results."""

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
        """The rows of one model, including those of an earlier run."""
        from recon.evaluate import run
        from recon.evaluate.error_model.samples import Samples
        from recon.evaluate.pictures import save_picture

        name = folder_name(estimator.name)
        samples = Samples(None if self.folder is None else self.folder / "residuals" / name)
        self.samples[estimator.name] = samples

        def keep(compared: Any) -> None:
            if self.folder is not None and compared.pair.name in self.drawn:
                folder = self.folder / "pictures" / name
                folder.mkdir(parents=True, exist_ok=True)
                save_picture(folder / f"{compared.pair.name}.png", compared)
            if self.fit:
                samples.add(compared)

        done = self.rows.done if self.rows is not None else set()
        todo = [
            pair
            for pair in self.pairs
            if (estimator.name, pair.name) not in done or (self.fit and not samples.has(pair.name))
        ]
        if len(todo) < len(self.pairs):
            self.session.journal.decide(
                "eval", f"{estimator.name}: {len(self.pairs) - len(todo)} pairs are already done"
            )
        fresh = []
        with self.session.journal.count(len(todo), estimator.name) as bar:
            for row in run(todo, estimator, self.settings, self.session.journal, measured=keep):
                if isinstance(row.result, Failure):
                    self.session.journal.warn("failed", f"{row.pair}: {row.result.message}")
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
    """A folder name for a model: ``hf:`` names contain slashes."""
    return "".join(c if c.isalnum() or c in "-_.@" else "_" for c in model)
