"""Relative inverse depth from a file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic import floor_and_wall, with_box

from recon.depth.measured import Measured
from recon.depth.relative_file import RelativeFile
from recon.errors import DepthFileError
from recon.journal import Journal
from recon.types import Photo, RelativeDepth

from .conftest import KeepingJournal

Z = with_box(floor_and_wall(), slice(30, 90), slice(50, 100), 2.0)


def read(path: Path, scale: int = 1) -> RelativeDepth:
    photo = Photo(rgb=np.zeros((Z.shape[0] * scale, Z.shape[1] * scale, 3), np.uint8))
    depth = RelativeFile(path).estimate(photo, focal_px=None, journal=Journal()).depth
    assert isinstance(depth, RelativeDepth)
    return depth


def test_floats_of_any_sign_are_taken_as_they_are(tmp_path: Path) -> None:
    stored = (1 / Z - 0.3).astype(np.float32)
    stored[0, 0] = np.nan
    np.save(tmp_path / "r.npy", stored)
    depth = read(tmp_path / "r.npy")
    assert not depth.valid[0, 0] and depth.valid.sum() == Z.size - 1
    assert np.array_equal(depth.inverse[depth.valid], stored[depth.valid])


def test_sixteen_bit_pictures_and_another_size(tmp_path: Path) -> None:
    stored = np.rint((1 / Z - 0.1) / 0.4 * 65535).astype(np.uint16)
    Image.fromarray(stored).save(tmp_path / "r.png")
    depth = read(tmp_path / "r.png", scale=2)
    assert depth.inverse.shape == (240, 320) and depth.valid.all()
    assert depth.inverse[120, 150] == pytest.approx(float(stored[60, 75]), abs=1)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.full(Z.shape, np.nan, np.float32), "no pixel has a finite value"),
        (np.zeros((50, 50), np.float32), "aspect ratio of the depth map"),
        (Z.T.copy(), "rotated by 90 degrees"),
        (np.zeros((*Z.shape, 3), np.float32), "expected the array to be"),
    ],
)
def test_depth_that_does_not_fit_is_refused(tmp_path: Path, array: np.ndarray, says: str) -> None:
    np.save(tmp_path / "r.npy", array)
    with pytest.raises(DepthFileError, match=says):
        read(tmp_path / "r.npy")
    with pytest.raises(DepthFileError, match="does not exist"):
        read(tmp_path / "none.npy")


def test_8_bits_are_taken_with_a_warning_and_are_no_measured_depth(tmp_path: Path) -> None:
    stored = np.rint((1 / Z - 0.1) / 0.4 * 255).astype(np.uint8)
    Image.fromarray(stored).save(tmp_path / "r.png")
    photo, journal = Photo(rgb=np.zeros((*Z.shape, 3), np.uint8)), KeepingJournal()
    depth = RelativeFile(tmp_path / "r.png").estimate(photo, focal_px=None, journal=journal).depth
    assert isinstance(depth, RelativeDepth) and np.array_equal(depth.inverse, stored)
    assert any("256 levels" in warning for warning in journal.warnings())
    with pytest.raises(DepthFileError, match="--relative-depth"):
        Measured(tmp_path / "r.png").estimate(photo, focal_px=None, journal=Journal())


def test_inverse_depth_given_as_measured_is_a_question(tmp_path: Path) -> None:
    photo = Photo(rgb=np.zeros((*Z.shape, 3), np.uint8))
    inverse = 1 / Z
    stretched = (inverse - inverse.min()) / (inverse.max() - inverse.min())
    Image.fromarray(np.rint(stretched * 65535).astype(np.uint16)).save(tmp_path / "r.png")
    with pytest.raises(DepthFileError, match=r"relative inverse depth.*--relative-depth.*--depth-unit"):
        Measured(tmp_path / "r.png").estimate(photo, focal_px=None, journal=Journal())
    Measured(tmp_path / "r.png", 0.001).estimate(photo, focal_px=None, journal=Journal())
    # A sensor's file of the same view, with both of the numbers that mean "not known".
    sensor = np.rint(Z * 1000).astype(np.uint16)
    sensor[0, 0], sensor[0, 1] = 0, 65535
    Image.fromarray(sensor).save(tmp_path / "m.png")
    Measured(tmp_path / "m.png").estimate(photo, focal_px=None, journal=Journal())
