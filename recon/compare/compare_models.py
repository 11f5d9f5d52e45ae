"""Runs several depth models on one photo, one after another, and aligns their depth."""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recon.argument_names import OptionError
from recon.camera import focal_length
from recon.compare.alignment import Alignment, align, of_reference
from recon.compare.comparison import Agreement, Column, Comparison, Failed, without_paths
from recon.depth import registry
from recon.depth.estimator import Estimator, RunOptions
from recon.depth.inference.cost import Cost, estimate_with_cost
from recon.depth.measured import Measured
from recon.errors import CalibrationError, Failure, ModelUnavailable, ReconError
from recon.estimator_names import MEASURED
from recon.evaluate.metrics.boundary_f1 import boundary_f1
from recon.evaluate.metrics.depth_errors import depth_errors
from recon.journal import Journal
from recon.options import Options
from recon.provenance import without_folder
from recon.report.pictures import sampled
from recon.types import BoolMap, DepthEstimate, FloatMap, Intrinsics, MetricDepth, Photo

_COMPARED_PX = 1600
"""Longer side of the grid on which depth is aligned and compared."""
_FEWEST = 2


def compare_models(photo: Photo, models: Sequence[str], options: Options, journal: Journal) -> Comparison:
    """Compares depth models on one photo.

    Models run one after another, so that only one is in memory. A model that cannot run does not stop the others.

    Args:
        photo: The photo.
        models: Names, as ``Options.model``.
        options: Camera and run options for all models. ``depth`` adds measured depth as a column; ``reference``
            names the column to align to, or is a file with measured depth. Default: measured depth, else the first
            metric model, else the first model.
        journal: Receives every decision, the progress, and a warning for each model that fails.

    Raises:
        ReconError: The photo or the measured depth cannot be used, or no model could run.
        ValueError: There are fewer than two depth maps to compare.
    """
    names = tuple(dict.fromkeys(models))
    measured = _measured_file(options, names)
    if len(names) + (measured is not None) < _FEWEST:
        raise OptionError(
            "give at least two depth maps to compare: --model several times, or --model and --depth"
        )
    known = focal_length.known_camera(photo, options, journal)
    runs = _Runs(photo, options, known, journal)
    done = [runs.measured(measured)] if measured is not None else []
    done += [one for name in names for one in runs.model(name)]
    return _compared(photo, done, runs.failed, options.reference, journal)


@dataclass(frozen=True, eq=False)
class _Done:
    name: str
    estimate: DepthEstimate
    cost: Cost
    camera: Intrinsics
    licence: str | None = None
    commercial: bool | None = None


