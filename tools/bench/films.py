"""Time per film frame of recon's renderer and of Open3D's, alternating, and how well the two agree.

    python -m tools.bench.films scene.npz --size 640x480 --frames 10

Open3D needs a Vulkan driver; without one, recon's own times are printed alone. Both draw a few pictures each round;
loading and preparing the scene is not counted for either.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from recon.errors import ViewerError
from recon.render.camera_paths import PATHS, PathName, cameras
from recon.render.picture import Look, pictures
from recon.render.subject import Subject, subject_of_scene
from recon.render.view_camera import ViewCamera
from recon.scene import Scene
from tools.bench.open3d_renderer import pictures as open3d_pictures

_PER_ROUND = 5
"""Frames that each renders per turn."""


@click.command()
@click.argument("scene_file", type=click.Path(path_type=Path, exists=True))
@click.option("--size", default="640x480", show_default=True)
@click.option("--frames", "count", default=10, show_default=True)
@click.option("--path", "way", type=click.Choice(PATHS), default="swing", show_default=True)
@click.option("--as", "shape", type=click.Choice(["cloud", "mesh"]), default="mesh", show_default=True)
def main(scene_file: Path, size: str, count: int, way: PathName, shape: str) -> None:
    """Renders pictures of SCENE_FILE (.npz) from a camera path."""
    width, height = map(int, size.split("x"))
    scene = Scene.load(scene_file)
    # Open3D draws the full mesh, as recon did before it had its own renderer.
    every = scene.with_options(replace(scene.options, stride=1))
    whole = subject_of_scene(every, shape, (scene.photo.width, scene.photo.height))  # type: ignore[arg-type]
    reduced = subject_of_scene(scene, shape, (width, height))  # type: ignore[arg-type]
    look = Look(width, height, (0, 0, 0), max(1.0, 1.5 * reduced.footprint_px * width / scene.photo.width))
    places = list(cameras(way, reduced.start, 10 * count, 24.0))[::10]
    own_s: list[float] = []
    theirs_s: list[float] = []
    agreement_db: list[float] = []
    rounds = [places[start : start + _PER_ROUND] for start in range(0, len(places), _PER_ROUND)]
    others = _open3d(whole, look, places)
    for some in rounds:
        start = time.monotonic()
        ours = list(pictures(reduced.drawn, look, some))
        own_s.append((time.monotonic() - start) / len(some))
        start = time.monotonic()
        theirs = list(islice(others, len(some)))
        if theirs:
            theirs_s.append((time.monotonic() - start) / len(some))
            agreement_db += map(_psnr_db, ours, theirs)
    own = statistics.median(own_s)
    click.echo(
        f"recon: {1000 * own:.0f} ms a picture (median of {len(rounds)} rounds; {1000 * min(own_s):.0f} at best)"
    )
    if theirs_s:
        other = statistics.median(theirs_s)
        click.echo(
            f"Open3D: {1000 * other:.0f} ms ({1000 * min(theirs_s):.0f} at best), {other / own:.1f} times as long; "
            f"both agree to {min(agreement_db):.1f} dB or better"
        )


def _open3d(subject: Subject, look: Look, places: list[ViewCamera]) -> Iterator[NDArray[np.uint8]]:
    others = open3d_pictures(subject.drawn, look, [places[0], *places])
    try:
        # The first frame includes the start of the process.
        next(others)
    except ViewerError as error:
        click.echo(str(error))
        return iter(())
    return others


def _psnr_db(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    error = one.astype(np.float64) - other
    return float(10 * np.log10(255**2 / max(float((error**2).mean()), 1e-9)))


if __name__ == "__main__":
    main()
