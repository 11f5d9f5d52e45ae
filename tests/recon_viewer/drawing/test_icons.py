"""The toolbar's icons."""

import numpy as np
import pytest

from recon_viewer.drawing.icons import icon, text_px, tile

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")


def test_every_tool_has_an_icon_of_its_own_and_an_action() -> None:
    from recon_viewer.ui.shortcuts import ACTIONS
    from recon_viewer.ui.toolbar import GROUPS

    names = [name for group in GROUPS for name, _ in group]
    assert set(names) <= {action.name for action in ACTIONS} and len(set(names)) == len(names)
    drawn = [icon(name, 24, (255, 255, 255), (0, 0, 0)) for name in names]
    assert all(one.shape == (24, 24, 3) and 20 < one.mean() < 130 for one in drawn)
    for at, one in enumerate(drawn):
        assert all(np.abs(one.astype(int) - other).mean() > 3 for other in drawn[:at]), names[at]


def test_a_tile_has_the_icon_above_its_label() -> None:
    ground, width = (40, 40, 40), text_px("Measure", 20.0) + 18
    made = tile("distance", "Measure", (width, 60), 20.0, (255, 255, 255), ground)
    rows = (made != ground).any(axis=(1, 2))
    # Icon, a gap, letters, and free edges.
    assert np.flatnonzero(np.diff(rows.astype(int))).size == 4 and not rows[[0, -1]].any()
    assert not (made != ground).any(axis=(0, 2))[[0, 1, -2, -1]].any()


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(KeyError):
        icon("none", 24, (255, 255, 255), (0, 0, 0))
