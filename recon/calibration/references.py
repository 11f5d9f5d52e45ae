"""What is known of a scene, opened: a saved calibration, a reference, the user's lengths."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.calibration.calibration import Calibration, load
from recon.calibration.error_model import known_error_model
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
"""Of a metric model's scale, where nobody has measured it and known lengths stand beside it."""
_SENSOR_SIGMA = 0.01
"""Of a depth sensor's scale, likewise."""


@dataclass(frozen=True)
class Knowledge:
    """What brings an estimator's depth to metres; all empty where it is metric already and nothing is known."""

    calibration: Calibration | None = None
    teacher: Estimator | None = None
    teacher_sigma: float = 0.0
    constraints: tuple[Constraint, ...] = ()
    fit: Fit = "auto"

    @property
    def empty(self) -> bool:
        """Whether nothing is known."""
        return self.calibration is None and self.teacher is None and not self.constraints


def constraints_of(options: Options) -> tuple[Constraint, ...]:
    """What the options tell of known lengths.

    Raises:
        CalibrationError: A file of constraints cannot be read.
    """
    height = () if options.camera_height is None else (options.camera_height,)
    file = () if options.constraint_file is None else read_constraints(options.constraint_file)
    return (*options.at, *options.length, *options.rectangle, *height, *file)


def open_knowledge(
    estimator: Estimator, options: Options, constraints: Sequence[Constraint], journal: Journal
) -> Knowledge:
    """Opens what brings an estimator's depth to metres.

    ``--depth`` beside a model that was named calibrates it, as ``--reference`` does.

    Raises:
        CalibrationError: The estimator is relative and nothing is known; the reference is relative itself, or is
            missing; the calibration is of another model.
        ModelUnavailable: There is no model of that name.
    """
    if options.calibration is not None:
        return Knowledge(calibration=_saved(options.calibration, estimator))
    name = options.reference
    if name is None and options.depth is not None and (options.model != "auto" or options.relative_depth):
        name = str(options.depth)
    if name is None and not constraints and estimator.gives == "relative":
        raise CalibrationError(
            f"{estimator.name} knows depth only up to scale, and metres would be invented: add two known lengths "
            "(--length, --at, --rectangle, --camera-height), --reference depthpro (or another metric model), "
            "--calibration FILE of `recon calibrate`, or --depth FILE with measured depth"
        )
    teacher = None if name is None else _teacher(name, options, journal)
    sigma = 0.0 if teacher is None else _teacher_sigma(teacher, options, bool(constraints))
    return Knowledge(teacher=teacher, teacher_sigma=sigma, constraints=tuple(constraints), fit=options.fit)


def _saved(path: Path, estimator: Estimator) -> Calibration:
    calibration = load(path)
    if calibration.model != estimator.name:
        raise CalibrationError(
            f"{path} calibrates {calibration.model}, not {estimator.name}: make one with "
            f"`recon calibrate --model {estimator.name}`"
        )
    return calibration


def _teacher(name: str, options: Options, journal: Journal) -> Estimator:
    path = Path(name)
    if path.suffix.lower() == ".json":
        raise CalibrationError(f"{name}: a saved calibration is given as --calibration {name}")
    if SparsePoints.reads(path):
        return SparsePoints(path, options.depth_unit)
    if path.is_file():
        return Measured(path, options.depth_unit)
    if path.suffix.lower() in DEPTH_SUFFIXES and not name.startswith("hf:"):
        raise CalibrationError(f"{name} does not exist; --reference takes a model's name or a depth file")
    teacher = registry.create(name, RunOptions.of(options), journal)
    if teacher.gives != "metric":
        raise CalibrationError(
            f"{name} knows depth only up to scale itself: --reference takes a metric model"
        )
    return teacher


def _teacher_sigma(teacher: Estimator, options: Options, beside_lengths: bool) -> float:
    """Relative standard deviation of a reference's own scale."""
    if options.reference_sigma is not None:
        return options.reference_sigma
    measured = known_error_model(teacher.name)
    if measured is not None:
        return measured.scale
    if not beside_lengths:
        return 0.0
    return _SENSOR_SIGMA if isinstance(teacher, Measured | SparsePoints) else _ASSUMED_SIGMA
