"""Look at results: a row for each photo: the photo, its depth, and its mesh from the camera and from the side.

python -m tools.preview.contact_sheet PHOTO... -o sheet.jpg [--degrees 20]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import recon
from recon.depth.preview import Preview
from recon.options import Options
from recon.scene import Scene
from tools.preview.raycast import Raycaster
from tools.preview.scene import Geometry

Picture = NDArray[np.uint8]
_HEIGHT = 240
BACKGROUND = 128


def row(scene: Scene, degrees: float) -> Picture:
    """Return photo, depth, mesh from the camera, mesh from `degrees` to the left and to the right, RGB."""
    height, width = scene.photo.rgb.shape[:2]
    size = (round(_HEIGHT * width / height), _HEIGHT)
    photo = cv2.resize(scene.photo.rgb, size, interpolation=cv2.INTER_AREA)
    z = np.where(scene.depth.valid, scene.depth.z_m, np.nan)
    low, high = np.nanpercentile(z, 1), np.nanpercentile(z, 99)
    level = np.clip(np.log(high / np.nan_to_num(z, nan=high)) / max(np.log(high / low), 1e-6), 0, 1)
    depth = cv2.applyColorMap((255 * level).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1].copy()
    depth[~scene.depth.valid] = 0
    depth = cv2.resize(depth, size, interpolation=cv2.INTER_AREA)
    cv2.putText(
        depth, f"{low:.3g} .. {high:.3g} m", (4, _HEIGHT - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255)
    )
    views = [seen_from(scene, angle, *size) for angle in (0.0, degrees, -degrees)]
    return np.concatenate([np.asarray(photo), depth, *views], axis=1)


def seen_from(scene: Scene, degrees: float, width: int, height: int) -> Picture:
    """Return the textured mesh from a camera that is turned about the middle of the scene."""
    mesh = scene.mesh()
    z = scene.depth.z_m[scene.depth.valid]
    middle = float(np.median(z))
    angle = np.deg2rad(degrees)
    c, s = np.cos(angle), np.sin(angle)
    cam_R_view = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    pivot = np.array([0, 0, middle])
    origin = pivot + cam_R_view @ -pivot
    k = scene.intrinsics
    u = (np.arange(width) + 0.5) * k.width / width
    v = (np.arange(height) + 0.5) * k.height / height
    x, y = np.meshgrid((u - k.cx) / k.fx, (v - k.cy) / k.fy)
    rays = np.stack([x, y, np.ones_like(x)], -1) @ cam_R_view.T
    count = len(mesh.vertices)
    one = np.zeros((1, 3), np.float32)
    nothing = np.zeros(1, np.int32)
    triangles = mesh.faces.astype(np.uint32)
    owner = np.zeros(len(triangles), np.int32)
    normals = np.zeros((count, 3), np.float32)
    caster = Raycaster(Geometry(mesh.vertices, normals, triangles, owner, one[None], one, one, nothing))
    both = np.concatenate([np.broadcast_to(origin, rays.shape), rays], -1).reshape(-1, 6).astype(np.float32)
    hits = caster.cast(both)
    hit = np.isfinite(hits.t)
    face, bary = hits.triangle[hit], hits.uv[hit]
    corners = mesh.vertices[mesh.faces[face]]
    weight = np.stack([1 - bary.sum(1), bary[:, 0], bary[:, 1]], 1)
    point = (corners * weight[..., None]).sum(1)
    # Every vertex is at its own pixel's ray: the colour is the photo's where the point projects to.
    column = np.clip(point[:, 0] / point[:, 2] * k.fx + k.cx, 0, k.width - 1).astype(int)
    line = np.clip(point[:, 1] / point[:, 2] * k.fy + k.cy, 0, k.height - 1).astype(int)
    picture = np.full((height, width, 3), BACKGROUND, np.uint8)
    picture.reshape(-1, 3)[hit] = scene.photo.rgb[line, column]
    return picture


def sheet(rows: list[Picture]) -> Picture:
    """Return the rows below each other."""
    widest = max(r.shape[1] for r in rows)
    return np.concatenate(
        [np.pad(r, ((0, 4), (0, widest - r.shape[1]), (0, 0)), constant_values=255) for r in rows]
    )


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--degrees", type=float, default=20.0)
    parser.add_argument("--weights", type=Path, help="of `export`; without, the shipped preview is looked at")
    args = parser.parse_args()
    estimator = Preview(args.weights)
    scenes = (recon.reconstruct(path, Options(model="preview"), estimator=estimator) for path in args.photos)
    rows = [row(scene, args.degrees) for scene in scenes]
    cv2.imwrite(str(args.output), sheet(rows)[..., ::-1])
    print(args.output)


if __name__ == "__main__":
    main()
