"""The input of a writer, and the declaration of a format for the registry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recon.frames import Axes, Transform, file_T_cam
from recon.geometry.point_cloud import GridCloud
from recon.options import Shape
from recon.provenance import Provenance
from recon.types import Intrinsics, Mesh, Photo, PointCloud

Geometry: TypeAlias = PointCloud | GridCloud | Mesh


@dataclass(frozen=True, eq=False)
class PlacedCamera:
    """One photo of a scene of several."""

    name: str
    """Of the photo; unique in the scene."""
    photo: Photo
    intrinsics: Intrinsics
    cam_T_own: Transform
    """(4, 4) rigid, from the cam frame of this photo to that of the geometry, which is the first photo's."""
    sees: NDArray[np.bool_] | None = None
    """(N,) which points of the cloud it sees; None: not computed."""


@dataclass(frozen=True)
class Content:
    """A scene's geometry, with the photo, camera and metadata that a file may contain."""

    geometry: Geometry
    """In the cam frame; the writer applies ``file_T_cam``."""
    photo: Photo
    """The texture."""
    intrinsics: Intrinsics
    """The camera of the photo; of several photos, of the first."""
    axes: Axes = "y-up"
    """Axes of the file; ignored by formats with fixed axes (glTF)."""
    provenance: Provenance = field(default_factory=Provenance)
    stride: int = 1
    """The points are those of every nth pixel."""
    voxel_m: float | None = None
    """Edge of the cubes used to downsample the points, m."""

    level_T_gl: Transform | None = None
    """(4, 4) transform that aligns the scene with gravity and its floor; None if the scene is not levelled."""
    cameras: tuple[PlacedCamera, ...] = ()
    """All photos of a scene of several, whose ``photo`` is only the texture; empty for a single photo."""

    @property
    def file_T_cam(self) -> Transform:
        """(4, 4) transform from the cam frame to the file's axes."""
        return file_T_cam(self.axes, self.level_T_gl)


@dataclass(frozen=True)
class Format:
    """A file format. A module of ``recon.export.formats`` declares ``FORMAT``, or ``FORMATS`` for several."""

    suffix: str
    """Lower case with its dot: ``.ply``; or two parts (``.textured.ply``), of which other programs see only the
    last."""
    name: str
    """Human-readable name: ``glTF binary``."""
    shapes: tuple[Shape, ...]
    """Supported geometry; the first is the default."""
    write: Callable[[Content, Path], None]
    """Writes the file at the given path (in a staging folder that the caller moves into place), and sidecar files
    next to it under their final names."""
    sidecars: Callable[[Path, Shape], tuple[Path, ...]] = lambda path, shape: ()
    """Additional files that ``write`` creates in the same folder, or inside the folder if the format is a folder."""
    sidecars_of: Callable[[Content, Path], tuple[Path, ...]] | None = None
    """The same for a content, where they depend on its photos; None: they do not."""
    fixed_axes: Axes | None = None
    """The axes prescribed by the format's standard; ``--axes`` is ignored."""
    instead: str = ""
    """Error text for unsupported geometry: the reason, and which format to use instead."""
    needs: tuple[str, str] | None = None
    """A module that the plain install lacks, and the extra that installs it: ``("laspy", "las")``."""

    def files(self, path: Path, shape: Shape) -> tuple[Path, ...]:
        """All files created by writing to ``path``: the main file first, then its sidecars."""
        return (path, *self.sidecars(path, shape))

    def files_of(self, content: Content, path: Path) -> tuple[Path, ...]:
        """All files created by writing a content to ``path``."""
        if self.sidecars_of is not None:
            return (path, *self.sidecars_of(content, path))
        return self.files(path, "mesh" if isinstance(content.geometry, Mesh) else "cloud")
