"""The main loop of ``recon eval``: evaluates all pairs, stores the results, and shows the progress."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recon.errors import Failure
from recon_cli.console import Session

if TYPE_CHECKING:
    from recon.batch.ray_cluster import RayCluster
    from recon.depth.estimator import Estimator, RunOptions
    from recon.evaluate import Compared, Pair, Row, Settings
    from recon.evaluate.error_model.samples import Samples
    from recon.evaluate.results_file import RowFile


@dataclass(frozen=True)
class Keep:
    """Keeps what the report and the error model need of a pair; a worker of a cluster gets a copy."""

    pictures: Path | None
    """The folder for the pictures."""
    drawn: frozenset[str]
    """Names of the pairs that have a picture."""
    samples: "Samples | None"
    """Of the error model."""

    def __call__(self, compared: "Compared") -> None:
        """Writes the picture, and keeps the sample."""
        from recon.evaluate.pictures import save_picture

        if self.pictures is not None and compared.pair.name in self.drawn:
            self.pictures.mkdir(parents=True, exist_ok=True)
            save_picture(self.pictures / f"{compared.pair.name}.png", compared)
        if self.samples is not None:
            self.samples.add(compared)


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
        run: "RunOptions",
        cluster: "RayCluster | None" = None,
    ) -> None:
        self.session, self.pairs, self.settings = session, pairs, settings
        self.folder, self.rows, self.fit = folder, rows, fit
        self.drawn = frozenset(pair.name for pair in pairs[:pictures])
        self.run, self.cluster = run, cluster
        self.samples: dict[str, Samples] = {}
        self.without: list[str] = []
        """Models that cannot run."""

    def measure(self, estimator: "Estimator") -> "list[Row]":
        """The rows of one model, including those of an earlier run."""
        from recon.evaluate.error_model.samples import Samples

        name = folder_name(estimator.name)
        samples = Samples(None if self.folder is None else self.folder / "residuals" / name)
        self.samples[estimator.name] = samples

        pictures = None if self.folder is None else self.folder / "pictures" / name
        keep = Keep(pictures, self.drawn, samples if self.fit else None)
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
            for row in self._rows(todo, estimator, keep):
                if isinstance(row.result, Failure):
                    self.session.journal.warn("failed", f"{row.pair}: {row.result.message}")
                if self.rows is not None:
                    self.rows.add(row)
                else:
                    fresh.append(row)
                bar.advance()
        place = {pair.name: k for k, pair in enumerate(self.pairs)}
        mine = fresh if self.rows is None else (row for row in self.rows if row.model == estimator.name)
        return sorted((row for row in mine if row.pair in place), key=lambda row: place[row.pair])

    def _rows(self, pairs: "Sequence[Pair]", estimator: "Estimator", keep: Keep) -> "Iterator[Row]":
        from recon.evaluate import run

        journal = self.session.journal
        if self.cluster is None:
            return run(pairs, estimator, self.settings, journal, measured=keep)
        from recon.batch.ray_eval import run_on_ray

        return run_on_ray(
            pairs,
            estimator.name,
            self.run,
            self.settings,
            journal,
            cluster=self.cluster,
            measured=keep,
        )


def folder_name(model: str) -> str:
    """A folder name for a model: ``hf:`` names contain slashes."""
    return "".join(c if c.isalnum() or c in "-_.@" else "_" for c in model)
