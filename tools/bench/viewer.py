"""How the viewer behaves: a soak of random commands, opening and closing, and what memory does.

    python -m tools.bench.viewer soak --commands 300 --cycles 30
    python -m tools.bench.viewer picture scene.npz                     # needs no display
    python -m tools.bench.viewer logic --commands 1000 --cycles 100     # needs no display

A window needs a display and a Vulkan driver; ``Xvfb :9 & DISPLAY=:9`` and lavapipe will do.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from recon.frames import gl_T_cam
from recon.provenance import ModelRecord, Provenance
from recon.render.drawable import draw_scene
from recon.render.picture import Look, Renderer
from recon.render.style import COLOURS, SHOWN_AS, View
from recon.render.view_camera import photo_camera
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo
from recon_viewer.controller import Controller
from recon_viewer.drawing.guides import DARK
from recon_viewer.model import commands
from recon_viewer.model.known_sizes import KNOWN
from recon_viewer.model.state import TOOLS, Box, Pick
from recon_viewer.ui.shortcuts import ACTIONS

_DIALOGS = (
    "open",
    "open-depth",
    "save",
    "export",
    "screenshot",
    "film",
    "page",
    "blender",
    "csv",
    "run-again",
    "sample",
    "paste",
)

_NOWHERE_RGB = (255, 0, 255)


def hall(points: int, seed: int = 0) -> Scene:
    """A floor and a wall with about so many pixels, in noise."""
    width = round((points * 4 / 3) ** 0.5)
    height = max(round(points / width), 2)
    rng = np.random.default_rng(seed)
    camera = Intrinsics.from_fov(65.0, width=width, height=height, source="user")
    v = (np.arange(height) + 0.5 - camera.cy) / camera.fy
    floor_m = np.where(v > 0, 1.5 / np.maximum(v, 1e-6), np.inf)
    z_m = np.broadcast_to(np.minimum(floor_m, 6.0)[:, None], (height, width)).astype(np.float32)
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    provenance = Provenance(model=ModelRecord("measured"))
    return Scene(
        Photo(rgb), camera, MetricDepth(z_m.copy(), np.ones(z_m.shape, np.bool_)), provenance=provenance
    )


def random_command(controller: Controller, rng: random.Random) -> None:
    """Something that a user could do now, sensible or not."""
    state = controller.state
    layer = state.layer
    kind = rng.randrange(10)
    if kind == 0:
        names = [
            action.name for action in ACTIONS if action.name not in (*_DIALOGS, "quit", "close-layer", "copy")
        ]
        controller.act(rng.choice(names))
    elif kind == 1:
        controller.view(shown_as=rng.choice(SHOWN_AS), colours=rng.choice(COLOURS))
    elif kind == 2:
        controller.use(rng.choice(TOOLS))
    elif kind <= 5 and layer is not None and layer.base is not None:
        width, height = layer.base.photo.width, layer.base.photo.height
        # Sometimes outside the photo.
        pixel = rng.uniform(-5, width + 5), rng.uniform(-5, height + 5)
        controller.pick(Pick(layer.key, pixel, (0.0, 0.0, 2.0)))
        if state.tool in KNOWN and len(controller.state.pending) == KNOWN[state.tool].clicks:
            size = f"{rng.uniform(0.5, 3.0):.2f}m"
            controller.rescaling.add_known(f"{size} x {size}" if state.tool == "known rectangle" else size)
    elif kind == 6:
        choices: list[dict[str, Any]] = [
            {"edge": rng.uniform(0, 0.2)},
            {"max_depth": rng.choice([None, rng.uniform(0.2, 9)])},
            {"stride": rng.choice([1, 2, 3, 8])},
            {"level": rng.random() < 0.5},
            {"edge": 7.0},
        ]
        changes = rng.choice(choices)
        controller.do(lambda now: commands.set_options(now, **changes), coalesce=rng.choice([None, "slider"]))
    elif kind == 7:
        controller.act(rng.choice(["undo", "undo", "redo"]))
    elif kind == 8:
        focal = rng.choice([None, rng.uniform(50, 5000), -1.0])
        controller.do(lambda now: commands.set_focal(now, focal))
    else:
        box = rng.choice([None, Box((-1, -2, -9), (1, 2, 1)), Box((50, 50, 50), (51, 51, 51))])
        controller.do(lambda now: commands.set_crop(now, box))


def memory_mb() -> float:
    """Of this process, resident, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


@click.group()
def main() -> None:
    """How the viewer behaves."""


