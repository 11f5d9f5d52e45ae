"""The pictures of sample_data/ and their truth: what pairs.json says is what the files hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from tools.sample_data import files
from tools.sample_data.camera import Camera
from tools.sample_data.sample import KnownLength, Sample

FOLDER = Path(__file__).parents[3] / "sample_data"
PAIRS: dict[str, dict[str, Any]] = json.loads((FOLDER / "pairs.json").read_text(encoding="utf-8"))
Array = NDArray[np.float64]

every_sample = pytest.mark.parametrize("name", sorted(PAIRS))


def depth_m(pair: dict[str, Any]) -> Array:
    """(H, W) metres, NaN where the file has no value."""
    units = np.asarray(Image.open(FOLDER / pair["depth"]))
    assert units.dtype == np.uint16
    return np.where(units > 0, units / pair["depth_units_per_metre"], np.nan)


def unproject(pair: dict[str, Any], x_px: Array, y_px: Array, z_m: Array) -> Array:
    """(N, 3) points of the world, z up."""
    fx, fy, cx, cy = pair["K_fx_fy_cx_cy"]
    points_cam = np.stack([(x_px - cx) / fx * z_m, (y_px - cy) / fy * z_m, z_m, np.ones_like(z_m)])
    return (np.array(pair["world_T_cam"]) @ points_cam)[:3].T


def depth_at(z_m: Array, x_px: float, y_px: float) -> float:
    """Depth between pixel centres: inverse depth is linear on a plane, so the answer is exact there."""
    x, y = x_px - 0.5, y_px - 0.5
    column, row = int(np.floor(x)), int(np.floor(y))
    a, b = x - column, y - row
    inverse = 1 / z_m[row : row + 2, column : column + 2]
    return float(1 / (np.array([1 - b, b]) @ inverse @ np.array([1 - a, a])))


def test_there_are_three_samples() -> None:
    assert sorted(PAIRS) == ["kitchen", "living_room", "street"]


@every_sample
def test_files_are_small(name: str) -> None:
    for key in ("rgb", "depth"):
        assert (FOLDER / PAIRS[name][key]).stat().st_size <= 600_000


@every_sample
def test_depth_has_the_upright_photos_shape(name: str) -> None:
    pair = PAIRS[name]
    upright = ImageOps.exif_transpose(Image.open(FOLDER / pair["rgb"]))
    assert list(upright.size) == pair["width_height"]
    assert depth_m(pair).shape == upright.size[::-1]


@every_sample
def test_exif_focal_length_is_the_true_one(name: str) -> None:
    pair = PAIRS[name]
    width, height = pair["width_height"]
    exif = Image.open(FOLDER / pair["rgb"]).getexif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    focal_px = details[ExifTags.Base.FocalLengthIn35mmFilm] / 43.2666 * np.hypot(width, height)
    assert pair["K_fx_fy_cx_cy"] == pytest.approx([focal_px, focal_px, width / 2, height / 2], rel=1e-3)
    assert float(details[ExifTags.Base.FocalLength]) > 0
    assert (exif[ExifTags.Base.Make], exif[ExifTags.Base.Model]) == ("recon", "rendered sample")


def test_kitchen_is_stored_on_its_side() -> None:
    pair = PAIRS["kitchen"]
    stored = Image.open(FOLDER / pair["rgb"])
    assert stored.getexif()[ExifTags.Base.Orientation] == 6
    assert list(stored.size) == pair["width_height"][::-1]
    assert stored.width > stored.height


@every_sample
def test_known_lengths_come_out_of_the_depth(name: str) -> None:
    pair = PAIRS[name]
    z_m = depth_m(pair)
    assert len(pair["known_lengths"]) >= 2
    for known in pair["known_lengths"]:
        ends = np.array([known["a_px"], known["b_px"]])
        points = unproject(pair, ends[:, 0], ends[:, 1], np.array([depth_at(z_m, *end) for end in ends]))
        length_m = np.linalg.norm(points[0] - points[1])
        assert length_m == pytest.approx(known["length_m"], abs=0.01), known["name"]


@every_sample
def test_level_surfaces_are_level_planes_at_their_height(name: str) -> None:
    pair = PAIRS[name]
    z_m = depth_m(pair)
    camera_m = np.array(pair["world_T_cam"])[:3, 3]
    assert camera_m[2] == pytest.approx(pair["camera_height_m"])
    assert pair["levels"]
    for level in pair["levels"]:
        x0, y0, x1, y1 = level["rect_px"]
        rows, columns = np.mgrid[y0:y1, x0:x1]
        points = unproject(pair, columns.ravel() + 0.5, rows.ravel() + 0.5, z_m[y0:y1, x0:x1].ravel())
        centre = points.mean(axis=0)
        normal = np.linalg.svd(points - centre, full_matrices=False)[2][2]
        off_m = np.abs((points - centre) @ normal)
        assert off_m.max() < 0.005, level["name"]
        assert abs(normal[2]) > np.cos(np.radians(0.2)), level["name"]
        assert abs((camera_m - centre) @ normal) == pytest.approx(camera_m[2] - level["height_m"], abs=0.005)


def test_only_the_sky_has_no_depth() -> None:
    shares = {name: float(np.isnan(depth_m(pair)).mean()) for name, pair in PAIRS.items()}
    assert shares["kitchen"] == 0
    assert shares["living_room"] < 0.03  # what the window shows above the hedge
    assert 0.05 < shares["street"] < 0.5
    sky = np.isnan(depth_m(PAIRS["street"]))
    assert not sky[sky.shape[0] // 2 :].any()


def bridged_share(z_m: Array) -> float:
    """Of the pixels across which depth jumps by over a fifth, the share that lies well inside the jump."""
    left, middle, right = z_m[:, :-2], z_m[:, 1:-1], z_m[:, 2:]
    jump = right - left
    wide = np.abs(jump) > 0.2 * np.minimum(left, right)
    place = (middle - left)[wide] / jump[wide]
    return float(((place > 0.15) & (place < 0.85)).mean())


@every_sample
def test_depth_edges_are_not_blended(name: str) -> None:
    z_m = depth_m(PAIRS[name])
    blended = (z_m[:, :-1] + z_m[:, 1:]) / 2
    assert bridged_share(z_m) < 0.06
    assert bridged_share(blended) > 0.3  # what the measure says of anti-aliased depth


@every_sample
def test_photo_is_exposed_like_a_photo(name: str) -> None:
    grey = np.asarray(Image.open(FOLDER / PAIRS[name]["rgb"]).convert("L"), float)
    assert 70 < grey.mean() < 190
    assert (grey < 4).mean() < 0.02
    assert (grey > 251).mean() < 0.10


def flat_sample(orientation: int = 1) -> Sample:
    camera = Camera(40, 30, 26, (0.0, 0.0, 1.5), yaw_deg=0, pitch_deg=0)
    known = (KnownLength("a metre of a wall at y = 2", (-0.5, 2.0, 1.5), (0.5, 2.0, 1.5)),)
    return Sample("flat", lambda: None, camera, "indoor", 0.0, 1000.0, known, (), orientation)


def test_camera_projects_what_it_sees() -> None:
    camera = Camera(1152, 864, 26, (1.0, -2.0, 1.5), yaw_deg=20, pitch_deg=-9, roll_deg=2)
    axes = camera.world_T_cam[:3, :3]
    assert axes.T @ axes == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    ahead = np.array(camera.position) + 3 * axes[:, 2]
    assert camera.project(ahead) == pytest.approx((576, 432, 3))
    right_and_up = ahead + 0.1 * axes[:, 0] - 0.1 * axes[:, 1]
    step = 0.1 / 3 * camera.focal_px
    assert camera.project(right_and_up) == pytest.approx((576 + step, 432 - step, 3))
    assert axes[2, 0] < 0 < axes[0, 0]  # rolled clockwise: the picture's right hand points downwards


@pytest.mark.parametrize("orientation", [1, 6])
def test_photo_opens_upright(tmp_path: Path, orientation: int) -> None:
    rgb = np.full((30, 40, 3), 40, np.uint8)
    rgb[:10, :10] = 220
    files.write_photo(tmp_path / "flat.jpg", rgb, flat_sample(orientation))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "flat.jpg")))
    assert upright.shape == rgb.shape
    assert np.abs(upright.astype(int) - rgb).mean() < 4


def test_depth_file_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="units"):
        files.write_depth(tmp_path / "far.png", np.full((2, 2), 70.0, np.float32), 1000.0)
    files.write_depth(tmp_path / "sky.png", np.array([[2.0, np.inf]], np.float32), 1000.0)
    assert np.asarray(Image.open(tmp_path / "sky.png")).tolist() == [[2000, 0]]


def test_known_length_that_is_hidden_is_refused() -> None:
    wall = np.full((30, 40), 2.0, np.float32)
    assert files.entry(flat_sample(), wall)["known_lengths"][0]["length_m"] == 1.0
    with pytest.raises(ValueError, match="one sees"):
        files.entry(flat_sample(), wall - 0.5)
