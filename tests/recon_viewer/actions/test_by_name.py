"""Each action of the menu is in one table: that of the controller, or that of the window."""

from unittest.mock import MagicMock

import pytest

from recon_viewer.actions.by_name import actions_of
from recon_viewer.ui.shortcuts import ACTIONS


def test_every_action_of_the_menu_is_in_one_of_two_tables() -> None:
    pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")
    from recon_viewer.ui.actions import Actions

    without_dialog, with_dialog = (
        actions_of(MagicMock(), MagicMock()),
        Actions(MagicMock(), MagicMock()).by_name,
    )
    assert not without_dialog.keys() & with_dialog.keys()
    assert {action.name for action in ACTIONS} - {*without_dialog, *with_dialog} == set()
