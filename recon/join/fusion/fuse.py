"""Posed depth maps to one mesh or one cloud, stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from recon.join.fusion.confirmed import one_cloud, without_contradicted
from recon.join.fusion.consistent import consistent
from recon.join.fusion.fewer_faces import most_faces, with_fewer_faces
from recon.join.fusion.layer import Layer, layer_of
from recon.join.fusion.resolution import stride_for, voxel_size_m
from recon.join.fusion.tsdf import fused_mesh
from recon.join.posed_view import PosedView
from recon.options import Options
from recon.types import Mesh, PointCloud


@dataclass(frozen=True, eq=False)
class Fusion:
    """What the views agree on, from which mesh and cloud are made on demand."""

    layers: tuple[Layer, ...]
    """One for each view, consistent, without contradicted pixels."""
    voxel_m: float
    """Edge of the voxels, m."""
    coarser: bool = False
    """Whether the mesh may have larger voxels, where these would take too much memory."""
    most_faces: int | None = None
    """Triangles that the mesh may have at most; None: any number."""

    @cached_property
    def mesh(self) -> Mesh:
        """The surface with vertex colours and normals, in the world frame; empty if there is none.

        Raises:
            ExportError: Open3D is missing, or the voxels are too small for the scene.
        """
        return with_fewer_faces(self._surface[0], self.most_faces)

    @property
    def mesh_voxel_m(self) -> float:
        """Edge of the voxels of the mesh, m; errors as ``mesh``."""
        return self._surface[1]

    @cached_property
    def _surface(self) -> tuple[Mesh, float]:
        return fused_mesh(self.layers, self.voxel_m, coarser=self.coarser)

    @cached_property
    def cloud(self) -> PointCloud:
        """One point with its normal in each voxel, in the world frame."""
        return one_cloud(self.layers, self.voxel_m)


def fuse(views: Sequence[PosedView], options: Options | None = None) -> Fusion:
    """Fuses posed views with depth in one metric scale.

    Args:
        views: At least one.
        options: ``edge``, ``max_depth``, ``voxel``, ``faces`` and ``full`` apply; without ``voxel`` the size follows
            from the resolution of the depth and its distance.

    Raises:
        ValueError: There are no views.
    """
    if not views:
        raise ValueError("expected at least one view")
    options = options or Options()
    # 1. The pixels that become geometry: no sky, no flying pixels, no more than the voxels can show
    voxel_m = options.voxel or voxel_size_m(views)
    layers = (
        layer_of(view, stride=stride_for(view, voxel_m), edge=options.edge, max_depth_m=options.max_depth)
        for view in views
    )
    # 2. Depth that agrees where views overlap. 3. Outliers
    agreeing = tuple(without_contradicted(consistent([*layers]), voxel_m))
    return Fusion(agreeing, voxel_m, coarser=options.voxel is None, most_faces=most_faces(options))
