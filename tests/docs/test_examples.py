"""The examples of the contributors' pages work exactly as printed."""

import json
import os
import re
import subprocess
import sys
from math import log
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import save_file
from viewer_scenes import painted_room

import recon.depth
import recon.export.formats
from recon import load_scene
from recon.depth import registry as models
from recon.depth.estimator import RunOptions
from recon.export import registry as formats
from recon.frames import apply, gl_T_cam
from recon_cli.group import recon as command

DOCS = Path(__file__).parents[2] / "docs"


def _example(page: str) -> str:
    """The page's first block of Python."""
    result = re.search(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    assert result is not None
    return result[1]


def _install(
    code: str, package: ModuleType, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saves the code as a module of the package, as its page says, but not in the checkout."""
    (folder / f"{name}.py").write_text(code, "utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, f"{package.__name__}.{name}", raising=False)


def _run(*words: object) -> str:
    done = CliRunner().invoke(command, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("page", ["add-a-depth-model.md", "add-a-format.md"])
def test_the_examples_are_short_and_in_the_projects_style(page: str, tmp_path: Path) -> None:
    code = _example(page)
    assert 30 <= sum(bool(line.strip()) for line in code.splitlines()) <= 50
    (tmp_path / "example.py").write_text(code, "utf-8")
    for words in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *words, "--config", str(DOCS.parent / "pyproject.toml")]
        done = subprocess.run([*ruff, str(tmp_path / "example.py")], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_depth_model_is_also_a_package_of_its_own(tmp_path: Path) -> None:
    page = (DOCS / "add-a-depth-model.md").read_text("utf-8")
    project = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert project is not None
    source, installed = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    (source / "pyproject.toml").write_text(project[1], "utf-8")
    (source / "tiny_depth.py").write_text(_example("add-a-depth-model.md"), "utf-8")
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", str(installed)]
    subprocess.run([sys.executable, *install, str(source)], check=True)
    listing = "from recon.depth import registry as r; print(r.card('tinydepth').licence, *r.problems())"
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", listing],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("Apache-2.0\n", "")


def test_the_depth_model_is_listed_and_builds_a_scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(_example("add-a-depth-model.md"), recon.depth, "tiny_depth", tmp_path, monkeypatch)
    assert "tinydepth" in _run("models") and models.create("tinydepth", RunOptions()).name == "tinydepth"
    # Weights whose output is known: brighter is farther, 1 m at black and 4 m at white.
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text(json.dumps({"model_type": "tiny_depth", "width": 1}))
    brightness = torch.full((1, 3, 4, 4), 1 / 48)
    weights = {"0.weight": brightness, "0.bias": torch.zeros(1)}
    weights |= {"2.weight": torch.full((1, 1, 1, 1), log(4.0)), "2.bias": torch.zeros(1)}
    save_file(weights, checkpoint / "model.safetensors")
    rgb = np.zeros((90, 120, 3), np.uint8)
    rgb[:, 60:] = 255
    Image.fromarray(rgb).save(tmp_path / "photo.png")
    _run(
        "build",
        tmp_path / "photo.png",
        "-o",
        tmp_path / "scene.npz",
        "--model",
        f"hf:{checkpoint}",
        "--fov",
        60,
    )
    depth = load_scene(tmp_path / "scene.npz").depth
    assert depth.z_m.shape == (90, 120) and depth.valid.all()
    assert depth.z_m[:, :50] == pytest.approx(1.0, rel=1e-3)
    assert depth.z_m[:, 70:] == pytest.approx(4.0, rel=1e-3)


def test_the_format_is_written_and_another_program_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open3d: ModuleType
) -> None:
    _install(_example("add-a-format.md"), recon.export.formats, "off", tmp_path, monkeypatch)
    formats.formats.cache_clear()
    try:
        scene = painted_room()
        scene.save(tmp_path / "scene.npz")
        _run("export", tmp_path / "scene.npz", "-o", tmp_path / "scene.off", "--no-level")
    finally:
        formats.formats.cache_clear()
    read, mesh = open3d.io.read_triangle_mesh(str(tmp_path / "scene.off")), scene.mesh()
    np.testing.assert_array_equal(np.asarray(read.triangles), mesh.faces)
    np.testing.assert_allclose(np.asarray(read.vertices), apply(gl_T_cam, mesh.vertices), atol=1e-5)
    assert mesh.uv is not None
    size = (scene.photo.width, scene.photo.height)
    col, row = np.clip((mesh.uv * size).astype(int), 0, np.subtract(size, 1)).T
    np.testing.assert_allclose(np.asarray(read.vertex_colors) * 255, scene.photo.rgb[row, col], atol=0.01)
