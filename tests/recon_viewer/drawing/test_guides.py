"""Guides and marks contrast with the background of the view, dark or light."""

import numpy as np
import pytest
from viewer_scenes import room

from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.guides import DARK, LIGHT, Palette, floor_grid, palette
from recon_viewer.model import commands as c
from recon_viewer.model.state import Box, State


def luminance(rgb: tuple[int, int, int]) -> float:
    """WCAG 2.1's relative luminance."""
    part = np.array(rgb) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [DARK, LIGHT])
def test_every_guide_contrasts_with_its_background(colours: Palette) -> None:
    # 3 is what WCAG 2.1 asks of graphics; the many weak lines of the grid should stay behind.
    for rgb in (colours.strong, *colours.axes, colours.frustum, colours.box, colours.section):
        assert contrast(rgb, colours.ground) >= 3
    assert 1.5 <= contrast(colours.weak, colours.ground) < contrast(colours.strong, colours.ground)


def test_the_grid_takes_the_colours_of_the_ground() -> None:
    low, high = np.array([-2.0, 0.0, -4.0]), np.array([2.0, 2.0, 0.0])
    for dark in (True, False):
        lines, _ = floor_grid(low, high, 0.0, np.eye(4), palette(dark))
        assert {tuple(rgb) for rgb in lines.rgb} == {palette(dark).strong, palette(dark).weak}


def test_a_picture_of_a_light_view_has_light_guides() -> None:
    state = c.set_view(c.add_scene(State(), room(), name="room"), dark=False, axes=True)
    state = c.set_crop(state, Box((-1, -5, -9), (1, 5, 0)))
    made = Painter().paint(state)
    shown = {tuple(rgb) for rgb in made.lines.rgb} | {tuple(rgb) for rgb in made.frusta.rgb}
    assert shown >= {LIGHT.box, LIGHT.frustum, *LIGHT.axes} and not shown & {
        DARK.box,
        DARK.frustum,
        *DARK.axes,
    }


def test_the_crop_dialog_starts_from_a_box_around_everything() -> None:
    made = Painter().paint(c.add_scene(State(), room(), name="room"))
    low, high = made.upright_bounds
    (key,) = made.drawn
    to_upright = made.upright_T_cam @ np.linalg.inv(made.world_T_cam)
    upright = made.drawn[key].points @ to_upright[:3, :3].T + to_upright[:3, 3]
    inside = ((upright >= low - 1e-3) & (upright <= high + 1e-3)).all(axis=1)
    assert inside.mean() > 0.8
