"""Our clouds against Open3D's ``create_from_rgbd_image`` on real photos with measured depth."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recon
from recon.types import Photo


def open3d() -> Any:
    try:
        import open3d
    except ImportError as error:
        pytest.skip(f"Open3D does not import: {error}; ./dev test installs what it needs")
    return open3d


def names() -> list[str]:
    manifest = Path(__file__).resolve().parents[3] / "shared" / "data" / "rgbd" / "pairs.json"
    return sorted(json.loads(manifest.read_text())) if manifest.is_file() else ["none"]


@pytest.mark.parametrize("name", names())
def test_the_cloud_of_a_real_pair_is_open3d_s(name: str, shared_data: Path) -> None:
    o3d = open3d()
    folder = shared_data / "rgbd"
    pair = json.loads((folder / "pairs.json").read_text())[name]
    unit = 1 / pair["depth_units_per_metre"]
    k = pair["K_fx_fy_cx_cy"]
    # The manifest counts pixel centres from 0, we from 0.5.
    camera = {"fov": 60.0} if k is None else {"intrinsics": (k[0], k[1], k[2] + 0.5, k[3] + 0.5)}
    scene = recon.reconstruct(
        folder / pair["rgb"], depth=folder / pair["depth"], depth_unit=unit, edge=0.0, **camera
    )
    height, width = scene.depth.z_m.shape
    # Where the depth is of the photo's size it must be the file's own; else both start from our resized map.
    stored = np.asarray(o3d.io.read_image(str(folder / pair["depth"])))
    if stored.shape == (height, width):
        assert np.allclose(scene.depth.z_m[scene.depth.valid], stored[scene.depth.valid] * unit, rtol=1e-6)
        assert np.array_equal(scene.depth.valid, stored > 0)
    z_m = np.where(scene.depth.valid, scene.depth.z_m, 0).astype(np.float32)
    rgbd = o3d.geometry.RGBDImage.create_from_color_and_depth(
        o3d.geometry.Image(np.ascontiguousarray(scene.photo.rgb)),
        o3d.geometry.Image(z_m),
        depth_scale=1.0,
        depth_trunc=1e6,
        convert_rgb_to_intensity=False,
    )
    i = scene.intrinsics
    theirs = o3d.geometry.PointCloud.create_from_rgbd_image(
        rgbd, o3d.camera.PinholeCameraIntrinsic(width, height, i.fx, i.fy, i.cx - 0.5, i.cy - 0.5)
    )
    ours = scene.cloud(normals=False)
    points = np.asarray(theirs.points)
    assert ours.points.shape == points.shape and len(points) > 1000
    assert np.abs(ours.points - points).max() <= 2e-6 * points[:, 2].max()
    assert np.array_equal(ours.rgb, np.rint(np.asarray(theirs.colors) * 255).astype(np.uint8))


def test_the_half_pixel_matters() -> None:
    """The agreement above could not hold by chance: half a pixel moves the points by millimetres."""
    photo = Photo(rgb=np.zeros((48, 64, 3), np.uint8))
    shifted = [
        recon.reconstruct(photo, model="preview", intrinsics=(60.0, 60.0, cx, 24.0)).cloud().points
        for cx in (32.0, 32.5)
    ]
    assert np.abs(shifted[0] - shifted[1]).max() > 1e-3
