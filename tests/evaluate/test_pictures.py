"""The picture of a pair: panels where they belong, colours that mean what the bar says."""

from pathlib import Path

import numpy as np
import pytest
from known_pairs import TRUE_M, Fake, entry, write
from PIL import Image

from recon.evaluate import Compared, Settings, compare, read_manifest
from recon.evaluate.pictures import picture_of, save_picture
from recon.journal import Journal


def result(folder: Path, estimator: Fake) -> Compared:
    return compare(read_manifest(folder)[0], estimator, Settings(), Journal())


def panels(picture: np.ndarray) -> dict[str, np.ndarray]:
    """The pixels of the four pictures: 560 x 420 each, the left ones at 12 px, the lower ones after 462 px."""
    right = picture.shape[1] - next(
        k for k in range(picture.shape[1]) if (picture[240, picture.shape[1] - 1 - k] != 255).any()
    )
    assert right > 1000
    left = slice(12, 572)
    upper, lower = slice(30, 450), slice(492, 912)
    start = next(k for k in range(620, 800) if (picture[upper, k] != 255).any(axis=1).mean() > 0.9)
    other = slice(start, start + 560)
    return {
        "photo": picture[upper, left],
        "truth": picture[upper, other],
        "estimate": picture[lower, left],
        "error": picture[lower, other],
    }


def test_panels_show_photo_truth_estimate_and_error(folder: Path) -> None:
    shown = panels(picture_of(result(folder, Fake(folder))))
    photo = np.asarray(Image.open(folder / "a.jpg").resize((560, 420), Image.Resampling.NEAREST)).astype(int)
    assert np.corrcoef(shown["photo"].ravel(), photo.ravel())[0, 1] > 0.5
    np.testing.assert_array_equal(shown["truth"], shown["estimate"])
    assert (np.abs(shown["error"] - 247.0) <= 1).all()  # the middle of the bar: no error


@pytest.mark.parametrize(("factor", "channel"), [(1.3, 0), (1 / 1.3, 2)])
def test_too_far_is_red_and_too_near_is_blue(folder: Path, factor: float, channel: int) -> None:
    error = panels(picture_of(result(folder, Fake(folder, lambda z: factor * z))))["error"]
    assert (error.argmax(axis=2) == channel).all()


def test_near_and_far_have_other_colours(folder: Path) -> None:
    truth = panels(picture_of(result(folder, Fake(folder))))["truth"]
    box, wall = truth[210, 250], truth[30, 30]
    assert box[0] > box[2] and wall[2] >= wall[0]  # near is red


def test_what_is_not_known_is_grey(folder: Path) -> None:
    units = np.rint(1000 * TRUE_M).astype(np.uint16)
    units[:, :40] = 0
    Image.fromarray(units).save(folder / "a.png")
    shown = panels(picture_of(result(folder, Fake(folder))))
    assert (shown["truth"][:, :138] == 128).all() and (shown["error"][:, :138] == 128).all()
    assert not (shown["truth"][:, 145:] == 128).all(axis=2).any()


def test_scattered_truth_is_seen(folder: Path) -> None:
    units = np.asarray(Image.open(folder / "a.png")).copy()
    units[np.random.default_rng(0).random(units.shape) > 0.02] = 0
    Image.fromarray(units).save(folder / "a.png")
    known = (panels(picture_of(result(folder, Fake(folder))))["truth"] != 128).any(axis=2)
    assert known.mean() > 0.06


@pytest.mark.parametrize("size", [(40, 400), (400, 40), (7, 5)])
def test_any_shape_of_photo_has_a_picture(folder: Path, size: tuple[int, int]) -> None:
    Image.open(folder / "a.jpg").resize(size).save(folder / "odd.jpg")
    Image.fromarray(np.full(size[::-1], 1500, np.uint16)).save(folder / "odd.png")
    write(folder, {"odd": entry("odd", K_fx_fy_cx_cy=None)})
    picture = picture_of(result(folder, Fake(folder, lambda z: 2 / z, gives="relative")))
    assert picture.dtype == np.uint8 and picture.ndim == 3 and max(picture.shape) < 3000


def test_it_is_saved_whole(folder: Path) -> None:
    path = folder / "shown.png"
    save_picture(path, result(folder, Fake(folder)))
    with Image.open(path) as image:
        image.load()
        assert image.mode == "RGB" and image.width > 1200
    assert not list(folder.glob(".*.part"))
