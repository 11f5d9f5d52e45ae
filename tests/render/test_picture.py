"""Pictures: held against arithmetic on planes, against the photo, and against Open3D's own renderer."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rendering import Render

from recon.frames import gl_T_cam
from recon.options import Options
from recon.pipeline import reconstruct
from recon.render.drawable import Drawn
from recon.render.picture import Look, Renderer, pictures
from recon.render.subject import subject_of_scene
from recon.render.view_camera import Lens, ViewCamera, photo_camera
from recon.scene import Scene
from recon.types import Intrinsics

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
MARK = (255, 0, 255)
Picture = NDArray[np.uint8]
LENS = Intrinsics(fx=100.0, fy=100.0, cx=80.0, cy=60.0, width=160, height=120, source="user")
CAMERA = photo_camera(LENS, gl_T_cam, 3.0)


def _db(made: NDArray[np.generic], wanted: NDArray[np.generic]) -> float:
    error = made.astype(float) - wanted.astype(float)
    return float(10 * np.log10(255**2 / max((error**2).mean(), 1e-9)))


@pytest.fixture(scope="module")
def living_room() -> Scene:
    """The sample photo with its measured depth."""
    return reconstruct(SAMPLES / "living_room.jpg", Options(depth=SAMPLES / "living_room.depth.png"))


def _floor(uv: bool) -> Drawn:
    """A floor 1 m below the camera that begins 5 m behind it; red grows with x, green with z."""
    corners = np.array([[-5, -1, 5], [5, -1, 5], [5, -1, -15], [-5, -1, -15]], np.float32)
    rgb = np.array([[0, 0, 90], [200, 0, 90], [200, 200, 90], [0, 200, 90]], np.uint8)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    if not uv:
        return Drawn("triangles", corners, rgb, indices=faces)
    ramp = np.linspace(0, 200, 401)
    texture = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], 90.0), axis=2).astype(np.uint8)
    coordinates = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return Drawn("triangles", corners, rgb, indices=faces, uv=coordinates, texture=texture)


@pytest.mark.parametrize("uv", [False, True])
def test_colours_keep_perspective_and_the_floor_is_cut_at_the_camera(uv: bool) -> None:
    shown = Renderer(_floor(uv), Look(160, 120, MARK), CAMERA).picture(CAMERA)
    row, col = np.mgrid[75:120, 0:160]
    ahead = 1 / ((row + 0.5 - 60) / 100)
    right = ahead * (col + 0.5 - 80) / 100
    wanted = np.stack([20 * (right + 5), 10 * (ahead + 5), np.full(row.shape, 90)], axis=2)
    on_it = (np.abs(right) < 4.8) & (ahead < 14)
    assert on_it.mean() > 0.7
    assert np.abs(shown[75:] - wanted)[on_it].max() < 3
    assert (shown[:55] == MARK).all()


def test_an_edge_is_smooth_and_a_surface_is_not_touched() -> None:
    corners = np.array([[-1, -1, -2], [1, -0.8, -2], [0, 1, -2]], np.float32)
    drawn = Drawn(
        "triangles", corners, np.full((3, 3), 255, np.uint8), indices=np.array([[0, 1, 2]], np.int32)
    )
    shown = Renderer(drawn, Look(160, 120, (0, 0, 0)), CAMERA).picture(CAMERA)[..., 0]
    assert set(np.rint(np.unique(shown) / 63.75)) == {0, 1, 2, 3, 4}
    # Coverage adds up to the area of the triangle.
    assert shown.sum() / 255 == pytest.approx(0.5 * (2 * 2 - 0 - 0.2) * 50**2, rel=0.01)


def test_without_a_colour_the_background_is_a_gradient_in_the_tint_of_the_scene() -> None:
    drawn = replace(_floor(False), rgb=np.full((4, 3), (200, 120, 60), np.uint8))
    shown = Renderer(drawn, Look(160, 120), CAMERA).picture(CAMERA)[:55].astype(int)
    assert (np.diff(shown[:, 0].sum(axis=1)) <= 0).all() and shown[0].sum() > shown[-1].sum()
    assert (shown == shown[:, :1]).all() and (shown[..., 0] > shown[..., 2]).all()


@pytest.mark.parametrize("kind", ["points", "triangles"])
def test_nothing_in_view_is_background(kind: str) -> None:
    behind = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1]], np.float32)
    faces = np.array([[0, 1, 2]], np.int32) if kind == "triangles" else None
    drawn = Drawn(kind, behind, np.zeros((3, 3), np.uint8), indices=faces)  # type: ignore[arg-type]
    assert (Renderer(drawn, Look(16, 12, MARK), CAMERA).picture(CAMERA) == MARK).all()
    none = replace(drawn, points=behind[:0], rgb=drawn.rgb[:0], indices=None if faces is None else faces[:0])
    assert (Renderer(none, Look(16, 12, MARK), CAMERA).picture(CAMERA) == MARK).all()


def test_a_single_point_far_away_hides_nothing_near() -> None:
    rows = np.linspace(-1, 1, 40)
    points = np.stack(np.broadcast_arrays(rows[:, None], rows, -2.0), axis=2).reshape(-1, 3)
    points[0] = (0, 0, -9e4)
    drawn = Drawn("points", points.astype(np.float32), np.full(points.shape, 200, np.uint8))
    shown = Renderer(drawn, Look(64, 64, MARK, 4.0), ViewCamera()).picture(ViewCamera())
    assert 0.7 < (shown == 200).all(axis=2).mean() < 0.8


def test_lines_are_refused() -> None:
    drawn = Drawn("lines", np.zeros((2, 3), np.float32), np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match="expected points or triangles"):
        Renderer(drawn, Look(16, 12), CAMERA)


def test_many_cameras_give_the_pictures_of_one_after_the_other() -> None:
    drawn, look = _floor(True), Look(80, 60)
    places = [CAMERA.orbit(0.1 * k, 0.02 * k) for k in range(5)]
    renderer = Renderer(drawn, look, places[0])
    for together, alone in zip(pictures(drawn, look, places), map(renderer.picture, places), strict=True):
        np.testing.assert_array_equal(together, alone)
    assert list(pictures(drawn, look, [])) == []


@pytest.mark.parametrize("shape", ["mesh", "cloud"])
@pytest.mark.parametrize("width", [1152, 576, 400])
def test_a_sample_room_through_its_camera_is_the_photo(living_room: Scene, shape: str, width: int) -> None:
    height = width * 3 // 4
    subject = subject_of_scene(living_room, shape, (width, height))  # type: ignore[arg-type]
    look = Look(width, height, MARK, point_size_px=subject.footprint_px * width / 1152)
    shown = Renderer(subject.drawn, look, subject.start).picture(subject.start)
    photo = cv2.resize(living_room.photo.rgb, (width, height), interpolation=cv2.INTER_AREA)
    # Away from holes: pixels at their rims are mixed with the background.
    hole = (np.abs(shown.astype(int) - MARK).max(axis=2) < 8).astype(np.uint8)
    whole = cv2.dilate(hole, np.ones((7, 7), np.uint8)) == 0
    assert whole.mean() > 0.85
    least_db = {("mesh", 1152): 45, ("cloud", 1152): 60}.get((shape, width), 30 if shape == "mesh" else 20)
    assert _db(shown[whole], photo[whole]) > least_db


@pytest.mark.display
@pytest.mark.parametrize(("shape", "least_db"), [("mesh", 30.0), ("cloud", 22.0)])
def test_it_agrees_with_open3d(
    living_room: Scene, open3d_pictures: Render, shape: str, least_db: float
) -> None:
    coarse = living_room.with_options(replace(living_room.options, stride=2))
    subject = subject_of_scene(coarse, shape, (1152, 864))  # type: ignore[arg-type]
    look = Look(576, 432, (60, 60, 60), point_size_px=2.0)
    places = [subject.start.orbit(turn, 0.05) for turn in (0.0, 0.2, -0.2)]
    ours = list(pictures(subject.drawn, look, places))
    for made, theirs in zip(ours, open3d_pictures(subject.drawn, look, places), strict=True):
        assert _db(made, theirs) > least_db


def test_a_large_picture_of_a_plain_view_is_bounded() -> None:
    """A camera within a millimetre of a triangle that fills everything."""
    near = ViewCamera((0, -0.999, 0), (0, -0.999, -3), lens=Lens.plain())
    shown = Renderer(_floor(False), Look(200, 150, MARK), near).picture(near)
    assert (shown[80:] != MARK).any(axis=2).all() and (shown[:60] == MARK).all()
