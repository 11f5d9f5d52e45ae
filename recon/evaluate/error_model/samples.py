"""The residuals of each pair that an error model is fitted to, kept in a file each where a run may be resumed."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from recon.atomic_write import staged
from recon.calibration.error_model import ErrorModel
from recon.evaluate.error_model.fit import Coverage, fit_error_model
from recon.evaluate.error_model.residuals import PhotoResiduals, collect
from recon.evaluate.evaluate_pair import Compared, Settings
from recon.evaluate.manifest import EvaluationError, Pair
from recon.types import MetricDepth, RelativeDepth

_OPTIONAL = ("common", "scene")


def residuals_of(found: Compared) -> PhotoResiduals:
    """The sample of one pair, on the truth's grid; through the true camera where it is known, else the estimate's."""
    height, width = found.both.shape
    depth: MetricDepth | RelativeDepth
    if found.relative is None:
        depth = MetricDepth(np.where(found.both, found.depth_m, 0).astype(np.float32), found.both)
    else:
        depth = RelativeDepth(found.relative, found.both)
    return collect(
        depth,
        MetricDepth(found.true_m, found.known),
        width=width,
        height=height,
        intrinsics=found.true_camera or found.camera,
        scene=found.pair.place,
        seed=crc32(found.pair.name.encode()),
    )


class Samples:
    """The samples of one estimator's pairs: in a folder, or in memory where there is none."""

    def __init__(self, folder: Path | None) -> None:
        """Takes the folder for the files, which is made when the first is written."""
        self.folder = folder
        self._held: dict[str, PhotoResiduals] = {}

    def has(self, pair: str) -> bool:
        """Whether there is one of this pair."""
        return pair in self._held or (self.folder is not None and self._file(self.folder, pair).is_file())

    def add(self, found: Compared) -> None:
        """Takes the sample of a pair."""
        sample = residuals_of(found)
        if self.folder is None:
            self._held[found.pair.name] = sample
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {field.name: getattr(sample, field.name) for field in fields(sample)}
        with staged(self._file(self.folder, found.pair.name)) as temporary:
            np.savez_compressed(temporary, **{k: v for k, v in values.items() if v is not None})

    def of(self, pairs: Sequence[Pair]) -> Iterator[PhotoResiduals]:
        """The samples of those pairs that have one."""
        for pair in pairs:
            if pair.name in self._held:
                yield self._held[pair.name]
            elif self.folder is not None and self.has(pair.name):
                yield _read(self._file(self.folder, pair.name))

    @staticmethod
    def _file(folder: Path, pair: str) -> Path:
        return folder / f"{pair}.npz"


def fit_samples(
    samples: Samples, pairs: Sequence[Pair], *, estimator: str, settings: Settings
) -> tuple[ErrorModel, Coverage]:
    """Fits the error model of an estimator (``fit_error_model``), with a source in words.

    Raises:
        CalibrationError: Too few pairs.
    """
    used = [pair for pair in pairs if samples.has(pair.name)]
    return fit_error_model(
        list(samples.of(used)), estimator=estimator, source=_source(used, settings, date.today())
    )


def _source(pairs: Sequence[Pair], settings: Settings, day: date) -> str:
    """Which photos, by their sensors, and how they were estimated."""
    places = len({pair.place for pair in pairs})
    kinds = [pair.kind or "unknown" for pair in pairs]
    sensors = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    camera = "found by itself" if settings.camera == "own" else "given where known"
    scenes = f"{places} scene{'s' if places != 1 else ''}"
    return f"{len(pairs)} photos of {scenes} ({sensors}), focal length {camera}, {day.isoformat()}"


def _read(path: Path) -> PhotoResiduals:
    try:
        with np.load(path, allow_pickle=False) as archive:
            values: dict[str, Any] = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError) as error:
        raise EvaluationError(f"{path} is damaged ({error}): remove it, and use --resume again.") from error
    plain = {name: value.item() if value.ndim == 0 else value for name, value in values.items()}
    return PhotoResiduals(**{**dict.fromkeys(_OPTIONAL), **plain})
