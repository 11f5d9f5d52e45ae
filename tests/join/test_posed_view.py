import numpy as np
import pytest

from recon.join.joined_scene import JoinedScene, LeftOut
from recon.join.posed_view import PosedView
from recon.provenance import Provenance
from recon.types import Intrinsics, MetricDepth, Photo

TURN = np.array([[0.0, 0, 1, 0.5], [0, 1, 0, -2], [-1, 0, 0, 3], [0, 0, 0, 1]])


def view(**changes: object) -> PosedView:
    depth = MetricDepth(np.full((6, 8), 2, np.float32), np.ones((6, 8), bool))
    given = {
        "photo": Photo(np.zeros((6, 8, 3), np.uint8)),
        "intrinsics": Intrinsics(8, 8, 4, 3, 8, 6),
        "world_T_cam": TURN,
        "depth": depth,
    }
    return PosedView(**{**given, **changes})  # type: ignore[arg-type]


def test_the_inverse_takes_the_camera_to_the_origin() -> None:
    one = view()
    np.testing.assert_allclose(one.cam_T_world @ one.world_T_cam, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(one.centre_m, [0.5, -2, 3])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"world_T_cam": np.diag([2.0, 2, 2, 1])}, "rigid"),
        ({"world_T_cam": np.diag([1.0, 1, -1, 1])}, "rigid"),
        ({"world_T_cam": TURN.T}, "last row"),
        ({"intrinsics": Intrinsics(8, 8, 4, 3, 9, 6)}, "intrinsics"),
        ({"depth": MetricDepth(np.ones((6, 9), np.float32), np.ones((6, 9), bool))}, "depth of shape"),
        ({"sky": np.zeros((5, 8), bool)}, "sky of shape"),
    ],
)
def test_what_does_not_belong_together_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        view(**changes)


def test_a_scene_says_its_views_and_its_scale() -> None:
    scene = JoinedScene((view(),), (Provenance(),), (LeftOut("b.jpg", "no overlap"),), 0.04)
    assert repr(scene) == "JoinedScene(1 views, scale ± 4.0 %, left out: 1)"
    with pytest.raises(ValueError, match="provenance of 0"):
        JoinedScene((view(),), ())
    with pytest.raises(ValueError, match="at least one"):
        JoinedScene((), ())
