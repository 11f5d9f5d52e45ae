"""Runs Blender with the script that sets up a scene (``open_scene.py``)."""

import os
import subprocess
from pathlib import Path

from recon.blender.find_blender import BlenderError

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".usda", ".usdc", ".usdz")
"""File formats of recon that Blender opens."""
_LAST_LINES = 15


def blender_command(
    program: Path,
    script: Path,
    file: Path,
    *,
    render: Path | None = None,
    save: Path | None = None,
    engine: str = "cycles",
) -> list[str]:
    """The command line to open a file.

    Args:
        program: Blender, or a Python with the bpy module.
        script: ``find_blender.scene_script``, as a file.
        file: An exported scene, with one of ``SUFFIXES``.
        render: Render to this PNG, without a window.
        save: Save as this Blender file, without a window.
        engine: ``cycles`` or ``eevee``, for ``render``.
    """
    hidden = bool(render or save)
    arguments = [os.fspath(file.resolve())]
    for option, path in (("--render", render), ("--save", save)):
        if path is not None:
            arguments += [option, os.fspath(path.resolve())]
    if hidden:
        arguments += ["--engine", engine]
    return _begin(program, script, hidden) + arguments


def _begin(program: Path, script: Path, hidden: bool) -> list[str]:
    if program.name.lower().startswith("python"):  # a Python with the bpy module instead of Blender
        return [os.fspath(program), os.fspath(script)]
    # Without a window, ignore the user's start-up file and add-ons, for reproducible results.
    quiet = ["--background", "--factory-startup"] if hidden else []
    return [os.fspath(program), *quiet, "--python-exit-code", "1", "--python", os.fspath(script), "--"]


def run_to_end(command: list[str]) -> None:
    """Runs Blender and waits for it.

    Raises:
        BlenderError: Blender failed; with the message of our script if it printed one.
    """
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode == 0:
        return
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    ours = [line.removeprefix("recon: ") for line in lines if line.startswith("recon: ")]
    message = ours[-1] if ours else "; ".join(lines[-_LAST_LINES:]) or "no output"
    raise BlenderError(f"Blender exited with code {done.returncode}: {message}")
