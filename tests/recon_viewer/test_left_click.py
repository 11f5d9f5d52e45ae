"""Pictures that act as buttons."""

from types import SimpleNamespace

import pytest

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")

from open3d.visualization import gui

from recon_viewer.ui.left_click import on_left_click

LEFT, RIGHT = gui.MouseButton.LEFT, gui.MouseButton.RIGHT


@pytest.mark.parametrize(
    ("events", "count"),
    [
        ([("BUTTON_DOWN", LEFT), ("BUTTON_UP", LEFT)], 1),
        ([("BUTTON_DOWN", LEFT), ("DRAG", LEFT), ("BUTTON_UP", LEFT), ("BUTTON_UP", LEFT)], 1),
        ([("BUTTON_DOWN", RIGHT), ("BUTTON_UP", RIGHT)], 0),
        ([("DRAG", LEFT), ("BUTTON_UP", LEFT)], 0),
        ([("BUTTON_DOWN", LEFT), ("MOVE", None), ("DRAG", LEFT), ("BUTTON_UP", LEFT)], 0),
    ],
    ids=["click", "click with a slip", "right", "from elsewhere", "released elsewhere before"],
)
def test_only_a_left_click_acts(events: list[tuple[str, object]], count: int) -> None:
    acted: list[None] = []
    mouse = on_left_click(lambda: acted.append(None))
    for kind, button in events:
        mouse(
            SimpleNamespace(
                type=getattr(gui.MouseEvent.Type, kind),
                is_button_down=lambda asked, button=button: asked == button,
            )
        )
    assert len(acted) == count
