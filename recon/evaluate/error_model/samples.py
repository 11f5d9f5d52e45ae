"""Stores the residuals of each pair for an error model, one file per pair, so that a run can be resumed."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from recon.atomic_write import staged
from recon.error_model import ErrorModel
from recon.evaluate.error_model.fit import Coverage, fit_error_model
from recon.evaluate.error_model.residuals import PhotoResiduals, collect
from recon.evaluate.evaluate_pair import Compared, Settings
from recon.evaluate.manifest import EvaluationError, Pair
from recon.strict_npz import open_npz
from recon.types import MetricDepth, RelativeDepth

_OPTIONAL = ("common", "scene", "log_sigma")


def residuals_of(compared: Compared) -> PhotoResiduals:
    """The sample of one pair on the ground truth's grid, with the true camera if known, else the estimate's."""
    height, width = compared.both.shape
    depth: MetricDepth | RelativeDepth
    if compared.relative is None:
        depth = MetricDepth(
            np.where(compared.both, compared.depth_m, 0).astype(np.float32),
            compared.both,
            log_sigma=compared.log_sigma,
        )
    else:
        depth = RelativeDepth(compared.relative, compared.both)
    return collect(
        depth,
        MetricDepth(compared.true_m, compared.known),
        width=width,
        height=height,
        intrinsics=compared.true_camera or compared.camera,
        scene=compared.pair.place,
        seed=crc32(compared.pair.name.encode()),
    )


class Samples:
    """The samples of one estimator's pairs, in a folder or in memory."""

    def __init__(self, folder: Path | None) -> None:
        """Takes the folder for the files, created on the first write, or None for memory."""
        self.folder = folder
        self._held: dict[str, PhotoResiduals] = {}

    def has(self, pair: str) -> bool:
        """Whether there is a sample of this pair."""
        return pair in self._held or (self.folder is not None and self._file(self.folder, pair).is_file())

    def add(self, compared: Compared) -> None:
        """Adds the sample of a pair."""
        sample = residuals_of(compared)
        if self.folder is None:
            self._held[compared.pair.name] = sample
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {field.name: getattr(sample, field.name) for field in fields(sample)}
        with staged(self._file(self.folder, compared.pair.name)) as temporary:
            np.savez_compressed(temporary, **{k: v for k, v in values.items() if v is not None})

    def of(self, pairs: Sequence[Pair]) -> Iterator[PhotoResiduals]:
        """The samples of those of the pairs that have one."""
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
    """Fits the error model of an estimator (``fit_error_model``) and describes its source.

    Raises:
        CalibrationError: Too few pairs.
    """
    used = [pair for pair in pairs if samples.has(pair.name)]
    return fit_error_model(
        list(samples.of(used)), estimator=estimator, source=_source(used, settings, date.today())
    )


def _source(pairs: Sequence[Pair], settings: Settings, day: date) -> str:
    """Describes the photos: number, scenes, sensors, and source of the focal length."""
    places = len({pair.place for pair in pairs})
    kinds = [pair.kind or "unknown" for pair in pairs]
    sensors = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    camera = "from the photo or the model" if settings.camera == "own" else "from the ground truth if known"
    scenes = f"{places} scene{'s' if places != 1 else ''}"
    return f"{len(pairs)} photos of {scenes} ({sensors}), focal length {camera}, {day.isoformat()}"


def _read(path: Path) -> PhotoResiduals:
    try:
        with open_npz(path) as archive:
            values: dict[str, Any] = {name: archive.read(name) for name in archive.names}
        plain = {name: value.item() if value.ndim == 0 else value for name, value in values.items()}
        return PhotoResiduals(**{**dict.fromkeys(_OPTIONAL), **plain})
    except (OSError, ValueError, TypeError) as error:
        raise EvaluationError(f"{path} is damaged ({error}); delete it and use --resume again.") from error
