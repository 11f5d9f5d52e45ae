"""Gravity of several views: their mean, if they agree."""

from dataclasses import replace

import numpy as np
import pytest

from recon.join.fusion.levelling import joint_levelling
from recon.types import MetricDepth


def test_the_room_stands_upright_and_on_its_floor(true_views) -> None:
    levelling = joint_levelling(true_views)
    assert levelling is not None and levelling.sure
    up_world = true_views[0].world_T_cam[:3, :3] @ np.array(levelling.up_cam)
    assert np.degrees(np.arccos(up_world[1])) < 0.5
    assert levelling.camera_height_m == pytest.approx(true_views[0].centre_m[1], abs=0.03)


def test_one_view_that_lies_on_its_side_does_not_matter(true_views) -> None:
    side = np.eye(4)
    side[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    wrong = replace(true_views[3], world_T_cam=true_views[3].world_T_cam @ side)
    levelling = joint_levelling([*true_views[:3], wrong])
    assert levelling is not None
    assert (true_views[0].world_T_cam[:3, :3] @ np.array(levelling.up_cam))[1] > 0.999


def test_nothing_is_level_without_depth(true_views) -> None:
    view = true_views[0]
    assert (
        joint_levelling([replace(view, depth=MetricDepth(view.depth.z_m, np.zeros_like(view.depth.valid)))])
        is None
    )
