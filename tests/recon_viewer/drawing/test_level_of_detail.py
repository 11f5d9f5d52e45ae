"""How much is drawn at rest and while the camera moves."""

from dataclasses import replace

import numpy as np
import pytest
from viewer_scenes import room

from recon.frames import gl_T_cam
from recon.render.drawable import draw_scene
from recon.render.style import View
from recon_viewer.drawing import level_of_detail
from recon_viewer.drawing.frame import Painter
from recon_viewer.model import commands as c
from recon_viewer.model.state import State


@pytest.fixture(autouse=True)
def _few_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(level_of_detail, "_AT_REST_PIXELS", 5000)
    monkeypatch.setattr(level_of_detail, "_MOVING_PIXELS", 500)


def test_a_mesh_has_no_more_vertices_than_the_view_needs_unless_they_were_asked_for() -> None:
    scene = room()
    assert level_of_detail.for_the_view(scene, View(shown_as="mesh")).options.stride == 2
    assert level_of_detail.for_the_view(scene, View(shown_as="cloud")) is scene
    for chosen in ({"stride": 1}, {"faces": 9000}, {"full": True}):
        asked = scene.with_options(replace(scene.options, **chosen))  # type: ignore[arg-type]
        assert level_of_detail.for_the_view(asked, View(shown_as="mesh")) is asked


@pytest.mark.parametrize("shown_as", ["cloud", "mesh"])
def test_while_moving_few_textured_triangles_cover_the_same_space(shown_as: str) -> None:
    state = c.set_view(c.add_scene(State(), room(), name="room"), shown_as=shown_as)
    picture = Painter().paint(state)
    ((full, few),) = zip(picture.drawn.values(), picture.moving.values(), strict=True)
    assert few.kind == "triangles" and few.texture is not None and few.uv is not None
    assert len(few.points) <= 700 < len(full.points)
    # Up to a step of the coarse grid.
    assert np.allclose(np.ptp(few.points, axis=0), np.ptp(full.points, axis=0), rtol=0.05)


def test_what_is_small_or_not_in_a_mesh_is_drawn_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    state = c.add_scene(State(), room(), name="room")
    for view in (View(shown_as="wireframe"), View(colours="masks")):
        assert not Painter().paint(replace(state, view=view)).moving
    assert not Painter().paint(state, preview=True).moving
    monkeypatch.setattr(level_of_detail, "_MOVING_PIXELS", 25_000)
    full = draw_scene(room(), View(), gl_T_cam, share=(0.0, 1.0))
    assert level_of_detail.while_moving(full, room(), View(), gl_T_cam, share=(0.0, 1.0)) is None
