"""The result: a photo, its camera and its metric depth; geometry is made from them when asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recon.export.format import Content, Format
from recon.geometry.depth_edges import backdrop_distance_m, connect, flying, restrict
from recon.geometry.gravity import Levelling, estimate_levelling
from recon.geometry.mesh.fill_background import FILL_NOTE, continue_background, joined
from recon.geometry.mesh.grid_mesh import MeshGrid, grid_mesh
from recon.geometry.mesh.simplify import simplify
from recon.geometry.mesh.snap_flying_pixels import settle
from recon.geometry.mesh.triangulate import border_to_edge
from recon.geometry.point_cloud import GridCloud
from recon.geometry.unproject import pixel_centres, rays_at, rays_of
from recon.geometry.voxel_grid import thin
from recon.options import Options, Shape
from recon.types import BoolMap, Connections, FloatMap, Intrinsics, Mesh, MetricDepth, Photo, PointCloud, Rays

# Of the faces asked for, the continued background gets one in so many at most.
_FILL_SHARE = 4


@dataclass(frozen=True)
class Dropped:
    """Pixels that are no points, by reason; the first reason that applies counts."""

    unknown: int
    """No depth is known."""
    sky: int
    too_far: int
    """Beyond ``max_depth``."""
    flying: int
    """Between two surfaces at a depth edge; in a mesh each goes to the nearer of them."""
    kept: int


@dataclass(frozen=True)
class _Surface:
    z_m: FloatMap
    keep: BoolMap
    between: BoolMap
    """Those that hang between two surfaces."""
    connections: Connections
    dropped: Dropped


@dataclass(frozen=True)
class Scene:
    """A metric scene. ``cloud()`` and ``mesh()`` apply the options to the depth, ``save()`` writes a file."""

    photo: Photo
    intrinsics: Intrinsics
    """Camera of the upright photo."""
    depth: MetricDepth
    """(H, W) of the photo, cam frame, m."""
    sky: BoolMap | None = None
    """(H, W) bool, where the estimator tells the sky."""
    options: Options = field(default_factory=Options)
    """What is dropped, how much is kept, and the axes of files."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Where every number came from; plain JSON values."""

    def __post_init__(self) -> None:
        size = (self.photo.height, self.photo.width)
        if self.depth.z_m.shape != size:
            raise ValueError(f"depth of shape {self.depth.z_m.shape} does not fit a photo of {size}")
        if (self.intrinsics.height, self.intrinsics.width) != size:
            raise ValueError(f"intrinsics of {self.intrinsics} do not fit a photo of {size}")
        if self.sky is not None and self.sky.shape != size:
            raise ValueError(f"sky of shape {self.sky.shape} does not fit a photo of {size}")

    def with_options(self, options: Options) -> "Scene":
        """The same scene with other options; the depth edges are found again only where the options move them."""
        other = replace(self, options=options)
        cached = self.__dict__.get("_surface")
        same = all(
            getattr(options, name) == getattr(self.options, name) for name in ("edge", "max_depth", "sky")
        )
        if cached is not None and same:
            other.__dict__["_surface"] = cached
        return other

    @property
    def dropped(self) -> Dropped:
        """How many pixels are left out, and why."""
        return self._surface.dropped

    @cached_property
    def backdrop_m(self) -> float | None:
        """Distance at which a kept sky stands, m; None where there is none. Not a measurement."""
        if self.options.sky == "drop" or self.sky is None or not self.sky.any():
            return None
        behind = backdrop_distance_m(self.depth.z_m, self.depth.valid & ~self.sky)
        return min(behind, self.options.max_depth) if self.options.max_depth else behind

    @cached_property
    def levelling(self) -> Levelling | None:
        """Gravity and the camera's height, from all pixels of known depth; None where ``level`` is not asked for."""
        if not self.options.level:
            return None
        usable = self.depth.valid if self.sky is None else self.depth.valid & ~self.sky
        return estimate_levelling(self.depth, usable, self.intrinsics)

    @cached_property
    def _surface(self) -> _Surface:
        """The depth that becomes geometry, and its pixels, at the photo's full resolution."""
        z_m, keep, sky = self.depth.z_m, self.depth.valid, self.sky
        if sky is not None:
            keep = keep & ~sky
        seen = int(keep.sum())
        unseen = 0 if sky is None else int(sky.sum())
        unknown, too_far = keep.size - seen - unseen, 0
        if self.options.max_depth is not None:
            keep = keep & (z_m <= self.options.max_depth)
            too_far = seen - int(keep.sum())
        backdrop_m = self.backdrop_m
        if backdrop_m is not None and sky is not None:
            z_m = np.where(sky, np.float32(backdrop_m), z_m)
            keep = keep | sky
            unseen = 0
        connections = connect(z_m, keep, rays_of(self.intrinsics), self.options.edge)
        between = flying(connections, keep) if self.options.edge else np.zeros_like(keep)
        keep = keep & ~between
        restrict(connections, keep)
        kept, hanging = int(keep.sum()), int(between.sum())
        return _Surface(z_m, keep, between, connections, Dropped(unknown, unseen, too_far, hanging, kept))

    def _strided(self, rays: Rays) -> tuple[FloatMap, BoolMap, Connections]:
        """Depth, kept pixels and connections of the grid that ``stride`` leaves."""
        n, surface = self.options.stride, self._surface
        if n == 1:
            return surface.z_m, surface.keep, surface.connections
        z_m = np.ascontiguousarray(surface.z_m[::n, ::n])
        keep = np.ascontiguousarray(surface.keep[::n, ::n])
        return z_m, keep, connect(z_m, keep, rays, self.options.edge)

    def cloud(self, *, normals: bool = True) -> PointCloud:
        """Coloured points in the cam frame, m: one for each kept pixel, then thinned by ``voxel``."""
        cloud = self._grid_cloud(normals=normals).whole()
        return cloud if self.options.voxel is None else thin(cloud, self.options.voxel)

    def _grid_cloud(self, *, normals: bool = True) -> GridCloud:
        n = self.options.stride
        rays = rays_of(self.intrinsics, n)
        z_m, keep, connections = self._strided(rays)
        return GridCloud(z_m, keep, rays, self.photo.rgb[::n, ::n], connections if normals else None)

    def mesh(self) -> Mesh:
        """Triangles over the kept pixels in the cam frame, m, with texture coordinates and vertex colours."""
        n, camera = self.options.stride, self.intrinsics
        u_px = border_to_edge(pixel_centres(camera.width, n), camera.width)
        v_px = border_to_edge(pixel_centres(camera.height, n), camera.height)
        inner, outer = rays_of(camera, n), rays_at(camera, u_px, v_px)
        z_m, keep, connections = self._strided(inner)
        between = self._surface.between[::n, ::n]
        z_m, keep, connections = settle(z_m, keep, between, connections)
        between = between & ~keep
        rgb = self.photo.rgb[::n, ::n]
        uv = (u_px / camera.width).astype(np.float32), (v_px / camera.height).astype(np.float32)
        mesh, rim = grid_mesh(MeshGrid(z_m, inner, outer, keep, connections, rgb, *uv))
        patch, most = None, self.options.faces
        if self.options.fill:
            share = None if most is None else most // _FILL_SHARE
            patch = continue_background(z_m, keep, between, connections, inner, rim, share)
            most = None if most is None else most - len(patch.faces)
        if most is not None or self.options.error is not None:
            mesh = simplify(mesh, most, self.options.error)
        if patch is not None:
            mesh = joined(mesh, patch, rgb, uv)
        return mesh

    def save(self, path: str | Path, *, shape: Shape | None = None, overwrite: bool = False) -> Path:
        """Writes a file in the format of its suffix, all or nothing: ``.npz`` holds the whole scene.

        Args:
            path: Where; its folder must exist.
            shape: ``cloud`` or ``mesh``; None takes the format's default.
            overwrite: Replace an existing file.

        Returns:
            The path.

        Raises:
            ExportError: Unknown format, a file is in the way, nothing to write, no space.
        """
        from recon.atomic_write import check_writable
        from recon.export.registry import format_for, save
        from recon.scene_file import SUFFIX, write_scene

        path = Path(path)
        if path.suffix.lower() == SUFFIX:
            check_writable([(path,)], overwrite=overwrite)
            write_scene(self, path, overwrite=overwrite)
            return path
        form, shape = format_for(path, shape, others=[SUFFIX])
        check_writable([form.files(path, shape)], overwrite=overwrite)
        save(self.content(form, shape), path, form, overwrite=overwrite)
        return path

    def _geometry(self, shape: Shape) -> PointCloud | GridCloud | Mesh:
        if shape == "mesh":
            return self.mesh()
        return self._grid_cloud() if self.options.voxel is None else self.cloud()

    def content(self, form: Format, shape: Shape) -> Content:
        """What a writer of that format gets."""
        levelling, provenance = self.levelling, dict(self.provenance)
        if levelling is not None:
            provenance["levelling"] = levelling.as_provenance()
        if self.options.fill and shape == "mesh":
            provenance["fill"] = FILL_NOTE
        return Content(
            geometry=self._geometry(shape),
            photo=self.photo,
            intrinsics=self.intrinsics,
            axes=form.fixed_axes or self.options.axes,
            provenance=provenance,
            level_T_gl=levelling.level_T_gl if levelling is not None and levelling.trusted else None,
            stride=self.options.stride,
            voxel_m=self.options.voxel if shape == "cloud" else None,
        )
