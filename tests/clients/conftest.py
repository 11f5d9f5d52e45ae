"""Blender, MeshLab and CloudCompare themselves: `./dev clients` installs them and runs these tests.

Each runs in a separate process with its own interpreter: Blender's module wants one version of Python, and
none of them shall bring its libraries into ours.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recon.options import Options
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.client)


@pytest.fixture(scope="module", autouse=True)
def _temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Blender's module leaves its temporary folder behind."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        yield


def _interpreter(variable: str, folder: str, module: str) -> Path:
    python = Path(os.environ.get(variable, ROOT / folder / "bin" / "python"))
    if not python.exists():
        pytest.skip(f"{python}, a Python with {module}, is not here: run `./dev clients`")
    return python


@pytest.fixture(scope="session")
def bpy_python() -> Path:
    """An interpreter with Blender's module."""
    return _interpreter("RECON_BPY_PYTHON", ".venv-bpy", "bpy")


@pytest.fixture(scope="session")
def bpy_4_2_python() -> Path:
    """An interpreter with the oldest Blender that has extensions."""
    return _interpreter("RECON_BPY_4_2_PYTHON", ".venv-bpy-4.2", "bpy 4.2")


@pytest.fixture(scope="session")
def meshlab_python() -> Path:
    """An interpreter with MeshLab's module."""
    return _interpreter("RECON_MESHLAB_PYTHON", ".venv-meshlab", "pymeshlab")


@pytest.fixture(scope="session")
def ask() -> Callable[..., Any]:
    """``ask(python, script, *arguments)``: what a script of this folder prints as its last line, as JSON."""

    def run(python: Path, script: str, *arguments: object) -> Any:
        command = [str(python), str(HERE / script), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


@pytest.fixture(scope="session")
def cloudcompare() -> Callable[[Path], np.ndarray]:
    """``cloudcompare(file)``: the points that it loads, (N, 3 or more): x y z r g b ..."""
    program = shutil.which("CloudCompare") or shutil.which("cloudcompare")
    if program is None:
        pytest.skip("CloudCompare is not here: run `./dev clients`")

    def load(path: Path) -> np.ndarray:
        command = [program, "-SILENT", "-NO_TIMESTAMP", "-C_EXPORT_FMT", "ASC", "-PREC", "6", "-O", path.name]
        command += ["-EXTRACT_VERTICES"] if path.suffix in (".obj", ".stl") or "mesh" in path.name else []
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        before = set(path.parent.iterdir())
        done = subprocess.run(
            [str(word) for word in [*command, "-SAVE_CLOUDS"]],
            cwd=path.parent,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        written = [file for file in set(path.parent.iterdir()) - before if file.suffix == ".asc"]
        assert len(written) == 1, done.stdout
        return np.loadtxt(written[0], ndmin=2, comments="//")

    return load


@pytest.fixture(scope="session")
def scene() -> Scene:
    """The sample room, cut so that its principal point is far off the centre, with pixels that are not square.

    The photo's own camera must show the photo whatever the intrinsics, since the geometry is made from them. A coarse
    mesh shows it as well as a fine one: the texture has the photo's resolution.
    """
    with Image.open(ROOT / "sample_data" / "living_room.jpg") as picture:
        rgb = np.asarray(picture.convert("RGB"))[60:760, 0:900]
    with Image.open(ROOT / "sample_data" / "living_room.depth.png") as picture:
        z_m = np.asarray(picture).astype(np.float32)[60:760, 0:900] / 1000
    known = (z_m > 0) & (z_m < 8)
    z_m = np.where(known, z_m, 1).astype(np.float32)
    camera = Intrinsics(865.3, 930.0, 576.0, 372.0, 900, 700, "user")
    options = Options(stride=4, fill=False, level=False)
    return Scene(Photo(np.ascontiguousarray(rgb)), camera, MetricDepth(z_m, known), options=options)


@pytest.fixture(scope="session")
def levelled(scene: Scene) -> Scene:
    """The same, standing on its floor."""
    upright = replace(scene, options=replace(scene.options, level=True))
    assert upright.gravity.trusted
    return upright
