"""From depth in memory to a file on disk: recon, Open3D, trimesh, and a plain write of the same bytes, alternating.

    python -m tools.bench.geometry [--rounds 7] [--folder DIR]

The ratio is to each other way's time in the same round: median, and in brackets the quartiles.
"""

import argparse
import importlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from PIL import Image
from trimesh.visual.material import PBRMaterial

from recon.export.format import Content
from recon.export.formats import glb, ply
from recon.geometry.point_cloud import GridCloud
from recon.geometry.unproject import rays_of
from recon.options import Options
from recon.scene import Scene
from recon.types import Intrinsics, Mesh, MetricDepth, Photo
from tools.bench.timing import alternate, milliseconds, table

TITLES = ("work", "file", "ours", "the other", "the other's time / ours", "bare write", "ours / bare write")


@dataclass(frozen=True)
class Bench:
    """Folder and number of rounds."""

    folder: Path
    rounds: int


def surface(width: int, height: int, *, holes: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) depth in m of a wavy wall with boxes in front of it, and which pixels are valid."""
    rows, cols = np.ogrid[0:height, 0:width]
    z_m = (3 + 0.4 * np.sin(cols / width * 23) + 0.3 * np.cos(rows / height * 17)).astype(np.float32)
    for k in range(6):
        top, left = (k * 7 % 6) * height // 7, (k * 5 % 6) * width // 7
        z_m[top : top + height // 8, left : left + width // 8] = 1 + 0.2 * k
    known = np.ones((height, width), bool)
    if holes:
        cell = np.random.default_rng(0).random((height // 8 + 1, width // 8 + 1)) < 0.3
        known &= ~np.kron(cell, np.ones((8, 8), bool))[:height, :width]
    return z_m, known


def scene_of(width: int, height: int, *, holes: bool = False, edge: float = 0.04) -> Scene:
    """A scene whose colours are a gradient with noise, like a JPEG."""
    z_m, known = surface(width, height, holes=holes)
    noise = np.random.default_rng(1).integers(0, 24, (height, width, 3), dtype=np.uint8)
    rgb = noise + np.linspace(0, 220, width, dtype=np.uint8)[:, None]
    camera = Intrinsics.from_fov(62, width=width, height=height, source="user")
    options = Options(edge=edge, full=True, fill=False, level=False)
    return Scene(Photo(rgb), camera, MetricDepth(z_m, known), options=options)


def bare_write(path: Path, like: Path) -> Callable[[], None]:
    """Writes the same number of bytes as a file has."""
    content = np.fromfile(like, np.uint8)

    def write() -> None:
        path.unlink(missing_ok=True)
        content.tofile(path)

    return write


def fresh(path: Path, write: Callable[[Path], object]) -> Callable[[], None]:
    """Writes a new file: replacing one also takes the time to free the pages of the old one."""

    def run() -> None:
        path.unlink(missing_ok=True)
        write(path)

    return run


def open3d_cloud(scene: Scene, path: Path, *, normals: bool) -> None:
    """The same with Open3D's functions, which do not cut depth edges."""
    # Its type stubs accept arrays as buffers only in newer versions of Python.
    o3d: Any = importlib.import_module("open3d")
    camera = scene.intrinsics
    pinhole = o3d.camera.PinholeCameraIntrinsic(
        camera.width, camera.height, camera.fx, camera.fy, camera.cx - 0.5, camera.cy - 0.5
    )
    depth = np.where(scene.depth.valid, scene.depth.z_m, np.float32(0))
    picture = o3d.geometry.RGBDImage.create_from_color_and_depth(
        o3d.geometry.Image(scene.photo.rgb),
        o3d.geometry.Image(depth),
        depth_scale=1.0,
        depth_trunc=1e6,
        convert_rgb_to_intensity=False,
    )
    cloud = o3d.geometry.PointCloud.create_from_rgbd_image(picture, pinhole)
    if normals:
        cloud.estimate_normals()
        cloud.orient_normals_towards_camera_location()
    o3d.io.write_point_cloud(str(path), cloud)


def our_plain_cloud(scene: Scene, path: Path) -> None:
    """Positions and colours, 15 bytes per point."""
    grid = GridCloud(scene.depth.z_m, scene.depth.valid, rays_of(scene.intrinsics), scene.photo.rgb)
    ply.write(Content(grid, scene.photo, scene.intrinsics), path)


def our_file(scene: Scene, path: Path, shape: str) -> None:
    """Everything for a new scene: edges, normals, triangles, file."""
    new = Scene(scene.photo, scene.intrinsics, scene.depth, options=scene.options)
    new.save(path, shape="mesh" if shape == "mesh" else "cloud", overwrite=True)


