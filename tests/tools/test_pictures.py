"""The pictures of the README; `python -m tools.pictures` makes them."""

from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from tools import pictures, takeaway_pictures
from tools.screens import gallery, viewer_tour


def test_the_animated_picture_is_small_enough_for_a_phone_and_moves() -> None:
    path = pictures.FOLDER / "scene.webp"
    assert path.stat().st_size < pictures.LARGEST_BYTES
    with Image.open(path) as picture:
        assert picture.n_frames > 50 and picture.size == (640, 480)
        first = np.asarray(picture.convert("RGB"), np.int16)
        picture.seek(picture.n_frames * 2 // 3)
        assert np.abs(np.asarray(picture.convert("RGB"), np.int16) - first).mean() > 5


def test_all_pictures_of_the_pages_are_made_by_the_program() -> None:
    source = Path(pictures.__file__).read_text("utf-8")
    names = {path.stem for path in pictures.FOLDER.iterdir()}
    others = {"coverage", *gallery.PICTURES, *viewer_tour.STOPS, *takeaway_pictures.MAKERS}
    assert others < names and names - others == {
        "depth_edges",
        "level",
        "measured",
        "samples",
        "scene",
        "sizes",
        "sky",
    }
    assert all(f'"{name}' in source for name in names - others)


def test_one_picture_is_wiped_over_another() -> None:
    black, white = np.zeros((4, 10, 3), np.uint8), np.full((4, 10, 3), 200, np.uint8)
    half = pictures._wiped(black, white, 0.5)
    assert (half[:, :3] == 200).all() and (half[:, 3:6] == 255).all() and (half[:, 6:] == 0).all()
    assert (pictures._wiped(black, white, 1.0)[:, :8] == 200).all() and not black.any()


def test_an_upright_picture_is_fitted_between_margins() -> None:
    upright = np.zeros((400, 200, 3), np.uint8)
    fitted = pictures._fitted(upright)
    assert fitted.shape == (480, 640, 3)
    assert not fitted[:, 205:435].any() and (fitted[:, :195] == pictures._PAPER_RGB).all()


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
