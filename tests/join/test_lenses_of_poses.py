"""Lenses in files of poses: the photos are undistorted, and everything after is as for pinhole cameras."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.camera.lens import Lens
from recon.errors import ReconError
from recon.frames import apply, gl_T_cam
from recon.join.bundle_covariance import depth_of
from recon.join.given_poses import read_poses
from recon.join.join_photos import join_photos
from recon.join.photo_set import NamedPhoto
from recon.join.posed_view import PosedView
from recon.journal import Journal
from recon.options import Options
from recon.types import DepthEstimate, DepthKind, Intrinsics, MetricDepth, Photo
from tools.sequences.walk import walk

W, H, K1 = 320, 240, -0.2
CAMERA = Intrinsics.from_fov(60, width=W, height=H, source="user")
LENS = Lens(CAMERA, "opencv", (K1,))


@pytest.fixture(scope="module")
def views() -> Sequence[PosedView]:
    """Two pinhole pictures that show more than the lens does."""
    return walk(2, width=480, height=360).views


@pytest.fixture(scope="module")
def taken(views: Sequence[PosedView]) -> list[NamedPhoto]:
    """What the lens takes there."""
    u, v = np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5)
    x, y = LENS.rays(u.ravel(), v.ravel())
    found = []
    for view in views:
        at_x, at_y = _at(view, x, y)
        rgb = cv2.remap(view.photo.rgb, at_x.reshape(H, W), at_y.reshape(H, W), cv2.INTER_LINEAR)
        name = str(view.photo.name)
        found.append(NamedPhoto(name, Photo(np.asarray(rgb, np.uint8), path=name), name))
    return found


def _at(view: PosedView, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rays are in the pinhole picture, as OpenCV counts."""
    k = view.intrinsics
    return (k.fx * x + k.cx - 0.5).astype(np.float32), (k.fy * y + k.cy - 0.5).astype(np.float32)


class _Truth:
    """An estimator that knows the depth along the rays of any pinhole camera."""

    name = "measured"
    gives: DepthKind = "metric"

    def __init__(self, views: Sequence[PosedView]) -> None:
        self._views = {view.photo.name: view for view in views}

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        view, k = self._views[photo.name], photo.intrinsics
        assert k is not None
        x, y = (np.arange(k.width) + 0.5 - k.cx) / k.fx, (np.arange(k.height) + 0.5 - k.cy) / k.fy
        at = _at(view, *np.meshgrid(x, y))
        z_m = np.asarray(cv2.remap(view.depth.z_m, *at, cv2.INTER_NEAREST), np.float32)
        return DepthEstimate(MetricDepth(z_m, z_m > 0), self.name)


def write_colmap(views: Sequence[PosedView], folder: Path, camera: str) -> Path:
    pytest.importorskip("pycolmap")
    u, v = (each.ravel() for each in np.meshgrid(np.arange(20.5, 460, 40), np.arange(20.5, 340, 40)))
    k = views[0].intrinsics
    rays = np.stack([(u - k.cx) / k.fx, (v - k.cy) / k.fy, np.ones(len(u))], axis=1)
    world = apply(views[0].world_T_cam, rays * views[0].depth.z_m[v.astype(int), u.astype(int)][:, None])
    lines, tracks = [], ["" for _ in world]
    for n, view in enumerate(views, start=1):
        x, y, z, w = Rotation.from_matrix(view.cam_T_world[:3, :3]).as_quat()
        place = " ".join(map(repr, map(float, (w, x, y, z, *view.cam_T_world[:3, 3]))))
        seen = apply(view.cam_T_world, world)
        px = np.stack(LENS.project(seen[:, 0] / seen[:, 2], seen[:, 1] / seen[:, 2]), axis=1)
        inside = ((px > 0) & (px < (W, H))).all(axis=1)
        lines.append(f"{n} {place} 1 {view.photo.name}")
        lines.append(" ".join(f"{px[k][0]} {px[k][1]} {k + 1}" for k in np.flatnonzero(inside)))
        for at, k in enumerate(np.flatnonzero(inside)):
            tracks[k] += f" {n} {at}"
    (folder / "cameras.txt").write_text(f"1 {camera}\n")
    (folder / "images.txt").write_text("\n".join(lines) + "\n")
    points = [f"{k + 1} {x} {y} {z} 0 0 0 0.1{tracks[k]}\n" for k, (x, y, z) in enumerate(world) if tracks[k]]
    (folder / "points3D.txt").write_text("".join(points))
    return folder


