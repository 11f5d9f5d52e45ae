"""Makes the pictures of docs/takeaways.md from a sample: ``python -m tools.takeaway_pictures``."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import recon
from recon.render.picture import Look, pictures
from recon.render.stereo import combined, stereo_for
from recon.render.subject import subject_of_scene
from recon.scene import Scene
from tools.pictures import FOLDER, SAMPLES

_SIZE = (640, 480)
Picture = NDArray[np.uint8]


def stereo(scene: Scene) -> Picture:
    """A pair for crossed eyes."""
    subject = subject_of_scene(scene, "mesh", _SIZE)
    eyes = stereo_for(subject, "cross")
    subject = eyes.cropped(subject)
    shown = pictures(subject.drawn, Look(*_SIZE), eyes.eyes(subject.start))
    return next(combined(shown, "cross"))


MAKERS: Mapping[str, Callable[[Scene], Picture]] = {"stereo": stereo}


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
