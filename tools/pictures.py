"""Makes the pictures of the README and the documentation from the sample pictures: ``python -m tools.pictures``.

Everything is rendered by recon itself, on the processor; no display, graphics card or network is needed. Run it again
after a change of the preview network, the geometry or the renderer. The files are written to ``docs/pictures``.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

import recon
from recon.constraints import Rectangle
from recon.depth_map.colormap import depth_picture
from recon.measure import RectanglePlane
from recon.options import Shape
from recon.render.camera_paths import moved
from recon.render.picture import Look, pictures
from recon.render.subject import Subject, subject_of_scene
from recon.scene import Scene
from tools.animated_picture import FPS, frames
from tools.import_graph import ROOT
from tools.picture_text import KNOWN_RGB, MARK_RGB, PAPER_RGB, label

SAMPLES = ROOT / "sample_data"
FOLDER = ROOT / "docs" / "pictures"
LARGEST_BYTES = 4_000_000
"""Of the animated picture: a README is opened on phones, too."""
_SIZE = (640, 480)
_INDOORS_M = 7.5
"""Depth of the living room; what its window shows is farther."""
_NAMES = ("living_room", "street", "kitchen")
_CROP = (340, 150, 880, 470)
_KNOWN_PX = ((525, 250), (604, 248), (604, 359), (526, 359))
_KNOWN_M = (0.56, 0.74)
_LINE_PX = ((621, 263), (687, 263))
"""In the living room: the middle picture frame, whose size is given, and the width of the right one: 0.44 m."""
Picture = NDArray[np.uint8]


def measured() -> Picture:
    """A length in a photo with its interval: one picture frame is known, the width of another is measured."""
    with Image.open(SAMPLES / "living_room.jpg") as photo:
        width, height = photo.size
        left, top = _CROP[:2]
        scale = 2
        size = (scale * (_CROP[2] - left), scale * (_CROP[3] - top))
        picture = photo.crop(_CROP).resize(size, Image.Resampling.LANCZOS)
    result = measured_text(width, height)

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return scale * (point[0] - left), scale * (point[1] - top)

    draw = ImageDraw.Draw(picture)
    draw.line([at(point) for point in (*_KNOWN_PX, _KNOWN_PX[0])], fill=KNOWN_RGB, width=5)
    draw.line([at(point) for point in _LINE_PX], fill=MARK_RGB, width=7)
    x, y = at(_KNOWN_PX[3])
    label(draw, (x - 80, y + 24), f"given: {_KNOWN_M[0]} m x {_KNOWN_M[1]} m", KNOWN_RGB, 32)
    x, y = at(_LINE_PX[0])
    label(draw, (x, y - 70), f"measured: {result}", MARK_RGB, 32)
    return np.asarray(picture)


def measured_text(width: int, height: int) -> str:
    """The measured width with its interval, in a photo of that size."""
    plane = RectanglePlane(Rectangle(_KNOWN_PX, *_KNOWN_M), width=width, height=height)
    return plane.distance(*_LINE_PX).text


def samples(scenes: list[Scene]) -> Picture:
    """Photo, depth and the scene from the side, one row for each sample."""
    return np.vstack([np.hstack([_fitted(picture) for picture in _row(scene)]) for scene in scenes])


def depth_edges(scene: Scene) -> list[Picture]:
    """The same view from the side with ``--edge 0 --no-fill``, with the default's cuts alone, and filled."""
    options = scene.options
    variants = (replace(options, edge=0.0, fill=False), replace(options, fill=False), options)
    return [_from_the_side(scene.with_options(each)) for each in variants]


def sizes(scene: Scene) -> list[Picture]:
    """From the side: 50,000 triangles, the default mesh, and a cloud with a point in each cell of 4 cm."""
    options = scene.options
    meshes = [_from_the_side(scene.with_options(each)) for each in (replace(options, faces=50_000), options)]
    thinned = scene.with_options(replace(options, voxel=0.04))
    return [*meshes, _from_the_side(thinned, "cloud")]


def sky(scene: Scene) -> list[Picture]:
    """From the side: without the sky, and with it as a backdrop."""
    kept = scene.with_options(replace(scene.options, sky="keep"))
    return [_from_the_side(scene), _from_the_side(kept)]