def colmap(views: Sequence[PosedView], folder: Path) -> Path:
    return write_colmap(views, folder, f"SIMPLE_RADIAL {W} {H} {CAMERA.fx} {CAMERA.cx} {CAMERA.cy} {K1}")


def transforms(views: Sequence[PosedView], folder: Path, **more: object) -> Path:
    camera = {"fl_x": CAMERA.fx, "cx": CAMERA.cx, "cy": CAMERA.cy, "w": W, "h": H, "k1": K1, "k2": 0, **more}
    poses = [(view.photo.name, (view.world_T_cam @ gl_T_cam).tolist()) for view in views]
    frames = [{"file_path": f"images/{name}", "transform_matrix": matrix} for name, matrix in poses]
    path = folder / "transforms.json"
    path.write_text(json.dumps({**camera, "frames": frames}))
    return path


@pytest.mark.parametrize("write", [colmap, transforms])
def test_photos_are_undistorted_and_their_depth_fits_the_poses(
    write: Callable[[Sequence[PosedView], Path], Path],
    views: Sequence[PosedView],
    taken: list[NamedPhoto],
    tmp_path: Path,
) -> None:
    poses = read_poses(write(views, tmp_path), taken, None)
    scene = join_photos(taken, Options(), Journal(), poses=poses, estimator=_Truth(views))
    truth = np.linalg.inv(views[0].world_T_cam) @ views[1].world_T_cam
    np.testing.assert_allclose(scene.views[1].world_T_cam[:3, 3], truth[:3, 3], rtol=0.003, atol=0.003)
    for view, wide, record in zip(scene.views, views, scene.provenance, strict=True):
        assert record.lens is not None and record.lens["coefficients"][0] == K1
        k = view.intrinsics
        x, y = np.meshgrid(
            (np.arange(k.width) + 0.5 - k.cx) / k.fx, (np.arange(k.height) + 0.5 - k.cy) / k.fy
        )
        pinhole = cv2.remap(wide.photo.rgb, *_at(wide, x, y), cv2.INTER_LINEAR).astype(float)
        off = np.abs(pinhole - view.photo.rgb).mean(axis=2)[20:-20, 20:-20]
        assert off.mean() < 4


def test_features_are_those_of_a_pinhole_camera(
    views: Sequence[PosedView], taken: list[NamedPhoto], tmp_path: Path
) -> None:
    poses = read_poses(colmap(views, tmp_path), taken, None)
    first = poses.by_photo[0]
    assert first.lens is not None and first.points_px is not None and len(first.points_px) > 50
    wide = views[0].intrinsics
    at = (first.points_px - (CAMERA.cx, CAMERA.cy)) / CAMERA.fx * wide.fx + (wide.cx, wide.cy)
    np.testing.assert_allclose((at - 20.5) / 40, np.rint((at - 20.5) / 40), atol=1e-4)
    # Reprojection errors are those of the features, and not of the lens.
    of_depth = depth_of(poses.covariance)
    assert of_depth is not None
    assert np.sqrt(of_depth.max()) < 1e-4


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (f"FOV {W} {H} 277 277 160 120 0.9", "camera model FOV is not supported"),
        (f"SIMPLE_RADIAL {W} {H} 277 160 120 nan", "cannot be read as poses"),
    ],
)
def test_a_lens_that_cannot_be_used_is_refused(
    camera: str, message: str, views: Sequence[PosedView], taken: list[NamedPhoto], tmp_path: Path
) -> None:
    with pytest.raises(ReconError, match=message):
        read_poses(write_colmap(views, tmp_path, camera), taken, None)


def test_coefficients_that_are_not_opencvs_are_refused(
    views: Sequence[PosedView], taken: list[NamedPhoto], tmp_path: Path
) -> None:
    with pytest.raises(ReconError, match="frame 0: k4 and more"):
        read_poses(transforms(views, tmp_path, k4=0.1), taken, None)
    with pytest.raises(ReconError, match="frame 0: k1 must be a number"):
        read_poses(transforms(views, tmp_path, k1="0.1"), taken, None)
