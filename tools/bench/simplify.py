"""Measures the quality of meshes simplified with --faces and --error, as seen by the photo's camera.

    python -m tools.bench.simplify --size 1536 --faces 200000 --faces 50000 --error 0.005

A pair's depth is resized to a square as large as Depth Pro's. Each simplified mesh is looked at by rays a little
off the pixel centres, through Open3D: which pixels are covered, their depth against that of the full mesh, how far
from its own place the texture stands, and the peak signal-to-noise ratio of the picture over the covered pixels.
Distances go from the vertices of the full mesh to the simplified surface. The first row is the mesh
as ``--faces`` gives it, from a coarser grid; the last rows are Open3D's decimator and fast-simplification alone.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.simplify import simplify
from recon.options import Options
from recon.scene import Scene
from recon.types import Intrinsics, Mesh, MetricDepth, Photo

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data" / "rgbd"
OFF_CENTRE_PX = (0.31, 0.17)
"""Offset of the rays from the pixel centres, where a ray may pass between two triangles that share a vertex."""


def scene_of(folder: Path, name: str, size: int) -> Scene:
    """A pair, squashed to a square; unknown depth is filled from around."""
    entry = json.loads((folder / "pairs.json").read_text())[name]
    photo, stored = (cv2.imread(str(folder / entry[key]), cv2.IMREAD_UNCHANGED) for key in ("rgb", "depth"))
    if photo is None or stored is None:
        raise FileNotFoundError(folder / entry["rgb"])
    height, width = photo.shape[:2]
    inverse = np.zeros(stored.shape, np.float32)
    np.divide(entry["depth_units_per_metre"], stored, out=inverse, where=stored > 0)
    known = (stored > 0).astype(np.float32)
    while not known.all():
        total, share = cv2.blur(inverse * known, (9, 9)), cv2.blur(known, (9, 9))
        fill = (known == 0) & (share > 1e-6)
        inverse[fill], known[fill] = total[fill] / share[fill], 1
    inverse = cv2.resize(cv2.bilateralFilter(inverse, 7, 0.02, 3), (size, size))
    fx, fy, cx, cy = entry["K_fx_fy_cx_cy"]
    half = 0.0 if "width_height" in entry else 0.5
    intrinsics = Intrinsics(fx, fy, cx + half, cy + half, width, height).resized(width=size, height=size)
    return Scene(
        photo=Photo(cv2.cvtColor(cv2.resize(photo, (size, size)), cv2.COLOR_BGR2RGB)),
        intrinsics=intrinsics,
        depth=MetricDepth(np.float32(1) / inverse, np.ones_like(inverse, bool)),
        options=Options(full=True, fill=False),
    )


@dataclass(frozen=True)
class View:
    """A mesh as the photo's camera sees it."""

    z_m: NDArray[np.float32]
    """(H, W) z-depth, m; infinite without a surface."""
    off_px: NDArray[np.float64]
    """(H, W) offset of the texture from the position of the ray."""
    rgb: NDArray[np.uint8]


