"""The pictures of the README; `python -m tools.pictures` makes them."""

import re
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import recon
from recon.measure import distance
from recon.render.drawable import Drawn
from recon.render.subject import Subject
from recon.render.view_camera import ViewCamera
from tools import animated_picture, pictures, takeaway_pictures
from tools.picture_text import PAPER_RGB
from tools.screens import gallery, viewer_tour


def test_the_animated_picture_is_small_enough_for_a_phone_and_moves() -> None:
    path = pictures.FOLDER / "scene.webp"
    assert path.stat().st_size < pictures.LARGEST_BYTES
    with Image.open(path) as picture:
        assert picture.n_frames > 50 and picture.size == animated_picture.SIZE
        first = np.asarray(picture.convert("RGB"), np.int16)
        picture.seek(picture.n_frames * 2 // 3)
        assert np.abs(np.asarray(picture.convert("RGB"), np.int16) - first).mean() > 5


def test_all_pictures_of_the_pages_are_made_by_the_program() -> None:
    source = Path(pictures.__file__).read_text("utf-8")
    names = {path.stem for path in pictures.FOLDER.iterdir()}
    others = {"coverage", *gallery.PICTURES, *viewer_tour.STOPS, viewer_tour.FILM, *takeaway_pictures.MAKERS}
    assert others < names and names - others == {
        *(f"depth_edges_{k}" for k in (1, 2, 3)),
        *(f"sizes_{k}" for k in (1, 2, 3)),
        *(f"{name}_{k}" for name in ("level", "sky") for k in (1, 2)),
        "measured",
        "samples",
        "scene",
    }
    assert all(f'"{name.rstrip("_123")}' in source for name in names - others)


def test_one_picture_is_wiped_over_another() -> None:
    black, white = np.zeros((4, 10, 3), np.uint8), np.full((4, 10, 3), 200, np.uint8)
    half = animated_picture.wiped(black, white, 0.5)
    assert (half[:, :3] == 200).all() and (half[:, 3:6] == 255).all() and (half[:, 6:] == 0).all()
    assert (animated_picture.wiped(black, white, 1.0)[:, :8] == 200).all() and not black.any()


def test_an_upright_picture_is_fitted_between_margins() -> None:
    upright = np.zeros((400, 200, 3), np.uint8)
    fitted = pictures._fitted(upright)
    assert fitted.shape == (480, 640, 3)
    assert not fitted[:, 205:435].any() and (fitted[:, :195] == PAPER_RGB).all()


def test_an_animation_that_stays_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [np.full((8, 8, 3), value, np.uint8) for value in (0, 255)]
    pictures._save_animation(tmp_path / "a.webp", frames)
    with Image.open(tmp_path / "a.webp") as saved:
        assert saved.n_frames == 2
    monkeypatch.setattr(pictures, "LARGEST_BYTES", 10)
    with pytest.raises(click.ClickException, match="larger than 0 MB"):
        pictures._save_animation(tmp_path / "b.webp", frames)


def test_the_measured_picture_shows_what_the_text_says() -> None:
    assert pictures.measured().shape == (640, 1080, 3)
    assert pictures.measured_text(1152, 864).startswith("0.450 m ± 0.023")


def test_the_lengths_of_the_animation_hold_the_truth() -> None:
    samples = pictures.SAMPLES
    scene = recon.reconstruct(samples / "living_room.jpg", depth=str(samples / "living_room.depth.png"))
    for ends, truth_m in zip(animated_picture.LENGTHS_PX, (5.0, 1.1), strict=True):
        value, margin = (float(number) for number in re.findall(r"[\d.]+", distance(scene, *ends).text)[:2])
        assert abs(value - truth_m) < margin


def test_the_ceiling_goes_from_the_near_end_and_the_camera_leaves_the_room() -> None:
    points = np.array(
        [[0, 2.5, -1], [1, 2.5, -1], [0, 2.5, -5], [1, 2.5, -5], [0, 0, -5], [1, 0, -5]], np.float32
    )
    faces = np.array([[0, 1, 2], [2, 3, 4], [3, 4, 5]], np.int32)
    drawn = Drawn("triangles", points, np.zeros((6, 3), np.uint8), indices=faces)
    start = ViewCamera(eye=(0.0, 1.5, 0.0))
    room = animated_picture._Room(Subject(drawn, start, (8, 6), 1.0, 1.0), ())
    left = [room.below(z_m).indices for z_m in (0.0, -2.0, -9.0)]
    assert [0 if each is None else len(each) for each in left] == [3, 2, 0]
    outside = animated_picture._outside(start, 0.5)
    assert outside.eye[1] > 1.5 and outside.distance_m > 4.3
    assert animated_picture._between(start, outside, 0.0).eye == start.eye
