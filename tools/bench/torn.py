"""Counts holes, components and stretched triangles of the default mesh, with and without the ramps of soft outlines.

    python -m tools.bench.torn PHOTO...

Holes are pixels with depth that show no mesh in a rendering from the photo's own camera, 1,000 px wide. Components
are counted without the continued background, with the image area covered by components of fewer than 50 triangles,
and that of triangles that the camera sees at a more grazing angle than 80 degrees: from the side they are streaks,
unless they are a floor's far end.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

import recon
from recon.geometry.mesh import from_depth
from recon.options import Options
from recon.scene import Scene
from recon.types import Mesh
from tools.preview.contact_sheet import BACKGROUND, seen_from

_WIDTH_PX = 1000
_SMALL = 50
_GRAZING_DEG = 80.0


def holes(scene: Scene) -> int:
    """Number of pixels with depth that show no mesh from the photo's own camera."""
    height, width = scene.depth.valid.shape
    size = (_WIDTH_PX, round(_WIDTH_PX * height / width))
    known = cv2.resize(scene.depth.valid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return int((known & (seen_from(scene, 0, *size) == BACKGROUND).all(axis=2)).sum())


def islands(mesh: Mesh) -> tuple[int, float]:
    """Number of components, and the image area, %, covered by components of fewer than ``_SMALL`` triangles."""
    faces, count = mesh.faces, len(mesh.vertices)
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    links = coo_matrix((np.ones(len(ends), bool), ends.T), (count, count))
    number, label = connected_components(links, directed=False)
    label = label[faces[:, 0]]
    triangles = np.bincount(label, minlength=number)
    area = _image_area(mesh)
    return int((triangles > 0).sum()), 100 * float(area[triangles[label] < _SMALL].sum() / area.sum())


def stretched(mesh: Mesh) -> float:
    """The image area, %, of triangles that the camera sees at more than ``_GRAZING_DEG``."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    normal, view = np.cross(b - a, c - a), a + b + c
    length = np.linalg.norm(normal, axis=1) * np.linalg.norm(view, axis=1)
    grazing = np.abs((normal * view).sum(axis=1)) < np.cos(np.radians(_GRAZING_DEG)) * length
    area = _image_area(mesh)
    return 100 * float(area[grazing].sum() / area.sum())


def _image_area(mesh: Mesh) -> NDArray[np.float64]:
    assert mesh.uv is not None
    a, b, c = (mesh.uv[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    return np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def main() -> None:
    """Prints one table row per photo."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="+")
    photos = parser.parse_args().photos
    find = from_depth.soft_ramps
    titles = ["photo", *(f"{what} {way}" for way in ("with ramps", "by default") for what in _COLUMNS)]
    print(f"| {' | '.join(titles)} |\n" + "|---" * len(titles) + "|")
    for photo in photos:
        scene = recon.reconstruct(photo, Options(model="preview", level=False))
        cells = [photo.name]
        for found in (lambda z_m, keep, focal_px, seen_pixels: np.zeros_like(keep), find):
            from_depth.soft_ramps = found
            mesh = scene.with_options(replace(scene.options, fill=False)).mesh()
            number, small = islands(mesh)
            cells += [f"{holes(scene.with_options(scene.options)):,}", f"{number:,}", f"{small:.2f} %"]
            cells.append(f"{stretched(mesh):.1f} %")
        print(f"| {' | '.join(cells)} |", flush=True)


_COLUMNS = ("black pixels", "components", f"in components below {_SMALL}", "stretched")

if __name__ == "__main__":
    main()
