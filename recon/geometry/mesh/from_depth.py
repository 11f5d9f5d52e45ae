"""The mesh of a depth map, stage by stage."""

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.crumbs import absorb_crumbs
from recon.geometry.mesh.fill_background import continue_background, joined
from recon.geometry.mesh.grid_mesh import MeshGrid, grid_mesh
from recon.geometry.mesh.simplify import simplify
from recon.geometry.mesh.snap_flying_pixels import settle
from recon.geometry.mesh.triangulate import border_to_edge
from recon.geometry.surface import Surface, every_nth
from recon.geometry.unproject import pixel_centres, rays_at, rays_of
from recon.types import Intrinsics, Mesh

# Of the faces asked for, the continued background gets one in so many at most.
_FILL_SHARE = 4


def mesh_from_depth(
    surface: Surface,
    rgb: NDArray[np.uint8],
    camera: Intrinsics,
    *,
    stride: int = 1,
    edge: float,
    fill: bool = False,
    faces: int | None = None,
    error_m: float | None = None,
) -> Mesh:
    """Triangles over the kept pixels in the cam frame, m, with texture coordinates and vertex colours.

    Args:
        surface: Which pixels, by ``surface_of``.
        rgb: (H, W, 3) uint8 sRGB.
        camera: Of the same size.
        stride: Every so many pixels are a vertex.
        edge: As ``surface_of`` took it.
        fill: Continue the background under the foreground's outlines.
        faces: At most so many triangles.
        error_m: Simplified as far as the surface moves by no more than this, m.
    """
    # 1. The grid: the pixels' rays, and those of the outermost vertices, which stand at the picture's edge
    u_px = border_to_edge(pixel_centres(camera.width, stride), camera.width)
    v_px = border_to_edge(pixel_centres(camera.height, stride), camera.height)
    inner, outer = rays_of(camera, stride), rays_at(camera, u_px, v_px)
    uv = (u_px / camera.width).astype(np.float32), (v_px / camera.height).astype(np.float32)
    rgb = rgb[::stride, ::stride]
    z_m, keep, connections = every_nth(surface, stride, inner, edge)
    # 2. Flying pixels, each to the nearer of its two surfaces; and crumbs
    between = surface.between[::stride, ::stride]
    z_m, keep, connections = settle(z_m, keep, between, connections)
    between = between & ~keep
    z_m, keep, connections = absorb_crumbs(z_m, keep, connections)
    # 3. Triangles, and the border at the cuts
    mesh, rim = grid_mesh(MeshGrid(z_m, inner, outer, keep, connections, rgb, *uv))
    # 4. What lies behind the cuts
    patch = None
    if fill:
        share = None if faces is None else faces // _FILL_SHARE
        patch = continue_background(z_m, keep, between, connections, inner, rim, share)
        faces = None if faces is None else faces - len(patch.faces)
    # 5. Fewer triangles
    if faces is not None or error_m is not None:
        mesh = simplify(mesh, faces, error_m)
    return mesh if patch is None else joined(mesh, patch, rgb, uv)
