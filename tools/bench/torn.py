"""Counts holes and components of the default mesh, with and without the fragments along soft outlines.

    python -m tools.bench.torn PHOTO...

Holes are pixels with depth that show no mesh in a rendering from the photo's own camera, 1,000 px wide. Components
are counted without the continued background, with the image area covered by components of fewer than 50 and 500
triangles.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

import recon
from recon.geometry.mesh import from_depth
from recon.options import Options
from recon.scene import Scene
from recon.types import Mesh
from tools.preview.contact_sheet import BACKGROUND, seen_from

_WIDTH_PX = 1000
_SMALL = (50, 500)


def holes(scene: Scene) -> int:
    """Number of pixels with depth that show no mesh from the photo's own camera."""
    height, width = scene.depth.valid.shape
    size = (_WIDTH_PX, round(_WIDTH_PX * height / width))
    known = cv2.resize(scene.depth.valid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return int((known & (seen_from(scene, 0, *size) == BACKGROUND).all(axis=2)).sum())


def islands(mesh: Mesh) -> tuple[int, list[float]]:
    """Number of components, and the image area, %, covered by components of fewer than ``_SMALL`` triangles."""
    assert mesh.uv is not None
    faces, count = mesh.faces, len(mesh.vertices)
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    links = coo_matrix((np.ones(len(ends), bool), ends.T), (count, count))
    number, label = connected_components(links, directed=False)
    label = label[faces[:, 0]]
    triangles = np.bincount(label, minlength=number)
    a, b, c = (mesh.uv[faces[:, k]].astype(np.float64) for k in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    shares = [100 * float(area[triangles[label] < most].sum() / area.sum()) for most in _SMALL]
    return int((triangles > 0).sum()), shares


def main() -> None:
    """Prints one table row per photo."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="+")
    photos = parser.parse_args().photos
    merge = from_depth.merge_fragments
    titles = ["photo", *(f"{what} {way}" for way in ("with fragments", "by default") for what in _COLUMNS)]
    print(f"| {' | '.join(titles)} |\n" + "|---" * len(titles) + "|")
    for photo in photos:
        scene = recon.reconstruct(photo, Options(model="preview", level=False))
        cells = [photo.name]
        for made in (lambda z_m, keep, connections, share=0.0: (z_m, keep, connections), merge):
            from_depth.merge_fragments = made
            number, shares = islands(scene.with_options(replace(scene.options, fill=False)).mesh())
            cells += [f"{holes(scene):,}", f"{number:,}", *(f"{share:.2f} %" for share in shares)]
        print(f"| {' | '.join(cells)} |", flush=True)


_COLUMNS = ("black pixels", "components", *(f"in components below {most}" for most in _SMALL))

if __name__ == "__main__":
    main()
