"""The result: a photo, its camera and its metric depth, from which geometry is made on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon import scene_file
from recon.argument_names import names_of_arguments
from recon.atomic_write import check_writable
from recon.errors import ReconError
from recon.export.format import Content, Format, Geometry
from recon.export.notebook import Page, in_notebook
from recon.frames import Axes, Transform, file_T_cam
from recon.geometry.gravity import Levelling, estimate_levelling
from recon.geometry.mesh.fill_background import FILL_NOTE
from recon.geometry.mesh.from_depth import mesh_from_depth
from recon.geometry.point_cloud import GridCloud, cloud_from_depth
from recon.geometry.stride import grid_triangles, stride_for
from recon.geometry.surface import Dropped, Surface, backdrop_m, surface_of
from recon.geometry.voxel_grid import thin
from recon.options import Options, Shape
from recon.photo.jpeg_picture import split_jpeg, with_metadata
from recon.provenance import Provenance
from recon.saved_options import options_as_values, options_from_values, without_folders
from recon.strict_json import as_kind, known_fields
from recon.temporary_folders import process_folder
from recon.types import (
    NEAREST_M,
    BoolMap,
    FocalSource,
    Intrinsics,
    Mesh,
    MetricDepth,
    Photo,
    PointCloud,
    check_sizes,
)
from recon.units import metres
from recon.values import Value

_LARGEST = 1e9
"""Of depth, m, and of focal lengths, px, in a scene file."""


@dataclass(frozen=True)
class _Metadata:
    """Of a scene file."""

    photo_path: str | None
    focal_source: FocalSource
    scale_interval: float | None
    options: dict[str, Any]
    provenance: dict[str, Any]


_SHOWN_PX = 800
"""Vertices along the photo's longer side of a scene that is shown in a notebook."""


def _check_numbers(arrays: Mapping[str, NDArray[Any]], camera: tuple[float, float, float, float]) -> None:
    """Refuses numbers of a scene file whose points would not be finite."""
    if not all(abs(number) <= _LARGEST for number in camera) or min(camera[:2]) < 1 / _LARGEST:
        raise ValueError("its intrinsics are no camera's")
    known = arrays["z_m"][arrays["valid"]]
    if known.size and not (known.min() >= NEAREST_M and known.max() <= _LARGEST):
        raise ValueError(f"its depth must be between {NEAREST_M:g} and {_LARGEST:g} m where it is valid")


