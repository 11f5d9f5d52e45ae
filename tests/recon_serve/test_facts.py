"""What an answer says of a scene."""

from dataclasses import replace

import pytest
from rooms import MODEL, estimated, room_depth, scene_of

from recon.calibration.rescale import rescaled
from recon.constraints import LengthBetween
from recon.provenance import CalibrationRecord
from recon_serve.scene_files import facts_of


def test_a_calibration_of_another_version_has_no_residuals() -> None:
    scene = rescaled(
        scene_of(room_depth(), estimated(MODEL)), [LengthBetween((40.5, 20.5), (120.5, 20.5), 2.0, 0.01)]
    )
    (residual,) = facts_of(scene)["residuals"]
    assert residual["given_m"] == pytest.approx(2.0)
    record = scene.provenance.calibration
    assert record is not None
    other = CalibrationRecord.from_dict({**record.values, "constraints": [{"constraint": "--length"}]})
    assert (
        facts_of(replace(scene, provenance=replace(scene.provenance, calibration=other)))["residuals"] == []
    )
