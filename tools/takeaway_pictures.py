"""Makes the pictures of docs/takeaways.md from a sample: ``python -m tools.takeaway_pictures``."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import recon
from recon.geometry.relief import heights_from_depth, solid
from recon.outputs.floor_plan import scene_plan
from recon.outputs.map_files import mask_of, normal_map, normals_of
from recon.outputs.plan_drawing import write_plan
from recon.render.drawable import Drawn
from recon.render.picture import Look, pictures
from recon.render.refocus import Focus, aperture_m, depth_at, refocused, view_count
from recon.render.stereo import combined, stereo_for
from recon.render.subject import subject_of_scene
from recon.render.view_camera import ViewCamera
from recon.scene import Scene
from tools.pictures import FOLDER, SAMPLES

_SIZE = (640, 480)
_PAPER_RGB = (250, 250, 250)
Picture = NDArray[np.uint8]


def stereo(scene: Scene) -> Picture:
    """A pair for crossed eyes."""
    subject = subject_of_scene(scene, "mesh", _SIZE)
    eyes = stereo_for(subject, "cross")
    subject = eyes.cropped(subject)
    shown = pictures(subject.drawn, Look(*_SIZE), eyes.eyes(subject.start))
    return next(combined(shown, "cross"))


def relief(scene: Scene) -> Picture:
    """The solid from the side, lit from the upper left."""
    made = solid(
        heights_from_depth(scene.depth.z_m, scene.depth.valid, scene.sky, "log"),
        width_mm=120,
        relief_mm=8,
        base_mm=2,
    )
    corners = made.vertices_mm[made.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    light = 60 + 170 * np.clip(normals @ (np.array([-0.45, 0.45, 0.77])), 0, 1)
    rgb = np.repeat(light.astype(np.uint8)[:, None], 3, axis=1).repeat(3, axis=0)
    indices = np.arange(3 * len(corners), dtype=np.int32).reshape(-1, 3)
    drawn = Drawn("triangles", corners.reshape(-1, 3), rgb, indices=indices)
    camera = ViewCamera((70.0, -65.0, 100.0), (60.0, 40.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0))
    return next(pictures(drawn, Look(960, 640, _PAPER_RGB), [camera]))


def plan(scene: Scene) -> Picture:
    """The floor plan, without what the window shows."""
    within = scene.with_options(replace(scene.options, max_depth=8.0))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.png"
        write_plan(path, scene_plan(within))
        with Image.open(path) as picture:
            return np.asarray(picture.reduce(2))


def refocus(scene: Scene) -> Picture:
    """Focused on the armchair."""
    subject = subject_of_scene(scene, "mesh", (960, 720))
    focus = Focus(aperture_m(0.5, subject.start), depth_at(subject, (880, 560)))
    look = Look(960, 720)
    return refocused(subject, look, subject.start, focus, view_count(subject, look, focus))


def normals(scene: Scene) -> Picture:
    """The normal map, and the outlines."""
    shown = normal_map(*normals_of(scene), "opengl")
    outlines = np.where(mask_of(scene, "outlines"), np.uint8(255), np.uint8(0))
    both = np.hstack([shown, np.repeat(outlines[..., None], 3, axis=2)])
    return np.asarray(Image.fromarray(both).reduce(2))


MAKERS: Mapping[str, Callable[[Scene], Picture]] = {
    "stereo": stereo,
    "relief": relief,
    "plan": plan,
    "refocus": refocus,
    "normals": normals,
}


@click.command(help=__doc__)
@click.option("-o", "folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(folder: Path) -> None:
    """Writes all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = recon.reconstruct(SAMPLES / "living_room.jpg", depth=str(SAMPLES / "living_room.depth.png"))
    for name, make in MAKERS.items():
        Image.fromarray(make(scene)).save(folder / f"{name}.webp", quality=80, method=4)


if __name__ == "__main__":
    main()