def level(scene: Scene) -> list[Picture]:
    """An upright camera looks across the room to the window: with ``--no-level``, and aligned with gravity."""
    return [_across(scene.with_options(replace(scene.options, level=each))) for each in (False, True)]


def _across(scene: Scene) -> Picture:
    subject, look = _prepared(scene)
    x, y, z = subject.start.eye
    eye, target = (x + 2.6, y + 0.3, z - 2.2), (x - 2.0, y - 0.8, z - 4.2)
    camera = replace(subject.start, eye=eye, target=target, up=(0.0, 1.0, 0.0))
    return next(pictures(subject.drawn, look, [camera]))


def _row(scene: Scene) -> Iterator[Picture]:
    yield scene.photo.rgb
    yield _depth_colours(scene)
    yield _from_the_side(scene)


def _from_the_side(scene: Scene, shape: Shape = "mesh") -> Picture:
    subject, look = _prepared(scene, shape)
    side = moved(subject.start, (0.16 * subject.start.distance_m, 0.05 * subject.start.distance_m, 0.0))
    return next(pictures(subject.drawn, look, [replace(side, target=subject.start.target)]))


def _prepared(scene: Scene, shape: Shape = "mesh") -> tuple[Subject, Look]:
    """The mesh or cloud of a scene, to be drawn as large as the animation or as an upright picture of that height."""
    width, height = _SIZE
    if scene.photo.height > scene.photo.width:
        width = height * scene.photo.width // scene.photo.height
    return subject_of_scene(scene, shape, (width, height)), Look(width, height)


def _depth_colours(scene: Scene) -> Picture:
    return depth_picture(scene.depth, "Spectral_r")[:, : scene.photo.width]


def _fitted(picture: Picture) -> Picture:
    """Scaled to the size of the animation; an upright picture stands between two margins."""
    fitted = Image.new("RGB", _SIZE, PAPER_RGB)
    small = ImageOps.contain(Image.fromarray(picture), _SIZE, Image.Resampling.LANCZOS)
    fitted.paste(small, ((_SIZE[0] - small.width) // 2, (_SIZE[1] - small.height) // 2))
    return np.asarray(fitted)


def _save_animation(path: Path, frames: list[Picture]) -> None:
    """As WebP, with the best quality that keeps it below ``LARGEST_BYTES``."""
    images = [Image.fromarray(frame) for frame in frames]
    for quality in (70, 60, 45):
        images[0].save(
            path,
            save_all=True,
            append_images=images[1:],
            duration=1000 // FPS,
            loop=0,
            quality=quality,
            method=4,
        )
        if path.stat().st_size < LARGEST_BYTES:
            return
    raise click.ClickException(
        f"{path.name} is larger than {LARGEST_BYTES / 1e6:.0f} MB at the lowest quality"
    )


@click.command(help=__doc__)
@click.option("-o", "folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
@click.option("--small", is_flag=True, help="Few frames, for a test.")
def main(folder: Path, small: bool) -> None:
    """Writes all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [recon.reconstruct(SAMPLES / f"{name}.jpg", model="preview") for name in _NAMES]
    exact = recon.reconstruct(SAMPLES / "living_room.jpg", depth=str(SAMPLES / "living_room.depth.png"))
    room = exact.with_options(replace(exact.options, max_depth=_INDOORS_M))
    _save_animation(folder / "scene.webp", list(frames(room, _depth_colours(exact)))[:: 20 if small else 1])
    stills = {
        "measured": [measured()],
        "samples": [samples(scenes)],
        "depth_edges": depth_edges(exact),
        "sizes": sizes(exact),
        "level": level(exact),
        "sky": sky(scenes[_NAMES.index("street")]),
    }
    for name, panels in stills.items():
        for k, picture in enumerate(panels, 1):
            stem = name if len(panels) == 1 else f"{name}_{k}"
            Image.fromarray(picture).save(folder / f"{stem}.webp", quality=80, method=4)
    for path in sorted(folder.glob("*.webp")):
        click.echo(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