@dataclass(frozen=True, eq=False, repr=False)
class Scene(Value):
    """A metric scene. ``cloud()`` and ``mesh()`` apply the options to the depth, ``save()`` writes a file."""

    photo: Photo
    intrinsics: Intrinsics
    """Intrinsics of the upright photo."""
    depth: MetricDepth
    """(H, W) of the photo, cam frame, m."""
    sky: BoolMap | None = None
    """(H, W) bool; None if the depth source provides no sky mask."""
    options: Options = field(default_factory=Options)
    """Which pixels are dropped, the resolution of the geometry, and the axes of files."""
    provenance: Provenance = field(default_factory=Provenance)
    """The origin of every number."""

    def __post_init__(self) -> None:
        check_sizes(self.photo, self.intrinsics, self.depth, self.sky)

    def with_options(self, options: Options) -> "Scene":
        """The same scene with other options; depth edges are detected again only if the options affect them."""
        other = replace(self, options=options)
        cached = self.__dict__.get("surface")
        same = all(
            getattr(options, name) == getattr(self.options, name) for name in ("edge", "max_depth", "sky")
        )
        if cached is not None and same:
            other.__dict__["surface"] = cached
        if "gravity" in self.__dict__:
            other.__dict__["gravity"] = self.gravity
        return other

    @cached_property
    def surface(self) -> Surface:
        """The depth and pixels used for geometry, at the photo's full resolution; cached, because it is slow."""
        return surface_of(
            self.depth,
            self.sky,
            self.intrinsics,
            edge=self.options.edge,
            max_depth_m=self.options.max_depth,
            backdrop_m=self.backdrop_m,
        )

    @property
    def dropped(self) -> Dropped:
        """Number of dropped pixels, by reason."""
        return self.surface.dropped

    @cached_property
    def backdrop_m(self) -> float | None:
        """Distance of the backdrop for a kept sky, m; None if there is none. Arbitrary, not a measurement."""
        return (
            backdrop_m(self.depth, self.sky, self.options.max_depth) if self.options.sky == "keep" else None
        )

    @cached_property
    def gravity(self) -> Levelling:
        """Gravity and the camera's height, from all pixels with depth and the photo's lines."""
        usable = self.depth.valid if self.sky is None else self.depth.valid & ~self.sky
        return estimate_levelling(self.depth, usable, self.intrinsics, self.photo.rgb)

    def levelling(self, shape: Shape, fixed_axes: Axes | None = None) -> Levelling | None:
        """What the shape is levelled by; None if it keeps the camera's frame.

        Without ``--level`` or ``--no-level`` these are meshes, and formats that are y-up by their standard (GLB, USD,
        web pages), if gravity is sure. Other point clouds keep the frame that programs which read them expect.

        Args:
            shape: Of the geometry.
            fixed_axes: Of the format, which take the place of the option's.
        """
        usual = shape == "mesh" or fixed_axes == "y-up"
        return self._levelling(fixed_axes or self.options.axes, usual=usual)

    def _levelling(self, axes: Axes, *, usual: bool) -> Levelling | None:
        """The same; ``usual``: levelled by default."""
        if self.options.level is None:
            return self.gravity if usual and axes != "opencv" and self.gravity.sure else None
        return self.gravity if self.options.level else None

    def stride_of(self, shape: Shape) -> int:
        """Every how many pixels there is a point or a vertex: as the options say, or a mesh's budget of triangles."""
        given = self.options
        if given.stride is not None:
            return given.stride
        # ``error`` bounds how far the surface of all pixels moves.
        if shape == "cloud" or given.full or given.error is not None:
            return 1
        return stride_for(grid_triangles(given.faces), width=self.photo.width, height=self.photo.height)

    def __repr__(self) -> str:
        """One line: the photo, its size, how far the scene reaches, and which model it comes from."""
        shown = self.depth.valid if self.sky is None else self.depth.valid & ~self.sky
        z_m = self.depth.z_m[shown]
        sure = self.depth.scale_interval
        reach = "no depth"
        if z_m.size:
            reach = f"{metres(float(z_m.min()), sure)} to {metres(float(z_m.max()), sure)}"
        model = f"model {self.provenance.model_name or 'unknown'}"
        rough = " (rough)" if self.provenance.is_rough else ""
        size = f"{self.photo.width} x {self.photo.height} px"
        return f"Scene({self.photo.name or 'photo'}, {size}, {reach}, {z_m.size:,} points, {model}{rough})"

    def file_T_cam(self, axes: Axes, shape: Shape = "mesh") -> Transform:
        """(4, 4) from the cam frame to the axes of a file, levelled where such a file is: by default, meshes are."""
        return file_T_cam(axes, self._level_T_gl(self._levelling(axes, usual=shape == "mesh")))

    @staticmethod
    def _level_T_gl(levelling: Levelling | None) -> Transform | None:
        return levelling.level_T_gl if levelling is not None and levelling.trusted else None

    def cloud(self, *, normals: bool = True, axes: Axes | None = None) -> PointCloud:
        """Coloured points, m: one for each kept pixel, then thinned by ``voxel``.

        Args:
            normals: Also compute normals.
            axes: ``y-up``, ``z-up`` or ``opencv``, as in a file, and levelled as it is; None: the cam frame.
        """
        cloud = self._grid_cloud(normals=normals).whole()
        cloud = cloud if self.options.voxel is None else thin(cloud, self.options.voxel)
        return cloud if axes is None else cloud.transform(self.file_T_cam(axes, "cloud"))

    def _grid_cloud(self, *, normals: bool = True) -> GridCloud:
        given = self.options
        return cloud_from_depth(
            self.surface,
            self.photo.rgb,
            self.intrinsics,
            stride=self.stride_of("cloud"),
            edge=given.edge,
            normals=normals,
            sigma_m=self.depth.sigma_m if given.uncertainty else None,
        )

    def mesh(self, *, axes: Axes | None = None) -> Mesh:
        """Triangles over the kept pixels, m, with texture coordinates and vertex colours; ``axes`` as above."""
        given = self.options
        mesh = mesh_from_depth(
            self.surface,
            self.photo.rgb,
            self.intrinsics,
            stride=self.stride_of("mesh"),
            edge=given.edge,
            fill=given.fill,
            faces=given.faces,
            error_m=given.error,
            seen_pixels=model.seen_pixels if (model := self.provenance.model) else None,
        )
        return mesh if axes is None else mesh.transform(self.file_T_cam(axes))

    def show(self, *, height_px: int = 500) -> Page:
        """Shows the scene: in a notebook as the last line of a cell, else in the browser.

        Args:
            height_px: Height of the frame in a notebook.

        Returns:
            The page, reduced to a size that opens at once; ``save("scene.html")`` writes it in full.

        Raises:
            ExportError: The page's program was not built when recon was installed.
        """
        longer = max(self.photo.width, self.photo.height)
        stride = max(self.options.stride or 1, ceil(longer / _SHOWN_PX))
        with TemporaryDirectory(dir=process_folder()) as folder:
            smaller = self.with_options(replace(self.options, stride=stride, full=False))
            html = smaller.save(Path(folder) / "scene.html").read_text("utf-8")
        page = Page(html, height_px)
        if not in_notebook():
            page.open()
        return page

    def save(self, path: str | Path, *, shape: Shape | None = None, overwrite: bool = False) -> Path:
        """Writes a file atomically in the format of its suffix; ``.npz`` stores the whole scene.

        Args:
            path: The file; its folder must exist.
            shape: ``cloud`` or ``mesh``; None for the format's default.
            overwrite: Whether to replace an existing file.

        Returns:
            The path.

        Raises:
            ExportError: Unknown format, existing file, nothing to write, or no disk space.
        """
        with names_of_arguments(ReconError):
            self._save(Path(path), shape, overwrite)
        return Path(path)

    def _save(self, path: Path, shape: Shape | None, overwrite: bool) -> None:
        from recon.export.registry import format_for, save

        if path.suffix.lower() == scene_file.SUFFIX:
            check_writable([(path,)], overwrite=overwrite)
            self.write_scene_file(path, overwrite=overwrite)
            return
        form, shape = format_for(path, shape, others=[scene_file.SUFFIX])
        check_writable([form.files(path, shape)], overwrite=overwrite)
        save(self.content(form, shape), path, form, overwrite=overwrite)

    def write_scene_file(self, path: Path, *, overwrite: bool = True) -> None:
        """Writes the whole scene as a scene file, whatever the suffix.

        Raises:
            ExportError: No permission, no disk space, or an existing file without ``overwrite``; an existing file is
                left unchanged.
        """
        scene_file.write_arrays(path, self.stored_arrays(), self.stored_metadata(), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> "Scene":
        """Reads a scene file (``.npz``) written by ``save``.

        Raises:
            SceneFileError: The file is missing, damaged, or not a recon scene.
        """
        path = Path(path)
        arrays, metadata = scene_file.read_arrays(path)
        with scene_file.reporting_damage(path):
            return cls.from_stored(arrays, metadata)

    @classmethod
    def from_stored(cls, arrays: Mapping[str, NDArray[Any]], metadata: Any) -> "Scene":
        """The inverse of ``stored_arrays`` and ``stored_metadata``.

        Args:
            arrays: As ``scene_file.arrays_in`` checked them.
            metadata: A JSON value.

        Raises:
            ValueError: A value is not that of a scene.
        """
        fields = as_kind(_Metadata, known_fields(_Metadata, metadata))
        height, width = arrays["z_m"].shape
        fx, fy, cx, cy = (float(value) for value in arrays["intrinsics"])
        _check_numbers(arrays, (fx, fy, cx, cy))
        log_sigma, normals = arrays.get("log_sigma"), arrays.get("normals")
        # The file may be from an older version or another program: only the image is kept.
        jpeg = split_jpeg(arrays["jpeg"].tobytes()) if "jpeg" in arrays else None
        return cls(
            photo=Photo(
                rgb=arrays["rgb"],
                path=fields.photo_path,
                jpeg_bytes=jpeg.picture if jpeg else None,
                jpeg_metadata=jpeg.metadata if jpeg else b"",
            ),
            intrinsics=Intrinsics(fx, fy, cx, cy, width, height, fields.focal_source),
            depth=MetricDepth(
                z_m=arrays["z_m"],
                valid=arrays["valid"],
                scale_interval=fields.scale_interval,
                log_sigma=None if log_sigma is None else log_sigma.astype(np.float32),
                normals=None if normals is None else normals.astype(np.float32),
            ),
            sky=arrays.get("sky"),
            options=options_from_values(fields.options),
            provenance=Provenance.from_dict(fields.provenance),
        )

    def stored_arrays(self) -> dict[str, NDArray[Any]]:
        """What a scene file contains of the scene, by name."""
        camera = self.intrinsics
        arrays: dict[str, NDArray[Any]] = {
            "z_m": self.depth.z_m,
            "valid": self.depth.valid,
            "rgb": self.photo.rgb,
            "intrinsics": np.array([camera.fx, camera.fy, camera.cx, camera.cy]),
        }
        if self.sky is not None:
            arrays["sky"] = self.sky
        if self.depth.log_sigma is not None:
            half = np.finfo(np.float16)
            arrays["log_sigma"] = self.depth.log_sigma.clip(half.tiny, half.max).astype(np.float16)
        if self.depth.normals is not None:
            arrays["normals"] = self.depth.normals.astype(np.float16)
        jpeg = self.embedded_photo.jpeg_bytes
        if jpeg is not None:
            arrays["jpeg"] = np.frombuffer(jpeg, np.uint8)
        return arrays

    def stored_metadata(self) -> dict[str, Any]:
        """What a scene file contains besides the arrays, as plain JSON values."""
        return {
            # Only the name: a shared scene should not reveal the folders of the machine that made it.
            "photo_path": self.photo.name,
            "focal_source": self.intrinsics.source,
            "scale_interval": self.depth.scale_interval,
            "options": without_folders(options_as_values(self.options)),
            "provenance": self.provenance.as_dict(),
        }

    @property
    def embedded_photo(self) -> Photo:
        """The photo as files contain it: without metadata, unless the user asked for it."""
        photo = self.photo
        if not self.options.keep_metadata or photo.jpeg_bytes is None:
            return photo
        return replace(photo, jpeg_bytes=with_metadata(photo.jpeg_bytes, photo.jpeg_metadata))

    def geometry(self, shape: Shape) -> Geometry:
        """The cloud or the mesh; without ``voxel``, the cloud is generated in blocks for the writers."""
        if shape == "mesh":
            return self.mesh()
        return self._grid_cloud() if self.options.voxel is None else self.cloud()

    def content(self, form: Format, shape: Shape, geometry: Geometry | None = None) -> Content:
        """The input of a format's writer; ``geometry`` avoids making the geometry again."""
        levelling = self.levelling(shape, form.fixed_axes)
        fill = FILL_NOTE if self.options.fill and self.options.edge and shape == "mesh" else None
        return Content(
            geometry=self.geometry(shape) if geometry is None else geometry,
            photo=self.embedded_photo,
            intrinsics=self.intrinsics,
            axes=form.fixed_axes or self.options.axes,
            provenance=replace(
                self.provenance,
                levelling=None if levelling is None else levelling.as_provenance(),
                fill=fill,
            ),
            level_T_gl=self._level_T_gl(levelling),
            stride=self.stride_of(shape),
            voxel_m=self.options.voxel if shape == "cloud" else None,
        )
