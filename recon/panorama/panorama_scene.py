"""The result: a panorama with the range of its pixels, which makes geometry all around the camera."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from recon.errors import ExportError
from recon.export.format import Content, Format, Geometry
from recon.frames import Axes
from recon.geometry.gravity import Levelling
from recon.geometry.voxel_grid import thin
from recon.options import Shape
from recon.panorama.sphere import Sphere
from recon.panorama.warp import cloud_in_space, mesh_in_space
from recon.scene import Scene
from recon.types import Intrinsics, Mesh, PanoramaFrame, PointCloud

REFUSED = {
    ".npz": "its depth is that of a perspective photo; write .glb, .ply or .html, or .npy or .exr for the range",
    "depth.html": "the page about a depth map is for perspective photos",
    ".colmap": "a COLMAP model holds perspective cameras; write .ply or .glb",
    ".spz": "splats are sized for a perspective camera; write .ply or .glb",
    ".splat.ply": "splats are sized for a perspective camera; write .ply or .glb",
}
"""Suffixes that cannot hold a panorama, and why."""
_LOOKING = Intrinsics.from_fov(90, width=1600, height=1200, source="file")
"""The camera that files contain: it looks straight ahead from the middle."""


def check_panorama_outputs(paths: list[Path]) -> None:
    """Refuses formats that cannot hold a panorama.

    Raises:
        ExportError: One of them is.
    """
    for path in paths:
        for suffix, why in REFUSED.items():
            if path.name.lower().endswith(suffix):
                raise ExportError(f"{path} cannot hold a panorama: {why}")


@dataclass(frozen=True, eq=False, repr=False)
class PanoramaScene(Scene):
    """A metric scene around the camera: ``depth`` is the range along the rays, ``intrinsics`` the panorama's chart.

    The panorama stands upright, so nothing is levelled: y is vertical, and the camera is at the origin.
    """

    frame: PanoramaFrame = field(default_factory=lambda: PanoramaFrame("equirectangular", 2, 1))

    @property
    def sphere(self) -> Sphere:
        """The directions of the pixels."""
        return Sphere(self.frame, self.intrinsics)

    @cached_property
    def gravity(self) -> Levelling:
        """A panorama stands upright; the height of its camera is not estimated."""
        return Levelling((0.0, -1.0, 0.0), None, 1.0, 0.0, 0.0, None)

    def _levelling(self, axes: Axes, *, usual: bool) -> Levelling | None:
        return None

    def mesh(self, *, axes: Axes | None = None) -> Mesh:
        """Triangles around the camera, closed at the picture's edges if it shows all directions."""
        mesh = mesh_in_space(super().mesh(), self.sphere)
        return mesh if axes is None else mesh.transform(self.file_T_cam(axes))

    def cloud(self, *, normals: bool = True, axes: Axes | None = None) -> PointCloud:
        """Coloured points around the camera, m: one for each kept pixel, then thinned by ``voxel``."""
        cloud = cloud_in_space(self._grid_cloud(normals=normals).whole(), self.sphere)
        cloud = cloud if self.options.voxel is None else thin(cloud, self.options.voxel)
        return cloud if axes is None else cloud.transform(self.file_T_cam(axes, "cloud"))

    def geometry(self, shape: Shape) -> Geometry:
        """The cloud or the mesh."""
        return self.mesh() if shape == "mesh" else self.cloud()

    def content(self, form: Format, shape: Shape, geometry: Geometry | None = None) -> Content:
        """The input of a format's writer."""
        check_panorama_outputs([Path(f"NAME{form.suffix}")])
        return replace(super().content(form, shape, geometry), intrinsics=_LOOKING)

    def write_scene_file(self, path: Path, *, overwrite: bool = True) -> None:
        """Refused: a scene file holds a perspective photo.

        Raises:
            ExportError: Always.
        """
        check_panorama_outputs([path.with_suffix(".npz")])
