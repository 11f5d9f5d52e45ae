"""A scene that exists already, brought to known sizes."""

from dataclasses import replace

import numpy as np
import pytest
from viewer_scenes import room

from recon.calibration.rescale import rescaled
from recon.constraints import LengthBetween
from recon.errors import CalibrationError
from recon.measure import distance
from recon.provenance import CalibrationRecord, Provenance

A, B = (40.5, 80.5), (120.5, 80.5)


def test_a_known_length_makes_the_scene_that_long() -> None:
    scene = room()
    before = distance(scene, A, B).value
    after = rescaled(scene, (LengthBetween(A, B, 2 * before, 0.01),))
    assert distance(after, A, B).value == pytest.approx(2 * before, rel=1e-3)
    assert np.allclose(after.depth.z_m, 2 * scene.depth.z_m, rtol=2e-3)
    assert after.provenance.calibration is not None
    assert after.provenance.calibration.reference == "1 length"


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
