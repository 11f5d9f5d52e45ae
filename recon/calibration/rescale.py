"""Rescales a scene that exists already to known measurements."""

from collections.abc import Sequence
from dataclasses import replace

from recon.calibration.calibration import as_json
from recon.calibration.references import ScaleSources
from recon.calibration.to_metric import to_metric
from recon.constraints import Constraint
from recon.errors import CalibrationError
from recon.journal import Journal
from recon.provenance import CalibrationRecord
from recon.scene import Scene
from recon.types import DepthEstimate


def rescaled(scene: Scene, known: Sequence[Constraint], journal: Journal | None = None) -> Scene:
    """The scene with the metric scale of known measurements, by the same fit that ``--length`` goes through.

    Args:
        scene: A scene without a calibration.
        known: Known measurements; with none, the scene is returned unchanged.
        journal: Receives the calibration and its residuals.

    Raises:
        CalibrationError: They contradict each other, or the scene was calibrated before (what it was calibrated with
            is not in it any more, and would be lost).
    """
    if not known:
        return scene
    if scene.provenance.calibration is not None:
        raise CalibrationError(
            "this scene was calibrated when it was made, and known lengths have to go into the same fit: build it "
            "again from its photo (in the viewer: Scene > Run again) with all of them"
        )
    record = scene.provenance.model
    model = scene.provenance.model_name or "scene"
    depth = scene.depth if scene.sky is None else replace(scene.depth, valid=scene.depth.valid & ~scene.sky)
    estimate = DepthEstimate(
        replace(depth, scale_interval=None),
        model,
        sky=scene.sky,
        details={} if record is None else record.details,
    )
    metric = to_metric(
        scene.photo,
        estimate,
        ScaleSources(constraints=tuple(known)),
        scene.intrinsics,
        journal=journal or Journal(),
    )
    assert metric.calibration is not None
    provenance = replace(
        scene.provenance,
        calibration=CalibrationRecord.from_dict(as_json(metric.calibration)),
        error_model=metric.error_model,
        scale_interval=metric.depth.scale_interval,
    )
    return replace(scene, depth=metric.depth, provenance=provenance)