def trimesh_glb(mesh: Mesh, picture: Image.Image, path: Path) -> None:
    """Exports the same mesh with the same texture."""
    assert mesh.uv is not None
    visual = trimesh.visual.TextureVisuals(
        uv=mesh.uv * [1, -1] + [0, 1], material=PBRMaterial(baseColorTexture=picture)
    )
    shown = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False, visual=visual)
    shown.vertex_normals = mesh.normals
    path.write_bytes(trimesh.exchange.gltf.export_glb(trimesh.Scene(shown), include_normals=True))


def compare(
    bench: Bench,
    work: str,
    ours: Callable[[Path], object],
    suffix: str,
    other: Callable[[Path], object] | None = None,
) -> list[str]:
    """One line of the table."""
    paths = [bench.folder / f"{name}{suffix}" for name in ("ours", "other", "bare")]
    ours(paths[0])
    ways = {"ours": fresh(paths[0], ours), "bare": bare_write(paths[2], paths[0])}
    if other is not None:
        ways["other"] = fresh(paths[1], other)
    result = alternate(ways, bench.rounds)
    size = paths[0].stat().st_size
    for path in paths:
        path.unlink(missing_ok=True)
    return [
        work,
        f"{size / 1e6:,.0f} MB",
        milliseconds(result["ours"]),
        "-" if other is None else milliseconds(result["other"]),
        "-" if other is None else str(result["other"].over(result["ours"])),
        milliseconds(result["bare"]),
        str(result["ours"].over(result["bare"])),
    ]


def rows(bench: Bench) -> list[list[str]]:
    """All lines of the table."""
    large = scene_of(4000, 3000)
    lines = [
        compare(
            bench,
            "12 MP cloud to PLY, 15 bytes a point; other: Open3D",
            lambda path: our_plain_cloud(large, path),
            ".ply",
            lambda path: open3d_cloud(large, path, normals=False),
        )
    ]
    holed = scene_of(4000, 3000, holes=True)
    lines.append(
        compare(
            Bench(bench.folder, min(bench.rounds, 3)),
            "12 MP cloud to PLY, normals, edges cut, 30 % not known; other: Open3D without cut edges",
            lambda path: our_file(holed, path, "cloud"),
            ".ply",
            lambda path: open3d_cloud(holed, path, normals=True),
        )
    )
    square = scene_of(1536, 1536)
    # Both embed a JPEG photo unchanged.
    with tempfile.SpooledTemporaryFile() as file:
        Image.fromarray(square.photo.rgb).save(file, "JPEG", quality=95)
        file.seek(0)
        encoded = file.read()
        file.seek(0)
        picture = Image.open(file)
        picture.load()
    photo = Photo(np.asarray(picture), jpeg_bytes=encoded)
    square = Scene(photo, square.intrinsics, square.depth, options=square.options)
    mesh = square.mesh()
    content = Content(mesh, photo, square.intrinsics)
    lines += [
        compare(
            bench,
            "1536x1536 mesh in memory to textured GLB with normals; other: trimesh",
            lambda path: glb.write(content, path),
            ".glb",
            lambda path: trimesh_glb(mesh, picture, path),
        ),
        compare(
            bench,
            "1536x1536 depth to the same GLB: edges, normals, triangles too",
            lambda path: our_file(square, path, "mesh"),
            ".glb",
        ),
        compare(
            bench,
            "1536x1536 depth to mesh PLY with colours",
            lambda path: our_file(square, path, "mesh"),
            ".ply",
        ),
        compare(bench, "12 MP depth to GLB", lambda path: our_file(large, path, "mesh"), ".glb"),
        compare(bench, "12 MP depth to mesh PLY", lambda path: our_file(large, path, "mesh"), ".ply"),
    ]
    big_mesh = Content(large.mesh(), Photo(large.photo.rgb, jpeg_bytes=encoded), large.intrinsics)
    lines += [
        compare(bench, "12 MP mesh in memory to GLB", lambda path: glb.write(big_mesh, path), ".glb"),
        compare(bench, "12 MP mesh in memory to PLY", lambda path: ply.write(big_mesh, path), ".ply"),
    ]
    return lines


def report(rounds: int = 7, folder: Path | None = None) -> str:
    """The table."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        return table(TITLES, rows(Bench(Path(temporary), rounds)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where the files are written: on the disk to measure")
    given = parser.parse_args()
    print(report(given.rounds, given.folder))
