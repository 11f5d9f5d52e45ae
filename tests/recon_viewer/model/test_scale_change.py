"""What a known length has done to the whole scene is said, and doubted where it is implausible."""

from dataclasses import replace

import pytest
from viewer_scenes import room

from recon.calibration.rescale import rescaled
from recon.constraints import LengthBetween
from recon.measure import distance
from recon.provenance import ModelRecord
from recon.scene import Scene
from recon_viewer.model.scale_change import ScaleChange, scale_change

_A, _B = (40.5, 80.5), (120.5, 80.5)


def _of(model: str) -> Scene:
    scene = room()
    return replace(scene, provenance=replace(scene.provenance, model=ModelRecord(model)))


def _changed(scene: Scene, factor: float) -> ScaleChange:
    known = LengthBetween(_A, _B, factor * distance(scene, _A, _B).value, 0.01)
    change = scale_change(scene, rescaled(scene, [known]), known)
    assert change is not None
    return change


@pytest.mark.parametrize(
    ("factor", "model", "doubtful", "words"),
    [
        (1.05, "measured", False, "1.05 times as large"),
        (1.89, "measured", True, "1.89 times as large"),
        (1.89, "depthpro", False, "1.91 times as large"),
        (0.5, "depthpro", False, "1.96 times smaller"),
        (0.01, "depthpro", True, "98.4 times smaller"),
    ],
)
def test_the_factor_is_named(factor: float, model: str, doubtful: bool, words: str) -> None:
    change = _changed(_of(model), factor)
    assert change.doubtful is doubtful and words in change.text


def test_a_scene_that_follows_in_part_is_said_to_measure_another_length() -> None:
    """The errors of preview's scale and of its depth at both ends share the difference."""
    scene = _of("preview")
    change = _changed(scene, 1.5)
    given_m = 1.5 * distance(scene, _A, _B).value
    assert change.text.startswith(f"{given_m:.4g} m given: the whole scene is now 1.")
    assert "there: the fit allows for the errors of its depth" in change.text and not change.doubtful


def test_without_depth_there_is_no_factor() -> None:
    scene = room()
    assert scale_change(scene, scene, LengthBetween(_A, (40.5, 900.0), 1.0, 0.01)) is None
