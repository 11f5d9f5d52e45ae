"""Gaussians read by trimesh, and drawn by the test's own rasteriser, written from the papers alone."""

from dataclasses import replace

import numpy as np
import pytest

from recon.export.formats import gaussian_splat
from recon.export.formats.gaussian_splat import PROPERTIES, SIGMA_PX
from recon.export.registry import format_for
from recon.file_info.describe import describe
from recon.types import PointCloud


@pytest.fixture
def written(make_content, trimesh, tmp_path):
    """``written(content)``: the properties that trimesh reads, by name."""

    def write(content):
        gaussian_splat.write(content, tmp_path / "a.splat.ply")
        read = trimesh.load(tmp_path / "a.splat.ply", process=False)
        return read.metadata["_ply_raw"]["vertex"]["data"]

    return write


def columns(data, prefix: str, count: int) -> np.ndarray:
    return np.stack([data[f"{prefix}_{k}"] for k in range(count)], axis=1).astype(np.float64)


def positions(data) -> np.ndarray:
    return np.stack([data[axis] for axis in "xyz"], axis=1).astype(np.float64)


def rotations(data) -> np.ndarray:
    """(N, 3, 3) of the quaternions w x y z."""
    w, x, y, z = columns(data, "rot", 4).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def footprints(data, camera) -> np.ndarray:
    """Covariances in the picture, (N, 2, 2) px^2: J R S S R^T J^T (Zwicker et al. 2002)."""
    x, y, z = positions(data).T
    jacobian = np.zeros((len(x), 2, 3))
    jacobian[:, 0, 0], jacobian[:, 0, 2] = camera.fx / z, -camera.fx * x / z**2
    jacobian[:, 1, 1], jacobian[:, 1, 2] = camera.fy / z, -camera.fy * y / z**2
    spread = jacobian @ rotations(data) * np.exp(columns(data, "scale", 3))[:, None]
    return spread @ spread.transpose(0, 2, 1)


def rendered(data, camera) -> np.ndarray:
    """What the photo's camera sees of the Gaussians, front to back, (H, W, 4): premultiplied colour, alpha."""
    x, y, z = positions(data).T
    centre = np.stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy], axis=1)
    inverse = np.linalg.inv(footprints(data, camera))
    opacity = 1 / (1 + np.exp(-data["opacity"].astype(np.float64)))
    rgb = 0.5 + gaussian_splat.DEGREE_0 * columns(data, "f_dc", 3)
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    picture, left = np.zeros((*u.shape, 4)), np.ones(u.shape)
    for k in np.argsort(z):
        du, dv = u - centre[k, 0], v - centre[k, 1]
        (a, b), (_, d) = inverse[k]
        alpha = opacity[k] * np.exp(-0.5 * (a * du**2 + 2 * b * du * dv + d * dv**2))
        picture += (left * alpha)[..., None] * np.array([*rgb[k], 1.0])
        left *= 1 - alpha
    return picture


def smooth(content):
    """The content with a picture that changes slowly, as photos do."""
    v, u = np.mgrid[0 : content.photo.height, 0 : content.photo.width]
    rgb = np.stack([u * 10, v * 14, 255 - u * 5 - v * 5], axis=-1).astype(np.uint8)
    geometry = replace(content.geometry, rgb=rgb.reshape(-1, 3))
    return replace(content, geometry=geometry, photo=replace(content.photo, rgb=rgb))


def test_names_and_order_are_the_reference_s(make_content, tmp_path):
    gaussian_splat.write(make_content("cloud"), tmp_path / "a.ply")
    header, body = (tmp_path / "a.ply").read_bytes().split(b"end_header\n", 1)
    names = [line.split()[-1] for line in header.decode().splitlines() if line.startswith("property float")]
    assert " ".join(names) == (
        "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3"
    )
    assert len(body) == 4 * len(PROPERTIES) * len(make_content("cloud").geometry.points)


