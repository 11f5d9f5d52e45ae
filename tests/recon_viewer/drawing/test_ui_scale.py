"""High-resolution screens: sizes in design pixels keep their apparent size."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")

from recon.render.view_camera import ViewCamera
from recon_viewer.drawing.photo_panel import crossed
from recon_viewer.drawing.ui_scale import column_px, scale_of
from recon_viewer.ui.mouse_and_keys import Steering, gui
from recon_viewer.ui.pane_border import grip


class _View:
    """As much of the 3D view as steering asks for."""

    def __init__(self, scale: float) -> None:
        self.scale, self.size, self.camera = scale, (800.0 * scale, 600.0 * scale), ViewCamera()
        self.widget = SimpleNamespace(set_on_mouse=self._keep, set_on_key=lambda heard: None)

    def _keep(self, heard: object) -> None:
        self.mouse = heard

    def look(self, camera: ViewCamera) -> None:
        self.camera = camera


def event(kind: object, x: float, y: float) -> SimpleNamespace:
    return SimpleNamespace(
        type=kind, x=x, y=y, is_modifier_down=lambda key: False, is_button_down=lambda button: False
    )


def dragged(scale: float, way_px: float) -> tuple[_View, list[tuple[float, float]]]:
    view, clicks = _View(scale), []
    Steering(
        view,  # type: ignore[arg-type]
        lambda x, y: None,
        lambda x, y, ctrl: clicks.append((x, y)),
        lambda key: False,
        lambda a, b, done: False,
        lambda: None,
    )
    kinds = gui.MouseEvent.Type
    for kind, x in (
        (kinds.BUTTON_DOWN, 100.0),
        (kinds.DRAG, 100.0 + way_px),
        (kinds.BUTTON_UP, 100.0 + way_px),
    ):
        view.mouse(event(kind, x, 100.0))  # type: ignore[operator]
    return view, clicks


def test_the_scale_follows_the_font_that_open3d_made_for_the_screen() -> None:
    for font, scale in ((16, 1.0), (32, 2.0), (24, 1.5), (12, 1.0)):
        assert scale_of(SimpleNamespace(theme=SimpleNamespace(font_size=font))) == scale


def test_the_same_way_of_the_hand_turns_as_much() -> None:
    (one, _), (two, _) = dragged(1.0, 60.0), dragged(2.0, 120.0)
    assert one.camera.eye != ViewCamera().eye
    assert two.camera.eye == pytest.approx(one.camera.eye)


def test_a_hand_that_trembles_still_clicks_on_a_fine_screen() -> None:
    assert not dragged(1.0, 6.0)[1] and dragged(2.0, 6.0)[1] == [(106.0, 100.0)]


def test_the_view_keeps_its_share_of_a_narrow_window() -> None:
    assert column_px(1400, 368, None, 16) == 384
    assert column_px(1900, 736, None, 32) == 404
    assert column_px(1400, 736, None, 32) == 0


def test_what_is_dragged_aside_leaves_both_panes_their_least_width() -> None:
    assert column_px(1400, 368, 30.0, 16) == 480
    assert column_px(1400, 368, 1e9, 16) == 1400 - 368 - 8 * 16
    assert column_px(1400, 368, -5.0, 16) == 8 * 16
    # Where there is no room for it, it is hidden as without dragging.
    assert column_px(1400, 736, 30.0, 32) == 0


@pytest.mark.parametrize(("size", "dots"), [((8, 700), 5), ((16, 700), 5), ((8, 10), 0), ((8, 0), 0)])
def test_a_border_shows_where_to_hold_it_if_there_is_room(size: tuple[int, int], dots: int) -> None:
    made = grip(size, size[0] / 8)
    assert made.shape == (max(size[1], 1), size[0], 3)
    column = (made != made[0, 0]).any(axis=(1, 2))
    assert int((column[1:] & ~column[:-1]).sum()) == dots


@pytest.mark.parametrize("wide", [1, 2])
def test_cross_hairs_leave_the_point_free_and_stay_inside(wide: int) -> None:
    ground = np.full((90, 120, 3), 7, np.uint8)
    made = crossed(ground, 60.5, 40.5, wide)
    touched = (made != 7).any(axis=2)
    assert not touched[40, 60] and touched[40, 60 - 10 * wide] and touched[40 - 10 * wide, 60]
    assert touched[:, 60 - 10 * wide].sum() == 2 * wide
    for x, y in ((0, 0), (119.9, 89.9), (0, 89.9), (400, 400)):
        assert crossed(ground, x, y, wide).shape == ground.shape
