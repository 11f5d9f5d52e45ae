"""A scene that exists already, brought to known sizes."""

from dataclasses import replace

import numpy as np
import pytest
from viewer_scenes import room

from recon.calibration.rescale import rescaled
from recon.constraints import LengthBetween
from recon.errors import CalibrationError
from recon.measure import distance
from recon.provenance import CalibrationRecord, ModelRecord, Provenance

A, B = (40.5, 80.5), (120.5, 80.5)


def test_a_known_length_makes_the_scene_that_long() -> None:
    scene = room()
    before = distance(scene, A, B).value
    after = rescaled(scene, (LengthBetween(A, B, 2 * before, 0.01),))
    assert distance(after, A, B).value == pytest.approx(2 * before, rel=1e-3)
    assert np.allclose(after.depth.z_m, 2 * scene.depth.z_m, rtol=2e-3)
    assert after.provenance.calibration is not None
    assert after.provenance.calibration.reference == "1 length"


def test_a_length_that_ends_beside_an_object_is_that_of_the_object() -> None:
    scene = room()
    z_m = scene.depth.z_m.copy()
    z_m[60:100, 40:121] = 2.0
    details = {"processing_width": scene.photo.width // 3, "processing_height": scene.photo.height // 3}
    model = ModelRecord("network", details=details)
    boxed = replace(
        scene, depth=replace(scene.depth, z_m=z_m), provenance=replace(scene.provenance, model=model)
    )
    beside, inside = (LengthBetween((x, 80.5), B, 1.0, 0.01) for x in (38.5, 40.5))
    scales = [rescaled(boxed, (one,)).depth.z_m[80, 80] for one in (beside, inside)]
    assert scales[0] == pytest.approx(scales[1], rel=0.05)


def test_a_calibrated_scene_is_not_fitted_a_second_time() -> None:
    scene = replace(room(), provenance=Provenance(calibration=CalibrationRecord(1.0)))
    with pytest.raises(CalibrationError, match="build it again from its photo"):
        rescaled(scene, (LengthBetween(A, B, 1.0, 0.01),))


def test_without_known_sizes_it_is_the_same_scene() -> None:
    scene = room()
    assert rescaled(scene, ()) is scene


def test_a_length_in_the_wrong_unit_does_not_leave_an_empty_scene() -> None:
    with pytest.raises(CalibrationError, match=r"no pixel is between .* check the units"):
        rescaled(room(), (LengthBetween(A, B, 1e6, 0.01),))