class Camera:
    """Casts rays at meshes from the photo's camera."""

    def __init__(self, scene: Scene) -> None:
        camera = scene.intrinsics
        u = np.arange(1, camera.width - 1) + 0.5 + OFF_CENTRE_PX[0]
        v = np.arange(1, camera.height - 1) + 0.5 + OFF_CENTRE_PX[1]
        self.u, self.v = np.meshgrid(u, v)
        zero, one = np.zeros_like(self.u), np.ones_like(self.u)
        x, y = (self.u - camera.cx) / camera.fx, (self.v - camera.cy) / camera.fy
        self.rays = np.stack([zero, zero, zero, x, y, one], axis=-1).astype(np.float32)
        self.photo = scene.photo.rgb
        self.size = (camera.width, camera.height)
        self.truth = self.sample(self.u, self.v)

    def sample(self, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The photo at positions in px."""
        at = (u - 0.5).astype(np.float32), (v - 0.5).astype(np.float32)
        return np.asarray(cv2.remap(self.photo, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    def see(self, mesh: Mesh) -> View:
        """Casts the rays."""
        assert mesh.uv is not None
        cast = surface(mesh).cast_rays(tensor(self.rays))
        z_m, triangle, share = (cast[key].numpy() for key in ("t_hit", "primitive_ids", "primitive_uvs"))
        hit = np.isfinite(z_m)
        corners = mesh.uv[mesh.faces[np.where(hit, triangle, 0)]].astype(np.float64)
        second, third = share[..., :1], share[..., 1:]
        uv = (
            corners[..., 0, :] * (1 - second - third)
            + corners[..., 1, :] * second
            + corners[..., 2, :] * third
        )
        u, v = uv[..., 0] * self.size[0], uv[..., 1] * self.size[1]
        off_px = np.where(hit, np.hypot(u - self.u, v - self.v), 0)
        return View(z_m, off_px, self.sample(u, v))


def surface(mesh: Mesh) -> Any:
    """Open3D's ray casting scene of a mesh."""
    import open3d

    scene = open3d.t.geometry.RaycastingScene()
    scene.add_triangles(tensor(mesh.vertices), tensor(mesh.faces.astype(np.uint32)))
    return scene


def tensor(array: NDArray) -> Any:
    """Open3D's array."""
    import open3d

    return open3d.core.Tensor(np.ascontiguousarray(array))  # type: ignore[call-overload]


def decimator_alone(mesh: Mesh, faces: int, keep_border: bool) -> Mesh:
    """fast-simplification alone; texture coordinates are projected afterwards."""
    from fast_simplification import simplify as decimate  # type: ignore[import-untyped]

    from recon.geometry.mesh.simplify import _Lens

    assert mesh.uv is not None
    points, kept = decimate(
        mesh.vertices.astype(np.float64), mesh.faces, target_count=faces, preserve_border=keep_border
    )
    lens = _Lens.of(mesh.vertices, mesh.uv, mesh.faces)
    return Mesh(points.astype(np.float32), kept.astype(np.int32), lens.uv(points).astype(np.float32))


def by_open3d(mesh: Mesh, faces: int) -> Mesh:
    """Open3D's quadric decimation; texture coordinates are projected afterwards."""
    import open3d

    from recon.geometry.mesh.simplify import _Lens

    assert mesh.uv is not None
    corners, triples = open3d.utility.Vector3dVector(mesh.vertices), open3d.utility.Vector3iVector(mesh.faces)
    small = open3d.geometry.TriangleMesh(corners, triples).simplify_quadric_decimation(faces)
    points = np.asarray(small.vertices)
    lens = _Lens.of(mesh.vertices, mesh.uv, mesh.faces)
    triangles = np.asarray(small.triangles).astype(np.int32)
    return Mesh(points.astype(np.float32), triangles, lens.uv(points).astype(np.float32))


def row(name: str, full: Mesh, camera: Camera, before: View, make: Callable[[], Mesh]) -> str:
    """Simplifies a mesh and returns the row of its measurements."""
    start, start_cpu = time.perf_counter(), time.process_time()
    small = make()
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    after = camera.see(small)
    was, still = np.isfinite(before.z_m), np.isfinite(after.z_m)
    both = was & still
    depth = np.percentile(np.abs(after.z_m[both] / before.z_m[both] - 1), 99)
    squared = (after.rgb[both].astype(np.float64) - camera.truth[both]) ** 2
    psnr = 10 * np.log10(255**2 / max(squared.mean(), 1e-12))
    every = full.vertices[:: max(1, len(full.vertices) // 300_000)]
    distance_m = surface(small).compute_distance(tensor(every)).numpy()
    a, b, c = (small.vertices[small.faces[:, k]].astype(np.float64) for k in range(3))
    turned_away = int((np.einsum("fi,fi->f", np.cross(b - a, c - a), a) >= 0).sum())
    return (
        f"| {name} | {len(small.faces):,} | {seconds:.1f} s ({cpu:.1f} s CPU) | {psnr:.1f} dB "
        f"| {100 * (was & ~still).sum() / was.sum():.2f} % | {100 * (still & ~was).sum() / was.sum():.2f} % "
        f"| {after.off_px[both].max():.2f} px | {100 * depth:.2f} % "
        f"| {1e3 * np.percentile(distance_m, 99):.1f}, {1e3 * np.percentile(distance_m, 99.9):.1f} mm | "
        f"{turned_away} |"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=SHARED, help="with a pairs.json")
    parser.add_argument("--pair", default="nyu_slambook_1")
    parser.add_argument("--size", type=int, default=1536)
    parser.add_argument("--faces", type=int, action="append", default=[])
    parser.add_argument("--error", type=float, action="append", default=[])
    chosen = parser.parse_args()
    scene = scene_of(chosen.folder, chosen.pair, chosen.size)
    full = scene.mesh()
    camera = Camera(scene)
    before = camera.see(full)
    columns = (
        "asked for | faces | time | PSNR | pixels lost | gained | texture off, largest | depth, 99 % "
        "| distance, 99 and 99.9 % | turned away"
    )
    print(f"{chosen.pair}: {len(full.faces):,} faces\n\n| {columns} |\n" + "|---" * 10 + "|")
    for faces in chosen.faces or [200_000, 50_000, 20_000]:
        asked = scene.with_options(replace(scene.options, full=False, faces=faces))
        print(row(f"--faces {faces}, from its grid", full, camera, before, asked.mesh), flush=True)
        print(row(f"--faces {faces}", full, camera, before, lambda n=faces: simplify(full, n)), flush=True)  # type: ignore[misc]
    for error_m in chosen.error or [0.005, 0.02]:
        name = f"--error {error_m}"
        print(row(name, full, camera, before, lambda e=error_m: simplify(full, error_m=e)), flush=True)  # type: ignore[misc]
    most = max(chosen.faces or [200_000])
    print(row(f"Open3D, {most}", full, camera, before, lambda: by_open3d(full, most)), flush=True)
    for keep_border in (True, False):
        name = f"fast-simplification alone, {most}, border {'kept' if keep_border else 'free'}"
        print(
            row(name, full, camera, before, lambda k=keep_border: decimator_alone(full, most, k)),  # type: ignore[misc]
            flush=True,
        )
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\nPeak memory {peak_gb:.1f} GB, with the rays and Open3D's own copies.")


if __name__ == "__main__":
    main()
