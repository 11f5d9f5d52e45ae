"""A truncated signed distance field of all views (Curless and Levoy, SIGGRAPH 1996), and the mesh of its zero level.

Open3D keeps the blocks of voxels and extracts the mesh; the integration is here, because Open3D's weighs all pixels
alike and measures distances along the optical axis. Here, a voxel's distance is that to the plane of the pixel that
shows it, and a pixel has the weight of its layer. Space that a view sees through counts as empty in all blocks, so
that what a single view puts before or behind a surface disappears.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError, to_add
from recon.frames import apply
from recon.join.fusion.layer import Layer
from recon.join.fusion.mesh_pieces import of_supported_vertices, without_scraps
from recon.types import Mesh

_BLOCK = 8
"""Voxels along each side of a block."""
_TRUNCATION = 4.0, 12.0
"""Voxels before and behind a surface that its pixels decide on: at least and at most."""
_SIGMAS = 2.0
"""In between, so many standard deviations of the depth: surfaces that differ by less become one."""
_EMPTY = 0.25
"""Weight of seen-through space relative to that of a surface."""
_SUPPORT, _SUPPORT_SHARE = 1.5, np.float32(0.5)
"""Voxels, or share of the truncation, between a vertex and the plane of a pixel that shows it, at most."""
_CHUNK = 1024
"""Blocks that are integrated at a time."""
MOST_BLOCKS = 120_000
"""About 60 million voxels, 1.2 GB."""
_MIDDLE = 1 << 20
_LEAST_WEIGHT = 1e-9


_EMPTY_MESH = Mesh(np.empty((0, 3), np.float32), np.empty((0, 3), np.int32), rgb=np.empty((0, 3), np.uint8))


def needs_open3d() -> Any:
    """The module.

    Raises:
        ExportError: It is not installed.
    """
    try:
        import open3d
    except ImportError as error:
        raise ExportError(
            f"Fusing photos into a mesh needs Open3D; install it with {to_add('join')}."
        ) from error
    return open3d


def fused_mesh(layers: Sequence[Layer], voxel_m: float, *, coarser: bool = False) -> tuple[Mesh, float]:
    """The surface that the views agree on, with vertex colours, in the world frame; empty if there is none.

    With it, the edge of the voxels that were used, m.

    Args:
        layers: At least one.
        voxel_m: Edge of a voxel, m.
        coarser: Take larger voxels if these are too small for the scene.

    Raises:
        ExportError: Open3D is missing, or the voxels are too small for the scene.
    """
    o3d = needs_open3d()
    truncations = [_truncation_m(layer, voxel_m) for layer in layers]
    blocks = _blocks(layers, truncations, voxel_m)
    if len(blocks) > MOST_BLOCKS:
        if coarser:
            # Half as many blocks for a surface.
            return fused_mesh(layers, 2**0.5 * voxel_m, coarser=True)
        raise ExportError(
            f"--voxel {voxel_m:g}: cubes of that size are too small for this scene, which would need "
            f"{len(blocks) * _BLOCK**3 / 1e6:.0f} million of them near its surfaces; use a larger --voxel, or "
            "--max-depth."
        )
    if not len(blocks):
        return _EMPTY_MESH, voxel_m
    types = (o3d.core.float32,) * 3
    grid = o3d.t.geometry.VoxelBlockGrid(
        ("tsdf", "weight", "color"), types, ((1), (1), (3)), voxel_m, _BLOCK, len(blocks) + 1
    )
    hashed = grid.hashmap()
    indices, _ = hashed.activate(o3d.core.Tensor.from_numpy(blocks))
    order = indices.numpy()
    fields = [grid.attribute(name).numpy().reshape(-1, _BLOCK**3, width) for name, width in _FIELDS]
    for start in range(0, len(blocks), _CHUNK):
        some = slice(start, start + _CHUNK)
        for field, values in zip(
            fields, _integrated(layers, truncations, blocks[some], voxel_m), strict=True
        ):
            field[order[some]] = values
    mesh = _mesh_of(grid)
    within = [np.maximum(np.float32(_SUPPORT * voxel_m), each * _SUPPORT_SHARE) for each in truncations]
    return without_scraps(of_supported_vertices(mesh, layers, within)), voxel_m


_FIELDS = (("tsdf", 1), ("weight", 1), ("color", 3))


def _truncation_m(layer: Layer, voxel_m: float) -> NDArray[np.float32]:
    """(N,) of each kept pixel."""
    error_m = layer.sigma * layer.points_cam[:, 2] * np.float32(_SIGMAS)
    least, most = (np.float32(voxels * voxel_m) for voxels in _TRUNCATION)
    return np.clip(error_m, least, most)


def _blocks(
    layers: Sequence[Layer], truncations: Sequence[NDArray[np.float32]], voxel_m: float
) -> NDArray[np.int32]:
    """(B, 3) coordinates of the blocks within the truncation of a pixel, in blocks."""
    side = voxel_m * _BLOCK
    keys = [np.empty(0, np.int64)]
    for layer, truncation_m in zip(layers, truncations, strict=True):
        used = layer.weight > 0
        points = layer.points_world[used]
        sight = points - layer.view.centre_m.astype(np.float32)
        sight *= (truncation_m[used] / np.maximum(np.linalg.norm(sight, axis=1), np.float32(1e-9)))[:, None]
        # Half a block between the samples, for the longest truncation.
        for offset in np.linspace(-1, 1, 7, dtype=np.float32):
            cells = np.floor((points + offset * sight) / side).astype(np.int64)
            # Three numbers of 21 bits in one, which sorts a hundred times as fast as rows do.
            cells += _MIDDLE
            keys.append(np.unique((cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]))
    key = np.unique(np.concatenate(keys))
    mask = (1 << 21) - 1
    return (np.stack([key >> 42, (key >> 21) & mask, key & mask], axis=1) - _MIDDLE).astype(np.int32)


_VOXELS = np.stack(np.unravel_index(np.arange(_BLOCK**3), (_BLOCK,) * 3)[::-1], axis=1).astype(np.float32)
"""(512, 3) of a block in Open3D's order: x changes first; a voxel's value is that at its lowest corner."""


def _integrated(
    layers: Sequence[Layer],
    truncations: Sequence[NDArray[np.float32]],
    blocks: NDArray[np.int32],
    voxel_m: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Signed distance in truncations (B, 512, 1), weight (B, 512, 1) and colour 0 to 255 (B, 512, 3)."""
    voxels = (blocks[:, None] * np.float32(_BLOCK) + _VOXELS) * np.float32(voxel_m)
    numbers = np.arange(voxels[..., 0].size).reshape(voxels.shape[:2])
    centres, radius_m = voxels.mean(axis=1), 3**0.5 / 2 * _BLOCK * voxel_m
    distance, weight, hue_weight = np.zeros((3, numbers.size), np.float32)
    colour = np.zeros((numbers.size, 3), np.float32)
    for layer, truncation_m in zip(layers, truncations, strict=True):
        near = layer.may_see(apply(layer.cam_T_world, centres), radius_m)
        at, signed, sure, rgb = _seen(layer, voxels[near].reshape(-1, 3), truncation_m)
        at = numbers[near].ravel()[at]
        close = np.abs(signed) < 1
        distance[at] += sure * signed
        weight[at] += sure
        hue_weight[at[close]] += sure[close]
        colour[at[close]] += sure[close, None] * rgb[close]
    distance /= np.maximum(weight, np.float32(1e-12))
    colour /= np.maximum(hue_weight, np.float32(1e-12))[:, None]
    # A voxel that only sees through has no surface, and nothing behind it.
    shape = (len(blocks), _BLOCK**3)
    return distance.reshape(*shape, 1), weight.reshape(*shape, 1), colour.reshape(*shape, 3)


