"""What a writer gets, and how it introduces itself to the registry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from recon.frames import Axes, Transform, file_T_cam
from recon.geometry.point_cloud import GridCloud
from recon.options import Shape
from recon.provenance import Provenance
from recon.types import Intrinsics, Mesh, Photo, PointCloud

Geometry: TypeAlias = PointCloud | GridCloud | Mesh


@dataclass(frozen=True)
class Content:
    """A scene's geometry together with what a file may say about it."""

    geometry: Geometry
    """In the cam frame; the writer applies ``file_T_cam``."""
    photo: Photo
    """The picture that textures it."""
    intrinsics: Intrinsics
    """The camera that took it."""
    axes: Axes = "y-up"
    """Axes of the file; a writer whose format fixes them (glTF) does not look at it."""
    provenance: Provenance = field(default_factory=Provenance)
    stride: int = 1
    """The points are those of every n-th pixel."""
    voxel_m: float | None = None
    """Edge of the cubes that the points were thinned by, m."""

    level_T_gl: Transform | None = None
    """(4, 4) that makes the scene stand upright on its floor; None where it is left as the camera saw it."""

    @property
    def file_T_cam(self) -> Transform:
        """(4, 4) transform from the cam frame to the file's axes."""
        return file_T_cam(self.axes, self.level_T_gl)


@dataclass(frozen=True)
class Format:
    """One line of the table of formats. A module of ``recon.export.formats`` declares ``FORMAT``, or ``FORMATS``."""

    suffix: str
    """With its dot, lower case: ``.ply``; of two parts (``.textured.ply``) where programs know the last alone."""
    name: str
    """For a person: ``glTF binary``."""
    shapes: tuple[Shape, ...]
    """What it can hold; the first is the default."""
    write: Callable[[Content, Path], None]
    """Writes the file at the path given (in a staging folder that the caller moves into place), and sidecar
    files beside it under their final names."""
    sidecars: Callable[[Path, Shape], tuple[Path, ...]] = lambda path, shape: ()
    """The files that ``write`` puts beside the main one, in the same folder; or inside it, where the format is a
    folder."""
    fixed_axes: Axes | None = None
    """The axes that the format's standard prescribes, whatever ``--axes`` says."""
    instead: str = ""
    """Which format to take for the shape that this one cannot hold, and why; a sentence for the refusal."""
    needs: tuple[str, str] | None = None
    """A module that is not part of the plain install, and recon's extra that brings it: ``("laspy", "las")``."""

    def files(self, path: Path, shape: Shape) -> tuple[Path, ...]:
        """Everything that writing to ``path`` makes: the main file first, then its sidecars."""
        return (path, *self.sidecars(path, shape))
