"""A small scene with a known answer: a plane seen by a camera whose principal point is off the centre."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from recon.export.content import Content
from recon.frames import Axes
from recon.types import Intrinsics, Mesh, Photo, PointCloud

WIDTH, HEIGHT = 24, 18
VALIDATOR = Path(__file__).parents[1] / "node"


def _plane() -> tuple[Intrinsics, np.ndarray, np.ndarray]:
    """Camera, points (H, W, 3) of a plane that recedes to the right, and its unit normal (3,), cam frame."""
    camera = Intrinsics(20.0, 20.0, 11.0, 10.0, WIDTH, HEIGHT, "exif")
    u, v = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], axis=-1)
    normal = np.array([0.4, 0.1, -1.0]) / np.linalg.norm([0.4, 0.1, -1.0])
    distance = np.array([0.0, 0.0, 2.0]) @ normal
    points = rays * (distance / (rays @ normal))[..., None]
    return camera, points.astype(np.float32), normal.astype(np.float32)


@pytest.fixture
def make_content() -> Callable[..., Content]:
    """``make_content("cloud" | "mesh", axes=, normals=, seed=)``."""

    def make(shape: str, axes: Axes = "y-up", normals: bool = True, seed: int = 7) -> Content:
        camera, points, normal = _plane()
        rgb = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        flat = points.reshape(-1, 3)
        facing = np.broadcast_to(normal, flat.shape).copy() if normals else None
        if shape == "cloud":
            geometry: PointCloud | Mesh = PointCloud(flat, rgb.reshape(-1, 3), facing)
        else:
            index = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
            a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
            # y down: this order turns counter-clockwise for who looks along +z.
            faces = np.stack([np.stack([a, d, c], -1), np.stack([a, c, b], -1)], 2).reshape(-1, 3)
            u, v = np.meshgrid((np.arange(WIDTH) + 0.5) / WIDTH, (np.arange(HEIGHT) + 0.5) / HEIGHT)
            uv = np.stack([u, v], -1).reshape(-1, 2).astype(np.float32)
            geometry = Mesh(flat, faces.astype(np.int32), uv, rgb.reshape(-1, 3), facing)
        provenance = {"model": "fake", "revision": None, "note": "Wohnküche\nsecond line", "focal_px": 20.0}
        return Content(geometry, Photo(rgb), camera, axes, provenance)

    return make


def _required(reason: str) -> None:
    """Skips, or fails where the environment promises that every tool is there (CI)."""
    if os.environ.get("RECON_REQUIRE_TOOLS") == "1":
        pytest.fail(f"RECON_REQUIRE_TOOLS=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def trimesh() -> ModuleType:
    """The reader of another project."""
    return _import("trimesh")


@pytest.fixture(scope="session")
def open3d() -> ModuleType:
    """The reader of another project; its import needs system libraries."""
    return _import("open3d")


def _import(name: str) -> ModuleType:
    try:
        return __import__(name)
    except (ImportError, OSError) as error:  # OSError: a system library that it links is missing
        _required(f"{name} cannot be imported: {error}")
        raise


@pytest.fixture(scope="session")
def khronos() -> Callable[[Path], dict]:
    """``khronos(path)``: the report of the Khronos glTF validator, installed by ``npm ci`` in tests/node."""
    node = shutil.which("node")
    if node is None:
        _required("node is not installed")
    if not (VALIDATOR / "node_modules" / "gltf-validator").is_dir():
        _required("the glTF validator is not installed: run `npm ci --prefix tests/node`")

    def validate(path: Path) -> dict:
        done = subprocess.run(
            [str(node), str(VALIDATOR / "validate.mjs"), str(path)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return validate
