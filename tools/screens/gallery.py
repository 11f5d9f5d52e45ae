"""The sample room opened by other programs: ``python -m tools.screens.gallery`` writes docs/pictures/in_*.webp.

It needs what ``./dev clients`` installs (Blender's module, CloudCompare), and MeshLab, Chromium, Node.js, Xvfb and
xdotool: ``apt-get install meshlab cloudcompare chromium nodejs xvfb xdotool``. A program that is not here is named,
and its picture stays as it is. MeshLab and CloudCompare show their own window on a virtual display.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import recon
from tools.import_graph import ROOT
from tools.pictures import FOLDER, SAMPLES
from tools.screens.virtual_display import screen, virtual_display

WIDTH_PX = 640
"""Of each picture; the file is about 40 kB."""
_FILES = ("room.glb", "room.textured.ply", "room.ply", "room.stl")
_SCREEN = (1200, 900)
_PATIENCE_S, _STILL_S = 180.0, 5.0
_LEVELS_M = np.arange(0.05, 2.5, 0.05)
Picture = NDArray[np.uint8]


def write_files(folder: Path) -> None:
    """The sample room with its measured depth, in the formats of the gallery."""
    room = SAMPLES / "living_room"
    scene = recon.reconstruct(
        f"{room}.jpg", depth=f"{room}.depth.png", max_depth=8.0, faces=300_000, level=True
    )
    for name in _FILES:
        scene.save(folder / name)
    # Chromium draws without a graphics card here.
    scene.with_options(replace(scene.options, faces=80_000)).save(folder / "room.html")


def in_blender(folder: Path) -> Picture:
    """Cycles, from the right of the photo's camera."""
    python, made = ROOT / ".venv-bpy" / "bin" / "python", folder / "blender.png"
    script = Path(__file__).with_name("side_in_blender.py")
    reader = ROOT / "recon" / "blender" / "extension" / "open_scene.py"
    _run([str(python), str(script), str(folder / "room.glb"), str(made), str(reader)])
    return np.asarray(Image.open(made).convert("RGB"))


def in_meshlab(folder: Path) -> Picture:
    """Without its lamp and its list of layers, turned and closer."""
    turn = ("mousemove 350 450 mousedown 1", "mousemove 365 455", "mousemove 400 470", "mousemove 430 480")
    acts = ("mousemove 671 418 click 1", "mousemove 792 79 click 1", *turn, "mouseup 1", *["click 5"] * 4)
    return _window(["meshlab", "room.textured.ply"], folder, acts)[:735, :800]


def in_cloudcompare(folder: Path) -> Picture:
    """Its dialog about the columns is confirmed; turned and closer. The view alone: the rest names folders."""
    turn = ("mousemove 700 400 mousedown 1", "mousemove 720 405", "mousemove 760 420", "mousemove 800 430")
    # A key that comes too early is lost, and one too many does nothing.
    acts = (
        *["key Return"] * 3,
        "search --onlyvisible --name CloudCompare windowmove 0 0 windowsize 1200 900",
        *turn,
        "mouseup 1",
        *["click 4"] * 5,
    )
    return _window(["CloudCompare", "room.ply"], folder, acts)[60:735, 322:1160]


def in_a_browser(folder: Path) -> Picture:
    """Our page in Chromium, turned by the mouse."""
    made, script = folder / "browser.png", ROOT / "tests" / "node" / "browse.mjs"
    steps = [["drag", 420, 400, 560, 420], ["wait", 1500], ["screenshot", str(made)]]
    size = {"viewport": {"width": 1000, "height": 750}}
    page = str(folder / "room.html")
    chromium = shutil.which("chromium") or "chromium"
    _run(["node", str(script), chromium, page, json.dumps(steps), json.dumps(size)])
    return np.asarray(Image.open(made).convert("RGB"))


def as_slices(folder: Path) -> Picture:
    """The STL cut every 5 cm, seen from above, as a slicer cuts it: higher is lighter."""
    import trimesh

    mesh = trimesh.load(folder / "room.stl")
    cuts, world_T_cut, _ = trimesh.intersections.mesh_multiplane(mesh, (0, 0, 0), (0, 1, 0), _LEVELS_M)
    low, high = mesh.bounds[0][[0, 2]], mesh.bounds[1][[0, 2]]
    scale = (2 * WIDTH_PX - 80) / (high[0] - low[0])
    width, height = (int(side) for side in scale * (high - low) + 80)
    picture = Image.new("RGB", (width, height), (24, 28, 36))
    draw = ImageDraw.Draw(picture)
    for level, lines, dst_T_src in zip(_LEVELS_M, cuts, world_T_cut, strict=True):
        share = level / _LEVELS_M[-1]
        colour = (int(40 + 215 * share), int(110 + 100 * share), int(210 - 100 * share))
        flat = np.concatenate([lines, np.zeros((len(lines), 2, 1)), np.ones((len(lines), 2, 1))], axis=2)
        plan = scale * ((flat @ dst_T_src.T)[..., [0, 2]] - low) + 40
        for line in plan:
            draw.line([tuple(point) for point in line], fill=colour, width=2)
    return np.asarray(picture)


def _window(command: list[str], folder: Path, acts: tuple[str, ...]) -> Picture:
    """What a program shows on a display of its own after the acts, each a line of xdotool."""
    with TemporaryDirectory() as kept, virtual_display(Path(kept), _SCREEN) as environment:
        # A home of its own: no settings of the user, and none left behind.
        environment |= {"HOME": kept, "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
        program = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _until_still(Path(kept))
            for act in acts:
                subprocess.run(["xdotool", *act.split()], env=environment, check=True, capture_output=True)
                if act.startswith(("key", "search")) or act.endswith("click 1"):
                    _until_still(Path(kept))
            return _until_still(Path(kept))
        finally:
            program.kill()
            program.wait()


def _until_still(kept: Path) -> Picture:
    """The screen once it shows something and has not changed for a while."""
    end = time.monotonic() + _PATIENCE_S
    last, since = screen(kept), time.monotonic()
    while time.monotonic() < end:
        time.sleep(0.3)
        now = screen(kept)
        if not np.array_equal(now, last):
            last, since = now, time.monotonic()
        elif now.any() and time.monotonic() - since > _STILL_S:
            return now
    raise click.ClickException("the program's window did not come to rest")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""})
    if done.returncode:
        raise click.ClickException(done.stderr.strip()[-400:] or f"{command[0]} failed")


PICTURES: dict[str, tuple[str, Callable[[Path], Picture]]] = {
    "in_blender": (".venv-bpy/bin/python", in_blender),
    "in_meshlab": ("meshlab", in_meshlab),
    "in_cloudcompare": ("CloudCompare", in_cloudcompare),
    "in_a_browser": ("chromium", in_a_browser),
    "as_slices": ("", as_slices),
}
"""File name: the program that it needs, and what draws it."""


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(list(PICTURES)))
@click.option("-o", "output", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(names: tuple[str, ...], output: Path) -> None:
    """Writes the pictures whose programs are here."""
    with TemporaryDirectory() as kept:
        folder = Path(kept)
        write_files(folder)
        for name in names or PICTURES:
            program, draw = PICTURES[name]
            if program and not (shutil.which(program) or (ROOT / program).exists()):
                click.echo(f"{name}: {program} is not here")
                continue
            picture = Image.fromarray(draw(folder))
            picture.thumbnail((WIDTH_PX, WIDTH_PX), Image.Resampling.LANCZOS)
            picture.save(output / f"{name}.webp", quality=75, method=4)
            click.echo(f"{name}.webp: {(output / f'{name}.webp').stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
