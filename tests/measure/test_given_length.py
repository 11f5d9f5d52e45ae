"""A distance between the ends of a length that the scene was calibrated with says what was given."""

from dataclasses import replace

import pytest
from rooms import MODEL, estimated, room_depth, scene_of

from recon.calibration.rescale import rescaled
from recon.constraints import LengthBetween
from recon.measure import Measurement, distance
from recon.provenance import CalibrationRecord
from recon.scene import Scene

A, B = (40.5, 20.5), (120.5, 20.5)


def _calibrated() -> tuple[Scene, float]:
    """A scene of a network, and the length that it was given: far more than its model's scale allows."""
    scene = scene_of(room_depth(), estimated(replace(MODEL, scale=0.1, local=0.2)))
    given_m = 1.2 * distance(scene, A, B).value
    return rescaled(scene, [LengthBetween(A, B, given_m, 0.01)]), given_m


@pytest.mark.parametrize("ends", [(A, B), (B, A)])
def test_the_given_length_is_shown_and_what_the_scene_measures_beside_it(
    ends: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    scene, given_m = _calibrated()
    found = distance(scene, *ends)
    assert found.given_m == pytest.approx(given_m)
    assert found.value != pytest.approx(given_m, rel=0.01)
    assert found.label == f"{given_m:.4g} m given"
    assert found.text.startswith(f"{given_m:.4g} m given; the scene measures {found.value:.1f}")
    assert found.as_json()["given_m"] == found.given_m and found.as_json()["label"] == found.label
    inches = found.in_unit("in")
    assert inches.label == f"{given_m / 0.0254:.4g} in given"


def test_other_lengths_have_none() -> None:
    scene, _ = _calibrated()
    for ends in ((A, (120.5, 21.5)), ((60.5, 20.5), B)):
        found = distance(scene, *ends)
        assert found.given_m is None and found.label == found.text


def _with_constraints(scene: Scene, *texts: str, used: bool = True) -> Measurement:
    record = scene.provenance.calibration
    assert record is not None
    made = dict(record.values)
    (one,) = made["constraints"]
    made["constraints"] = [{**one, "constraint": text or one["constraint"], "used": used} for text in texts]
    provenance = replace(scene.provenance, calibration=CalibrationRecord.from_dict(made))
    return distance(replace(scene, provenance=provenance), A, B)


def test_a_rejected_length_is_named_but_not_shown_as_given() -> None:
    scene, given_m = _calibrated()
    found = _with_constraints(scene, "", used=False)
    assert found.given_m is None and f"{given_m:.4g} m was given here, but rejected" in found.warnings[0]


@pytest.mark.parametrize(
    "text", ["--length 1,2:3=4m", "--length", "--at 1,2=3m", "side 1 of a door", "--length 0"]
)
def test_constraints_that_are_no_length_or_damaged_are_passed_over(text: str) -> None:
    scene, _ = _calibrated()
    assert _with_constraints(scene, text).given_m is None


def test_a_record_that_cannot_be_read_gives_none() -> None:
    scene, _ = _calibrated()
    assert _with_constraints(scene).given_m is None
    record = scene.provenance.calibration
    assert record is not None
    damaged = CalibrationRecord.from_dict({**record.values, "constraints": [{"constraint": "--length"}]})
    provenance = replace(scene.provenance, calibration=damaged)
    assert distance(replace(scene, provenance=provenance), A, B).given_m is None
