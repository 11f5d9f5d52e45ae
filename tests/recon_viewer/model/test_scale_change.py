"""What a known length does to the whole scene is said, and doubted where it is implausible."""

from dataclasses import replace

import pytest
from viewer_scenes import room

from recon.measure import distance
from recon.provenance import ModelRecord
from recon_viewer.model.scale_change import scale_change

_A, _B = (40.5, 80.5), (120.5, 80.5)


@pytest.mark.parametrize(
    ("factor", "model", "doubtful", "words"),
    [
        (1.05, "measured", False, "1.05 times as large"),
        (1.89, "measured", True, "1.89 times as large"),
        (1.89, "depthpro", False, "1.89 times as large"),
        (0.5, "depthpro", False, "2 times smaller"),
        (0.01, "depthpro", True, "100 times smaller"),
    ],
)
def test_the_factor_is_named(factor: float, model: str, doubtful: bool, words: str) -> None:
    scene = room()
    scene = replace(scene, provenance=replace(scene.provenance, model=ModelRecord(model)))
    change = scale_change(scene, _A, _B, factor * distance(scene, _A, _B).value)
    assert change is not None and change.doubtful is doubtful and words in change.text


def test_without_depth_there_is_no_factor() -> None:
    assert scale_change(room(), _A, (40.5, 900.0), 1.0) is None
