"""Inverse depth that is given as metres is a question, and metres never are one."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recon.depth.inverse_or_metres import grows_upwards, sign_of_inverse
from recon.depth.measured import Measured
from recon.depth.relative_file import RelativeFile
from recon.errors import DepthFileError
from recon.journal import Journal
from recon.types import Photo

SAMPLES = Path(__file__).parents[2] / "sample_data"
UNITS = {"living_room": 0.001, "kitchen": 0.001, "street": 1 / 256}


def depth_of(name: str) -> NDArray[np.float64]:
    return np.asarray(Image.open(SAMPLES / f"{name}.depth.png")).astype(np.float64) * UNITS[name]


def inverse_of(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """As a network predicts it: 0 is the farthest."""
    inverse = np.divide(1, z, out=np.zeros_like(z), where=z > 0)
    return np.where(z > 0, inverse - inverse[z > 0].min(), 0)


def sign(values: NDArray[np.generic], name: str = "d.npy") -> str | None:
    return sign_of_inverse(Path(name), "the array", values)


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("noise", [0.0, 0.005, 0.03])
def test_measured_depth_is_not_questioned(name: str, noise: float) -> None:
    z = depth_of(name)
    z = z * (1 + noise * np.random.default_rng(0).standard_normal(z.shape))
    for values in (
        z.astype(np.float32),
        (1000 * z).astype(np.uint16),
        np.where(z > 0, z, np.nan),
        z[::-1] + 1,
    ):
        assert sign(values) is None


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("scale", ["raw", "0 to 1", "0 to 255", "16 bits"])
def test_inverse_depth_is_recognised(name: str, scale: str) -> None:
    inverse = inverse_of(depth_of(name))
    top = {"raw": 7.3 * inverse.max(), "0 to 1": 1.0, "0 to 255": 255.0, "16 bits": 65535.0}[scale]
    values = inverse / inverse.max() * top
    stored = np.rint(values).astype(np.uint16) if scale == "16 bits" else values.astype(np.float32)
    assert sign(stored) is not None


def test_planes_decide_where_values_do_not() -> None:
    """Plain 1 / z ends well above 0: flat walls and floors are planes of it, and not of depth."""
    z = depth_of("living_room")
    found = sign(np.divide(1, z, out=np.zeros_like(z), where=z > 0))
    assert found is not None and "planes" in found


def test_ramps_of_test_pictures_are_metres() -> None:
    for low, high in ((1.0, 5.0), (2.0, 4.17), (5.0, 1.0)):
        down = np.linspace(low, high, 60)[:, None] + np.zeros((1, 80))
        assert sign(down) is None and sign(down.T) is None
    assert sign(np.full((60, 80), 2.0)) is None and sign(np.zeros((60, 80))) is None


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("room_disparity.npy", True),
        ("roomDisparity.npy", True),
        ("depth_anything_v2.npy", True),
        ("midas-large.png", True),
        ("inv_depth.npy", True),
        ("depth_anything_metric.npy", False),
        ("display.npy", False),
        ("depth.npy", False),
        ("invoice.npy", False),
    ],
)
def test_names_count(name: str, asked: bool) -> None:
    assert (sign(np.full((60, 80), 2.0), name) is not None) == asked


def test_the_question_names_both_flags_and_a_unit_answers_it(tmp_path: Path) -> None:
    inverse = inverse_of(depth_of("street")).astype(np.float32)
    np.save(tmp_path / "d.npy", inverse)
    height, width = inverse.shape
    photo = Photo(np.zeros((height, width, 3), np.uint8))
    with pytest.raises(DepthFileError, match=r"--relative-depth.*--depth-unit"):
        Measured(tmp_path / "d.npy").estimate(photo, focal_px=None, journal=Journal())
    Measured(tmp_path / "d.npy", 1.0).estimate(photo, focal_px=None, journal=Journal())
    assert not grows_upwards(inverse)


def test_depth_given_as_inverse_depth_is_a_warning(tmp_path: Path) -> None:
    z = depth_of("street").astype(np.float32)
    np.save(tmp_path / "d.npy", z)
    journal = Journal()
    photo = Photo(np.zeros((*z.shape, 3), np.uint8))
    RelativeFile(tmp_path / "d.npy").estimate(photo, focal_px=None, journal=journal)
    assert any(each.kind == "warning" and "--depth" in each.message for each in journal.entries)
