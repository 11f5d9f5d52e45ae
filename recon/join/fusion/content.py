"""What a file of several photos contains: the fused geometry in the cam frame of the first, and all cameras."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.export.format import Content, Format, Geometry, PlacedCamera
from recon.frames import apply
from recon.geometry.gravity import Levelling
from recon.join.fusion.fuse import Fusion
from recon.join.fusion.layer import Layer
from recon.join.fusion.texture import textured
from recon.join.joined_scene import JoinedScene
from recon.options import Options, Shape
from recon.photo.jpeg_picture import with_metadata
from recon.types import Photo, PointCloud

_NEAR_VOXELS = 2.0
"""A photo sees a point that is at most so many voxels behind the depth that it has there, or its error twice."""


def content_of(
    scene: JoinedScene, fusion: Fusion, levelling: Levelling | None, form: Format, shape: Shape
) -> Content:
    """The input of a format's writer.

    Args:
        scene: The views and the options.
        fusion: Of these views.
        levelling: Of the first view; None: not levelled.
        form: The format, which may prescribe its axes.
        shape: What to write.

    Raises:
        ExportError: There is no surface, or Open3D is missing.
    """
    first = scene.views[0]
    photo = first.photo
    if shape == "mesh":
        mesh = fusion.mesh
        if not len(mesh.faces):
            raise ExportError(
                "There are no faces to write, since the photos have no depth in common; use a larger --voxel or "
                "--max-depth."
            )
        result = textured(mesh, fusion.layers, fusion.voxel_m)
        photo = Photo(result.atlas, path=_title(scene))
        geometry: Geometry = result.mesh.transform(first.cam_T_world)
    else:
        geometry = fusion.cloud.transform(first.cam_T_world)
    sees = fusion.cloud if shape == "cloud" and form.suffix == ".colmap" else None
    axes = form.fixed_axes or scene.options.axes
    wanted = stands_upright(scene.options, form, shape)
    trusted = levelling if levelling is not None and levelling.trusted and wanted else None
    return Content(
        geometry=geometry,
        photo=photo,
        intrinsics=first.intrinsics,
        axes=axes,
        provenance=replace(
            scene.provenance[0],
            scale_interval=scene.scale_interval,
            levelling=None if trusted is None else trusted.as_provenance(),
        ),
        voxel_m=fusion.voxel_m if shape == "cloud" else None,
        level_T_gl=None if trusted is None else trusted.level_T_gl,
        cameras=placed_cameras(scene, fusion.layers, sees, fusion.voxel_m),
    )


def stands_upright(options: Options, form: Format, shape: Shape) -> bool:
    """Whether a file is levelled where gravity is known: meshes and pages are, unless the options say otherwise."""
    if options.level is not None:
        return options.level
    usual = shape == "mesh" or form.fixed_axes == "y-up"
    return usual and (form.fixed_axes or options.axes) != "opencv"


def placed_cameras(
    scene: JoinedScene, layers: Sequence[Layer], cloud: PointCloud | None, voxel_m: float
) -> tuple[PlacedCamera, ...]:
    """All cameras, with names that differ; with a cloud in the world frame, also which of its points each sees."""
    cam_T_world = scene.views[0].cam_T_world
    return tuple(
        PlacedCamera(
            name,
            _embedded(scene, layer.view.photo),
            layer.view.intrinsics,
            cam_T_world @ layer.view.world_T_cam,
            None if cloud is None else _sees(layer, cloud.points, voxel_m),
        )
        for name, layer in zip(_names(scene), layers, strict=True)
    )


def _sees(layer: Layer, points: NDArray[np.float32], voxel_m: float) -> NDArray[np.bool_]:
    """(N,) which points, in the world frame, lie at the depth that a view has there."""
    there = apply(layer.cam_T_world, points)
    shown = layer.at(there)
    sees = shown >= 0
    at = shown[sees]
    z_m = layer.points_cam[at, 2]
    near_m = np.maximum(_NEAR_VOXELS * voxel_m, 2 * layer.sigma[at] * z_m)
    sees[sees] = np.abs(there[sees, 2] - z_m) < near_m / np.maximum(layer.cos_view[at], np.float32(0.2))
    return sees


def _embedded(scene: JoinedScene, photo: Photo) -> Photo:
    """The photo as files contain it: without metadata, unless the user asked for it."""
    if not scene.options.keep_metadata or photo.jpeg_bytes is None:
        return photo
    return replace(photo, jpeg_bytes=with_metadata(photo.jpeg_bytes, photo.jpeg_metadata))


def _names(scene: JoinedScene) -> list[str]:
    """The photos' file names, numbered where two are the same or there is none."""
    names: list[str] = []
    for number, view in enumerate(scene.views, 1):
        name = view.photo.name or f"photo {number}"
        if name in names:
            path = PurePath(name)
            name = f"{path.stem} {number}{path.suffix}"
        names.append(name)
    return names


def _title(scene: JoinedScene) -> str:
    more = len(scene.views) - 1
    return f"{scene.views[0].photo.name or 'photo 1'} and {more} more" if more else _names(scene)[0]
