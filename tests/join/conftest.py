import pytest

from recon.join.joined_scene import JoinedScene, LeftOut
from recon.join.posed_view import PosedView
from recon.options import Options
from recon.provenance import Provenance
from tools.sequences.walk import Walk, walk


@pytest.fixture(scope="session")
def small_walk() -> Walk:
    """Four small photos with true depth."""
    return walk(4, seed=3, width=160, height=120)


@pytest.fixture(scope="session")
def true_views(small_walk: Walk) -> tuple[PosedView, ...]:
    return small_walk.views


@pytest.fixture(scope="session")
def true_scene(true_views: tuple[PosedView, ...]) -> JoinedScene:
    """Of these views, with coarse voxels."""
    return JoinedScene(
        true_views,
        tuple(Provenance(generator=f"test {number}") for number in range(len(true_views))),
        left_out=(LeftOut("blurred.jpg", "it shows too little of what the other photos show"),),
        scale_interval=0.03,
        options=Options(voxel=0.04),
    )