@pytest.mark.parametrize("axes", ["y-up", "z-up"])
def test_positions_and_colours(axes, make_content, written):
    content = make_content("cloud", axes)
    data = written(content)
    assert np.array_equal(positions(data), content.geometry.points), "y down, z forward, whatever --axes says"
    rgb = 255 * (0.5 + gaussian_splat.DEGREE_0 * columns(data, "f_dc", 3))
    assert np.allclose(rgb, content.geometry.rgb, atol=1e-3)
    assert all(np.isfinite(data[name]).all() for name in PROPERTIES)


def test_the_disks_lie_in_the_surface(make_content, written):
    content = make_content("cloud")
    data = written(content)
    assert np.allclose(np.linalg.norm(columns(data, "rot", 4), axis=1), 1, atol=1e-6)
    assert np.allclose(rotations(data)[:, :, 2], content.geometry.normals, atol=1e-5)
    scales = np.exp(columns(data, "scale", 3))
    assert (scales[:, 0] >= scales[:, 1]).all()
    assert np.allclose(scales[:, 2], gaussian_splat.THINNESS * SIGMA_PX * scales[:, 1] / SIGMA_PX, rtol=1e-4)


@pytest.mark.parametrize("stride", [1, 3])
def test_each_covers_its_pixel_whatever_the_slant(stride, make_content, written):
    content = replace(make_content("cloud"), stride=stride)
    seen = footprints(written(content), content.intrinsics)
    expected = (SIGMA_PX * stride) ** 2 * np.eye(2)
    assert np.allclose(seen, expected, rtol=0.02, atol=0.02 * expected[0, 0])


def test_the_photo_s_camera_sees_the_photo(make_content, written):
    content = smooth(make_content("cloud"))
    picture = rendered(written(content), content.intrinsics)
    # The reference's rasteriser keeps what lies behind visible by no more than this.
    assert picture[..., 3].min() > 0.98
    error = picture[..., :3] / picture[..., 3:] - content.photo.rgb / 255
    psnr_db = -10 * np.log10(np.mean(error[2:-2, 2:-2] ** 2))
    assert psnr_db > 35


def test_thinned_points_are_as_wide_as_their_cubes(make_content, written):
    content = make_content("cloud", normals=False)
    wide = written(replace(content, voxel_m=0.5))
    assert np.allclose(np.exp(columns(wide, "scale", 3)[:, 0]).min(), 0.5 * SIGMA_PX, rtol=0.1)


def test_a_grazing_disk_is_no_needle(make_content, written):
    """Seen edge on, the step to the next pixel has no end."""
    content = make_content("cloud")
    normals = np.cross(content.geometry.points, [0, 1, 0]).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    data = written(replace(content, geometry=replace(content.geometry, normals=normals)))
    pixel = positions(data)[:, 2] / content.intrinsics.fx
    widest = np.exp(columns(data, "scale", 3)).max(axis=1) / (SIGMA_PX * pixel)
    assert widest.max() < 1.6 / gaussian_splat.STEEPEST


def test_a_point_straight_ahead_faces_the_camera(make_content, written):
    cloud = PointCloud(np.float32([[0, 0, 2]]), np.uint8([[255, 0, 1]]))
    data = written(replace(make_content("cloud"), geometry=cloud))
    assert rotations(data)[0, :, 2] == pytest.approx([0, 0, -1])
    assert np.exp(columns(data, "scale", 3))[0, :2] == pytest.approx([SIGMA_PX * 2 / 20] * 2)


def test_the_suffix_of_two_parts(tmp_path, make_content):
    form, shape = format_for(tmp_path / "My.Room.Splat.PLY")
    assert (form.suffix, shape, form.fixed_axes) == (".splat.ply", "cloud", "opencv")
    gaussian_splat.write(make_content("cloud"), tmp_path / "a.splat.ply")
    info = describe(tmp_path / "a.splat.ply")
    assert (info.colours, info.points) == ("vertex", len(make_content("cloud").geometry.points))