@main.command()
@click.option("--commands", "count", default=1000, show_default=True)
@click.option("--cycles", default=100, show_default=True)
@click.option("--points", default=60_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def logic(count: int, cycles: int, points: int, seed: int) -> None:
    """Random commands and opening and closing, without a window."""
    _run(Controller(), lambda: None, count, cycles, points, seed)


@main.command()
@click.option("--commands", "count", default=300, show_default=True)
@click.option("--cycles", default=30, show_default=True)
@click.option("--points", default=60_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def soak(count: int, cycles: int, points: int, seed: int) -> None:
    """The same in a real window, with the camera moving."""
    from recon_viewer.window import ViewerWindow

    viewer, rng = ViewerWindow(), random.Random(seed)

    def show() -> None:
        viewer.step()
        if viewer.dialogs.is_open:
            viewer.dialogs.close()
        viewer.looks.look(rng.choice(["photo-camera", "front", "top", "side", "fit"]))
        viewer.view.look(viewer.view.camera.orbit(rng.uniform(-1, 1), rng.uniform(-1, 1)))
        frame = viewer.view.widget.frame
        x, y = frame.x + rng.random() * frame.width, frame.y + rng.random() * frame.height
        viewer.linking.hover_view(x, y)
        viewer.linking.click_view(x, y, rng.random() < 0.3)
        viewer.step()

    _run(viewer.controller, show, count, cycles, points, seed)
    viewer.close()


@main.command()
@click.argument("scene_file", type=click.Path(path_type=Path, exists=True))
def picture(scene_file: Path) -> None:
    """The picture through the photo's own camera against the photo, of a SCENE_FILE (.npz)."""
    scene = Scene.load(scene_file)
    camera = scene.intrinsics
    place = photo_camera(camera, gl_T_cam, 3.0)
    photo = scene.photo.rgb.astype(np.float64)
    for shown_as, size_px in (("cloud", 1.0), ("cloud", 2.0), ("mesh", 1.0)):
        drawn = draw_scene(scene, View(shown_as=shown_as), gl_T_cam, share=(0.0, 1.0))  # type: ignore[arg-type]
        look = Look(camera.width, camera.height, _NOWHERE_RGB, size_px)
        seen = Renderer(drawn, look, place).picture(place)
        empty = np.abs(seen.astype(int) - _NOWHERE_RGB).max(axis=2) < 8
        whole = np.where(empty[..., None], DARK.ground, seen)
        exact = np.abs(seen - photo).max(axis=2)[~empty] <= 1
        click.echo(
            f"{shown_as} of {size_px:.0f} px: {_psnr_db(whole - photo):.1f} dB; covered "
            f"{_psnr_db((seen - photo)[~empty]):.1f} dB, {100 * exact.mean():.1f} % of it within 1 of 255; "
            f"{100 * empty.mean():.2f} % is empty"
        )


def _psnr_db(error: NDArray[np.float64]) -> float:
    return float(10 * np.log10(255**2 / max(float((error**2).mean()), 1e-9)))


def _run(
    controller: Controller, show: Callable[[], None], count: int, cycles: int, points: int, seed: int
) -> None:
    rng = random.Random(seed)
    scenes = [hall(points, at) for at in range(3)]
    start, memory = time.monotonic(), [memory_mb()]

    def settle() -> None:
        end = time.monotonic() + 60
        while not controller.idle and time.monotonic() < end:
            controller.tick()
            show()
            time.sleep(0.001)
        controller.tick()
        if not controller.idle:
            raise RuntimeError("it did not come to rest within a minute")

    for at in range(cycles):
        controller.add_scene(scenes[at % 3], f"cycle {at}")
        settle()
        controller.act("close-layer")
        controller.problems.clear()
        settle()
        memory.append(memory_mb())
    click.echo(f"{cycles} cycles: {_summary(memory)}, {time.monotonic() - start:.0f} s")
    controller.add_scene(scenes[0], "soak")
    controller.add_scene(scenes[1], "other")
    settle()
    start, memory, refused = time.monotonic(), [memory_mb()], 0
    for at in range(count):
        random_command(controller, rng)
        refused += controller.is_problem
        controller.problems.clear()
        if at % 20 == 0:
            settle()
            memory.append(memory_mb())
        if at % 100 == 0:
            controller.do(commands.clear_measured)
            controller.do(lambda now: now if now.layer is None else commands.remove_known(now))
    settle()
    click.echo(
        f"{count} commands: {_summary(memory)}, {time.monotonic() - start:.0f} s; {refused} refused in a sentence"
    )


def _summary(memory: list[float]) -> str:
    """The curve: at first, and after each tenth."""
    tenths = [memory[round(at * (len(memory) - 1) / 10)] for at in range(11)]
    return " ".join(f"{each:.0f}" for each in tenths) + " MB at first and after each tenth"


if __name__ == "__main__":
    main()
