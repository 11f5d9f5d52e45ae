"""The mesh of a depth map, stage by stage."""

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.fill_background import continue_background, joined
from recon.geometry.mesh.grid_mesh import MeshGrid, grid_mesh
from recon.geometry.mesh.merge_fragments import largest_share, merge_fragments
from recon.geometry.mesh.simplify import simplify
from recon.geometry.mesh.snap_flying_pixels import snap_to_surfaces
from recon.geometry.mesh.soft_ramps import soft_ramps
from recon.geometry.mesh.triangulate import border_to_edge
from recon.geometry.surface import Surface, every_nth, restrict
from recon.geometry.unproject import pixel_centres, rays_at, rays_of
from recon.types import Connections, Intrinsics, Mesh

# The continued background gets at most 1 / _FILL_SHARE of the requested faces.
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
    seen_pixels: int | None = None,
) -> Mesh:
    """Triangulates the kept pixels in the cam frame, m, with texture coordinates and vertex colours.

    Args:
        surface: The kept pixels and their connections, from ``surface_of``.
        rgb: (H, W, 3) uint8 sRGB.
        camera: Intrinsics for the same image size.
        stride: Use every ``stride``-th pixel as a vertex.
        edge: The same value that was passed to ``surface_of``.
        fill: Continue the background behind the foreground's outlines.
        faces: Maximum number of triangles.
        error_m: Simplify as long as the surface moves by at most this distance, m.
        seen_pixels: How many pixels the network saw that made the depth, if known.
    """
    # 1. The grid: rays of the pixels, and of the outermost vertices, which lie on the image border
    u_px = border_to_edge(pixel_centres(camera.width, stride), camera.width)
    v_px = border_to_edge(pixel_centres(camera.height, stride), camera.height)
    inner, outer = rays_of(camera, stride), rays_at(camera, u_px, v_px)
    uv = (u_px / camera.width).astype(np.float32), (v_px / camera.height).astype(np.float32)
    rgb = rgb[::stride, ::stride]
    z_m, keep, connections = every_nth(surface, stride, inner, edge)
    # 2. Snap flying pixels and small fragments to adjacent surfaces
    between = surface.between[::stride, ::stride]
    if seen_pixels is not None and edge > 0:
        ramps = soft_ramps(z_m, keep, camera.fx / stride, seen_pixels)
        keep, between = keep & ~ramps, between | ramps
        connections = Connections(connections.right.copy(), connections.down.copy())
        restrict(connections, keep)
    z_m, keep, connections = snap_to_surfaces(z_m, keep, between, connections)
    z_m, keep, connections = merge_fragments(z_m, keep | between, connections, largest_share(seen_pixels))
    between = between & ~keep
    # 3. Triangles, and the pixel border at depth edges
    mesh, border = grid_mesh(MeshGrid(z_m, inner, outer, keep, connections, rgb, *uv))
    # 4. The background behind depth edges
    patch = None
    if fill:
        share = None if faces is None else faces // _FILL_SHARE
        patch = continue_background(z_m, keep, between, connections, inner, border, share)
        faces = None if faces is None else faces - len(patch.faces)
    # 5. Fewer triangles
    if faces is not None or error_m is not None:
        mesh = simplify(mesh, faces, error_m)
    return mesh if patch is None else joined(mesh, patch, rgb, uv)