def _seen(
    layer: Layer, voxels: NDArray[np.float32], truncation_m: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """Which voxels a view sees: (N,) indices, signed distances in truncations up to 1, weights and colours."""
    there = apply(layer.cam_T_world, voxels)
    shown = layer.at(there)
    at = np.flatnonzero(shown >= 0)
    shown = shown[at]
    signed = np.einsum("ij,ij->i", layer.normals_cam[shown], there[at] - layer.points_cam[shown])
    signed /= truncation_m[shown]
    sure = layer.weight[shown]
    visible = (signed > -1) & (sure > 0)
    at, shown, signed, sure = at[visible], shown[visible], signed[visible], sure[visible]
    sure = np.where(signed > 1, np.float32(_EMPTY) * sure, sure)
    return at, np.minimum(signed, np.float32(1)), sure, layer.rgb[shown]


def _mesh_of(grid: Any) -> Mesh:
    extracted = grid.extract_triangle_mesh(weight_threshold=_LEAST_WEIGHT)
    if "positions" not in extracted.vertex or not len(extracted.vertex.positions):
        return _EMPTY_MESH
    rgb = extracted.vertex.colors.numpy()
    return Mesh(
        vertices=np.ascontiguousarray(extracted.vertex.positions.numpy(), np.float32),
        faces=np.ascontiguousarray(extracted.triangle.indices.numpy(), np.int32),
        rgb=np.rint(255 * rgb.clip(0, 1)).astype(np.uint8),
        normals=np.ascontiguousarray(extracted.vertex.normals.numpy(), np.float32),
    )
