"""``recon depth --normal-map`` and masks: against planes of known normals, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from rooms import UP_CAM, room_depth
from synthetic import CAMERA, with_box

from recon.options import Options
from recon.outputs.map_files import normals_of
from recon.pipeline import reconstruct
from recon_cli.group import recon

BOX = (slice(20, 50), slice(60, 110))
TOWARDS_WALL = np.array([0.0, UP_CAM[2], -UP_CAM[1]])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo with the exact depth of a floor, a wall and the front of a box, without depth in one corner."""
    z_m = with_box(room_depth(), *BOX, 1.5)
    z_m[:10, :10] = np.nan
    np.save(tmp_path / "depth.npy", z_m)
    Image.fromarray(np.full((120, 160, 3), 90, np.uint8)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def _depth(photo: Path, *words: object) -> Result:
    depth = ["--depth", str(photo.with_name("depth.npy")), "--focal-px", "200"]
    return CliRunner().invoke(recon, ["depth", str(photo), *depth, *map(str, words)])


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("convention", ["opengl", "directx"])
def test_normal_maps_of_planes(photo: Path, convention: str) -> None:
    out = photo.with_name("n.png")
    done = _depth(photo, "--normal-map", out, "--normal-convention", convention, "--json")
    assert done.exit_code == 0, done.stderr
    shown = _read(out).astype(float)
    up = 1 if convention == "opengl" else -1
    # From the cam frame (x right, y down, z forward) to the map's.
    to_map = np.array([1, -up, -1])
    wanted = {(110, 80): UP_CAM, (15, 30): -TOWARDS_WALL, (35, 85): (0.0, 0.0, -1.0)}
    for (row, col), normal in wanted.items():
        np.testing.assert_allclose(shown[row, col], 127.5 + 127.5 * np.array(normal) * to_map, atol=1.01)
    assert tuple(shown[4, 4]) == (128, 128, 255)
    (written,) = json.loads(done.stdout)["written"]
    assert written["path"] == str(out) and convention in written["what"]
    assert (shown[110, 80, 1] > 128) == (convention == "opengl"), "the floor faces up"


def test_normals_as_numbers_are_unit_vectors(photo: Path) -> None:
    out = photo.with_name("n.npy")
    assert _depth(photo, "--normal-map", out).exit_code == 0
    normals = np.load(out)
    known = np.isfinite(normals).all(axis=2)
    assert normals.dtype == np.float32 and not known[:10, :10].any() and known[12:].all()
    np.testing.assert_allclose(np.linalg.norm(normals[known], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(normals[110, 80], UP_CAM * (1, -1, -1), atol=1e-3)
    # They face the camera, and none is invented at the box's outline.
    rows, cols = np.nonzero(known)
    rays = np.stack(
        [(cols + 0.5 - CAMERA.cx) / 200, -(rows + 0.5 - CAMERA.cy) / 200, -np.ones(len(rows))], axis=1
    )
    assert ((normals[known] * rays).sum(axis=1) < 0).all()
    planes = np.array([UP_CAM, -TOWARDS_WALL, (0, 0, -1)]) * (1, -1, -1)
    nearest = (normals[known] @ planes.T).max(axis=1)
    assert (nearest > 0.999).mean() > 0.97


def test_masks(photo: Path) -> None:
    valid, outlines = photo.with_name("v.png"), photo.with_name("o.png")
    done = _depth(photo, "--valid-mask", valid, "--outline-mask", outlines, "-o", photo.with_name("d.npy"))
    assert done.exit_code == 0, done.stderr
    shown = _read(valid)
    assert shown.shape == (120, 160) and set(np.unique(shown)) == {0, 255}
    np.testing.assert_array_equal(shown == 0, np.isnan(np.load(photo.with_name("d.npy"))))
    edge = _read(outlines) == 255
    rows, cols = BOX
    border = np.zeros(edge.shape, bool)
    border[rows.start - 1 : rows.stop + 1, cols.start - 1 : cols.stop + 1] = True
    border[rows.start + 1 : rows.stop - 1, cols.start + 1 : cols.stop - 1] = False
    assert edge[border].mean() > 0.95 and not edge[~border].any()


def test_a_valid_mask_ends_at_the_largest_depth(photo: Path) -> None:
    out = photo.with_name("v.png")
    assert _depth(photo, "--valid-mask", out, "--max-depth", "2m").exit_code == 0
    shown = _read(out) == 255
    assert shown[BOX].all() and not shown[60, 80]


def test_the_preview_finds_the_sky(tmp_path: Path) -> None:
    out = tmp_path / "sky.png"
    sample = Path(__file__).resolve().parents[3] / "sample_data" / "street.jpg"
    words = ["depth", str(sample), "--model", "preview", "--sky-mask", str(out)]
    done = CliRunner().invoke(recon, words)
    assert done.exit_code == 0, done.stderr
    shown = _read(out) == 255
    sky = _read(sample.with_name("street.depth.png")) == 0
    assert shown[sky].mean() > 0.9 and shown[~sky].mean() < 0.02


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "--normal-map or a mask"),
        (["--normal-map", "n.jpg"], 1, "a normal map is written as .png or .npy"),
        (["--valid-mask", "v.npy"], 1, "a mask is written as .png"),
        (["--normal-map", "n.png", "--normal-convention", "vulkan"], 2, "'opengl', 'directx'"),
        (["--valid-mask", "v.png", "--normal-convention", "directx"], 2, "needs --normal-map"),
        (["--sky-mask", "s.png"], 1, "finds no sky"),
        (["--normal-map", "n.png", "-o", "depths", "--format", "png", "photo.png"], 2, "are of one photo"),
        (["--normal-map", "photo.png"], 1, "photo.png"),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(
    photo: Path, words: list[str], code: int, message: str
) -> None:
    before = sorted(path.name for path in photo.parent.iterdir())
    plain = ("opengl", "directx", "vulkan", "png", "depths")
    done = _depth(photo, *(w if w.startswith("-") or w in plain else photo.parent / w for w in words))
    assert done.exit_code == code and message in done.stderr, done.stderr
    assert sorted(path.name for path in photo.parent.iterdir()) == before


def test_a_panorama_has_no_maps(tmp_path: Path) -> None:
    Image.fromarray(np.full((64, 128, 3), 90, np.uint8)).save(tmp_path / "pano.png")
    words = ["depth", str(tmp_path / "pano.png"), "--panorama", "--normal-map", str(tmp_path / "n.png")]
    done = CliRunner().invoke(recon, words)
    assert done.exit_code == 1 and "for perspective photos" in done.stderr


def test_flying_pixels_have_the_normal_of_a_neighbour(photo: Path) -> None:
    z_m = np.load(photo.with_name("depth.npy"))
    z_m[BOX[0], BOX[1].start - 1] = 2.2  # between the box and what is behind it
    np.save(photo.with_name("depth.npy"), z_m)
    scene = reconstruct(photo, Options(depth=photo.with_name("depth.npy"), focal_px=200))
    normals, known = normals_of(scene)
    flying = scene.surface.between
    assert flying.sum() >= 25 and known[flying].all()
    planes = np.array([UP_CAM, -TOWARDS_WALL, (0, 0, -1)])
    assert ((normals[flying] @ planes.T).max(axis=1) > 0.99).all()


def test_normals_that_the_model_predicts_take_the_place_of_the_depth_s(photo: Path) -> None:
    scene = reconstruct(photo, Options(depth=photo.with_name("depth.npy"), focal_px=200))
    predicted = np.broadcast_to(np.float32([0.6, 0.0, -0.8]), (120, 160, 3)).copy()
    normals, known = normals_of(replace(scene, depth=replace(scene.depth, normals=predicted)))
    np.testing.assert_array_equal(known, scene.depth.valid)
    np.testing.assert_allclose(normals[known], np.broadcast_to((0.6, 0.0, -0.8), (known.sum(), 3)), atol=1e-6)
