"""The subject of an image or film: geometry and start camera."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recon.file_info import read_geometry
from recon.frames import gl_T_cam
from recon.journal import Journal
from recon.options import Shape
from recon.render.drawable import Drawn, draw_geometry, draw_scene
from recon.render.style import View
from recon.render.view_camera import ViewCamera, photo_camera, preset
from recon.scene import Scene

_NO_PHOTO_PX = (1280, 960)
"""Image size for files without a photo."""


@dataclass(frozen=True)
class Subject:
    """The geometry to render and the start camera."""

    drawn: Drawn
    start: ViewCamera
    size: tuple[int, int]
    """(width, height) of the photo, px."""
    footprint_px: float
    """Footprint of a point in an image of that size."""
    nearest_m: float


def subject_of_scene(scene: Scene, shape: Shape, picture_px: tuple[int, int]) -> Subject:
    """The subject of a scene, levelled if possible, viewed from the photo's camera.

    Args:
        scene: The scene.
        shape: Cloud or mesh; with no more detail than a picture shows.
        picture_px: (width, height) of the pictures.
    """
    scene = _reduced(scene, shape, picture_px)
    levelling = scene.levelling
    world_T_cam = gl_T_cam
    if levelling is not None and levelling.trusted:
        world_T_cam = levelling.level_T_gl @ gl_T_cam
    drawn = draw_scene(scene, View(shown_as=shape), world_T_cam, share=(0.0, 1.0))
    known = scene.depth.z_m[scene.depth.valid]
    nearest_m, middle_m = np.percentile(known, (2, 50)).tolist() if known.size else (1.0, 3.0)
    start = photo_camera(scene.intrinsics, world_T_cam, middle_m)
    size = (scene.photo.width, scene.photo.height)
    return Subject(drawn, start, size, float(scene.stride_of(shape)), nearest_m)


def _reduced(scene: Scene, shape: Shape, picture_px: tuple[int, int]) -> Scene:
    """The scene with a stride of about a pixel of the picture, unless the user chose otherwise."""
    options = scene.options
    if options.full or options.faces is not None or options.error is not None:
        return scene
    size = (scene.photo.width, scene.photo.height)
    per_px = 1 / min(made / own for made, own in zip(picture_px, size, strict=True))
    return scene.with_options(replace(options, stride=max(scene.stride_of(shape), round(per_px))))


def subject_of_file(path: Path, shape: Shape, journal: Journal) -> Subject:
    """A file that holds geometry alone, from its front; the journal is warned of what was not read.

    Raises:
        ReconError: The file cannot be read.
    """
    geometry, notes = read_geometry(path)
    for note in notes:
        journal.warn("file", f"{path.name}: {note}")
    drawn = draw_geometry(geometry, View(shown_as=shape), gl_T_cam)
    low, high = drawn.bounds
    start = preset("front", low, high)
    nearest_m = max(start.distance_m - float(high[2] - low[2]) / 2, 0.0)
    return Subject(drawn, start, _NO_PHOTO_PX, 1.0, nearest_m)
