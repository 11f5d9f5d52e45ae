"""Opens the sources of metric scale: a saved calibration, a reference, the user's constraints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recon.calibration.calibration import Calibration, load
from recon.calibration.error_models import known_error_model
from recon.constraint_text import read_constraints
from recon.constraints import Constraint
from recon.depth import registry
from recon.depth.estimator import Estimator, RunOptions
from recon.depth.measured import Measured
from recon.depth.sparse_points import SparsePoints
from recon.depth_map.read import SUFFIXES as DEPTH_SUFFIXES
from recon.errors import CalibrationError
from recon.journal import Journal
from recon.options import Fit, Options

_ASSUMED_SIGMA = 0.1
"""Of a metric model's scale if it has no error model and is combined with known lengths."""
_SENSOR_SIGMA = 0.01
"""Of a depth sensor's scale, likewise."""


@dataclass(frozen=True)
class ScaleSources:
    """Sources of metric scale for an estimator; all empty if it is metric and nothing else was given."""

    calibration: Calibration | None = None
    reference: Estimator | None = None
    reference_sigma: float = 0.0
    constraints: tuple[Constraint, ...] = ()
    fit: Fit = "auto"

    @property
    def empty(self) -> bool:
        """Whether no source of metric scale was given."""
        return self.calibration is None and self.reference is None and not self.constraints


def constraints_of(options: Options) -> tuple[Constraint, ...]:
    """All constraints given in the options.

    Raises:
        CalibrationError: A file of constraints cannot be read.
    """
    height = () if options.camera_height is None else (options.camera_height,)
    file = () if options.constraint_file is None else read_constraints(options.constraint_file)
    return (*options.at, *options.length, *options.rectangle, *height, *file)


def check_files(options: Options) -> None:
    """Raises CalibrationError if a file for the metric scale is missing or damaged; needs no estimator."""
    if options.calibration is not None:
        load(options.calibration)
    elif options.reference is not None:
        _depth_path(options.reference)


def open_scale_sources(
    estimator: Estimator, options: Options, constraints: Sequence[Constraint], journal: Journal
) -> ScaleSources:
    """Opens the sources of metric scale for an estimator.

    ``--depth`` calibrates every estimator but the one that reads this very file, as ``--reference`` does.

    Raises:
        CalibrationError: The estimator is relative and there is no reference; the reference is itself relative, or is
            missing; the calibration is for another model.
        ModelUnavailable: There is no model of that name.
    """
    if options.calibration is not None:
        return ScaleSources(calibration=_saved(options.calibration, estimator))
    reference = None
    if options.reference is not None:
        reference = _reference(options.reference, options, journal)
    elif options.depth is not None and not (
        isinstance(estimator, Measured) and estimator.path == options.depth
    ):
        reference = _depth_file(options.depth, options)
    if reference is None and not constraints and estimator.gives == "relative":
        raise CalibrationError(
            f"{estimator.name} predicts depth only up to scale; metric scale needs a reference: add two known "
            "lengths (--length, --at, --rectangle, --camera-height), --reference depthpro (or another metric model), "
            "--calibration FILE (from `recon calibrate`), or --depth FILE with measured depth"
        )
    sigma = 0.0 if reference is None else _reference_sigma(reference, options, bool(constraints))
    return ScaleSources(
        reference=reference, reference_sigma=sigma, constraints=tuple(constraints), fit=options.fit
    )


def _saved(path: Path, estimator: Estimator) -> Calibration:
    calibration = load(path)
    if calibration.model != estimator.name:
        raise CalibrationError(
            f"{path} is a calibration of {calibration.model}, not {estimator.name}: create one with "
            f"`recon calibrate --model {estimator.name}`"
        )
    return calibration


def _depth_file(path: Path, options: Options) -> Estimator:
    if not path.exists():
        raise CalibrationError(f"--depth {path} does not exist")
    reader = SparsePoints if SparsePoints.reads(path) else Measured
    return reader(path, options.depth_unit)


def _depth_path(name: str) -> Path | None:
    """The depth file that ``--reference`` names; None for a model's name."""
    path = Path(name)
    if path.suffix.lower() == ".json":
        raise CalibrationError(f"{name}: pass a saved calibration as --calibration {name}")
    if SparsePoints.reads(path) or path.is_file():
        return path
    if path.suffix.lower() in DEPTH_SUFFIXES and not name.startswith("hf:"):
        raise CalibrationError(f"{name} does not exist; --reference takes a model's name or a depth file")
    return None


def _reference(name: str, options: Options, journal: Journal) -> Estimator:
    path = _depth_path(name)
    if path is not None:
        return _depth_file(path, options)
    # It gives one scale, which neither changes.
    run = replace(RunOptions.of(options), augment=(), refine=None)
    reference = registry.create(name, run, journal)
    if reference.gives != "metric":
        raise CalibrationError(f"{name} predicts depth only up to scale: --reference takes a metric model")
    return reference


def _reference_sigma(reference: Estimator, options: Options, with_lengths: bool) -> float:
    """Relative standard deviation of a reference's own scale."""
    if options.reference_sigma is not None:
        return options.reference_sigma
    measured = known_error_model(reference.name)
    if measured is not None:
        return measured.scale
    if not with_lengths:
        return 0.0
    return _SENSOR_SIGMA if isinstance(reference, Measured | SparsePoints) else _ASSUMED_SIGMA
