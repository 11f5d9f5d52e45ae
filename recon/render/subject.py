"""The subject of an image or film: geometry and start camera."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.file_info import load_geometry
from recon.frames import Transform, gl_T_cam
from recon.journal import Journal
from recon.options import Shape
from recon.render.drawable import Drawn, draw_geometry, draw_scene
from recon.render.style import View
from recon.render.view_camera import ViewCamera, photo_camera, preset
from recon.scene import Scene
from recon.types import Intrinsics

_FEWEST_ROWS = 32
"""Minimum of rows and columns that a scene keeps, however small the picture."""
_LARGEST_FOOTPRINT_PX = 8
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
    """Size of a point in an image of that size, px."""
    nearest_m: float

    @property
    def depths_in_view_m(self) -> NDArray[np.float64]:
        """(N,) depth of each point within the picture of the start camera, hidden ones too, m."""
        place, ahead_m = self.start.project(self.drawn.points, *self.size)
        inside = (ahead_m > 0) & (place > 0).all(axis=1) & (place < self.size).all(axis=1)
        return ahead_m[inside]


def subject_of_scene(scene: Scene, shape: Shape, picture_px: tuple[int, int]) -> Subject:
    """The subject of a scene, levelled if possible, viewed from the photo's camera.

    Args:
        scene: The scene.
        shape: Cloud or mesh; its detail is limited to what a picture can show.
        picture_px: (width, height) of the pictures.
    """
    scene = _reduced(scene, shape, picture_px)
    levelling = scene.levelling(shape)
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
    """The scene with a stride of about one pixel of the picture, unless the user set another."""
    options = scene.options
    if options.full or options.faces is not None or options.error is not None:
        return scene
    size = (scene.photo.width, scene.photo.height)
    per_px = 1 / min(made / own for made, own in zip(picture_px, size, strict=True))
    coarsest = max(1, min(size) // _FEWEST_ROWS)
    return scene.with_options(
        replace(options, stride=max(scene.stride_of(shape), min(round(per_px), coarsest)))
    )


def subject_of_file(path: Path, shape: Shape, journal: Journal) -> Subject:
    """The subject of a file without a scene, viewed from its own camera, or from the front if it has none.

    Args:
        path: The file.
        shape: Triangles if the file has them, or a wireframe.
        journal: Receives warnings about skipped parts, and the position of the camera.

    Raises:
        ReconError: The file cannot be read.
    """
    loaded = load_geometry(path)
    for note in loaded.notes:
        journal.warn("file", f"{path.name}: {note}")
    drawn = draw_geometry(loaded.geometry, View(shown_as=shape), gl_T_cam, loaded.texture)
    camera, size = None, _NO_PHOTO_PX
    if loaded.lens is not None and loaded.frame_T_cam is not None:
        camera = _camera_of_file(loaded.lens, gl_T_cam @ loaded.frame_T_cam, drawn)
        size = (loaded.lens.width, loaded.lens.height)
    if camera is not None and loaded.lens is not None:
        journal.decide("camera", f"that of the file, field of view {loaded.lens.fov_x_deg:.1f}°")
    else:
        journal.decide("camera", "in front of the scene, since the file holds none that sees it")
    start = camera or preset("front", *drawn.bounds)
    place, ahead_m = start.project(drawn.points, *size)
    inside = (ahead_m > 0) & (place > 0).all(axis=1) & (place < size).all(axis=1)
    nearest_m = float(np.percentile(ahead_m[inside], 2)) if inside.any() else 0.0
    return Subject(drawn, start, size, _footprint_px(place[inside], size), nearest_m)


def _camera_of_file(lens: Intrinsics, world_T_cam: Transform, drawn: Drawn) -> ViewCamera | None:
    """The camera, with its orbit centre at the median distance of the points in view; None if there are none."""
    camera = photo_camera(lens, world_T_cam, 1.0)
    place, ahead_m = camera.project(drawn.points, lens.width, lens.height)
    inside = (ahead_m > 0) & (place > 0).all(axis=1) & (place < (lens.width, lens.height)).all(axis=1)
    if not inside.any():
        return None
    return photo_camera(lens, world_T_cam, float(np.median(ahead_m[inside])))


def _footprint_px(place: NDArray[np.float64], size: tuple[int, int]) -> float:
    """Mean spacing of the points in view, px."""
    if not len(place):
        return 1.0
    extent = np.ptp(place, axis=0) if len(place) > 1 else np.ones(2)
    # A scene that fills the picture, except for holes, has a point at each pixel.
    filled = size if (extent > 0.9 * np.array(size)).all() else extent
    side = float(np.sqrt(filled[0] * filled[1] / len(place)))
    return float(np.clip(np.rint(side), 1, _LARGEST_FOOTPRINT_PX))
