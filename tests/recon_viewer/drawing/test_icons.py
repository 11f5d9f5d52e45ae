"""The toolbar's icons."""

import numpy as np
import pytest

from recon_viewer.drawing.icons import icon

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


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(KeyError):
        icon("none", 24, (255, 255, 255), (0, 0, 0))