class _Runs:
    """Runs models on one photo, and collects those that fail."""

    def __init__(self, photo: Photo, options: Options, known: Intrinsics | None, journal: Journal) -> None:
        self._photo, self._options, self._known, self._journal = photo, options, known, journal
        self.failed: list[Failed] = []

    def measured(self, path: Path) -> _Done:
        """Measured depth; an error in it is an error of the command."""
        return self._run(MEASURED, Measured(path, self._options.depth_unit))

    def model(self, name: str) -> Iterator[_Done]:
        """The result of a model; nothing if it fails."""
        shown = without_folder(name)
        licence, commercial = _licence(name)
        try:
            estimator = self._create(name)
            done = self._run(without_folder(estimator.name), estimator)
            if not done.estimate.depth.valid.any():
                raise ModelUnavailable("it found no depth: no pixel is valid")
        except (ReconError, OSError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
            failure = without_paths(Failure.of(error), {name: shown})
            self._journal.warn("failed", f"{shown}: {failure.message}")
            self.failed.append(Failed(shown, failure, licence, commercial))
            return
        finally:
            gc.collect()  # the network, before the next one is loaded
        if name == "auto":
            licence, commercial = _licence(estimator.name)
        yield replace(done, licence=licence, commercial=commercial)

    def _create(self, name: str) -> Estimator:
        run = RunOptions.of(self._options)
        if name == "auto":
            return registry.choose_auto(run, self._journal, self._photo)
        return registry.create(name, run, self._journal, self._photo)

    def _run(self, name: str, estimator: Estimator) -> _Done:
        focal_px = None if self._known is None else self._known.fx
        estimate, cost = estimate_with_cost(estimator, self._photo, focal_px=focal_px, journal=self._journal)
        estimate = estimate.within(self._photo.present)
        camera = focal_length.camera_of(
            self._photo, self._known, estimate.focal_px, estimate.model, Journal()
        )
        return _Done(name, estimate, cost, camera)


def _measured_file(options: Options, names: Sequence[str]) -> Path | None:
    """The file with measured depth, from ``depth`` or ``reference``."""
    if options.reference is None or options.reference in names:
        return options.depth
    path = Path(options.reference)
    if path.is_file():
        return path
    raise CalibrationError(
        f"--reference {options.reference} is neither one of the compared models ({', '.join(names)}) nor a depth file"
    )


def _licence(name: str) -> tuple[str | None, bool | None]:
    try:
        return registry.licence_of(name)
    except ModelUnavailable:
        return None, None


def _compared(
    photo: Photo, done: Sequence[_Done], failed: Sequence[Failed], wanted: str | None, journal: Journal
) -> Comparison:
    """Chooses the reference, and aligns the others to it."""
    if not done:
        reasons = "; ".join(f"{each.name}: {each.failure.message}" for each in failed)
        raise ModelUnavailable(f"none of the models can run. {reasons}")
    reference = _reference(done, wanted)
    base = of_reference(reference.estimate)
    true_m, true_valid = base.apply(reference.estimate), reference.estimate.depth.valid
    columns, without = [], list(failed)
    for each in done:
        if each is reference:
            columns.append(_column(each, base, None, None, None))
            continue
        both = sampled(true_valid & each.estimate.depth.valid, _COMPARED_PX)
        if not both.any():
            message = f"it has no valid pixel in common with {reference.name}"
            without.append(
                Failed(each.name, Failure("ModelUnavailable", message), each.licence, each.commercial)
            )
            continue
        columns.append(_aligned(each, reference, true_m, both))
    comparison = Comparison(photo, tuple(columns), tuple(without), reference.name)
    for column in comparison.columns:
        journal.decide("compare", f"{column.name}: {column.alignment.text(comparison.unit)}")
    return comparison


def _reference(done: Sequence[_Done], wanted: str | None) -> _Done:
    measured = [each for each in done if each.estimate.model == MEASURED]
    named = [each for each in done if each.name == wanted]
    metric = [each for each in done if isinstance(each.estimate.depth, MetricDepth)]
    return [*named, *measured, *metric, *done][0]


def _aligned(each: _Done, reference: _Done, true: FloatMap, both: BoolMap) -> Column:
    estimate, small_true = each.estimate, sampled(true, _COMPARED_PX)
    small = replace(estimate, depth=_sampled_depth(estimate, _COMPARED_PX), sky=None)
    alignment = align(small, small_true, both)
    predicted = None
    if isinstance(small.depth, MetricDepth) and isinstance(reference.estimate.depth, MetricDepth):
        predicted = _agreement(small.depth.z_m, small_true, both)
    aligned = _agreement(alignment.apply(small), small_true, both)
    f1 = None
    if reference.estimate.model == MEASURED:
        # On the grid of the sensor: enlarged, its edges would lie between pixels.
        details = reference.estimate.details
        px = max(int(details["stored_width"]), int(details["stored_height"]))
        inside = replace(estimate, depth=_sampled_depth(estimate, px), sky=None)
        known = inside.depth.valid & sampled(reference.estimate.depth.valid, px)
        score = boundary_f1(alignment.apply(inside), sampled(true, px), known) if known.any() else None
        f1 = None if score is None else score.directions
    return _column(each, alignment, predicted, aligned, f1)


def _sampled_depth(estimate: DepthEstimate, px: int) -> Any:
    depth = estimate.depth
    if isinstance(depth, MetricDepth):
        return MetricDepth(sampled(depth.z_m, px), sampled(depth.valid, px))
    return replace(depth, inverse=sampled(depth.inverse, px), valid=sampled(depth.valid, px))


def _agreement(z: FloatMap, true: FloatMap, both: BoolMap) -> Agreement:
    errors = depth_errors(z[both].astype(np.float64), true[both].astype(np.float64))
    return Agreement(errors.abs_rel, errors.delta1)


def _column(
    each: _Done,
    alignment: Alignment,
    predicted: Agreement | None,
    aligned: Agreement | None,
    boundary: float | None,
) -> Column:
    return Column(
        name=each.name,
        estimate=each.estimate,
        camera=each.camera,
        cost=each.cost,
        licence=each.licence,
        commercial=each.commercial,
        alignment=alignment,
        covered=float(each.estimate.depth.valid.mean()),
        predicted=predicted,
        aligned=aligned,
        boundary_f1=boundary,
    )
