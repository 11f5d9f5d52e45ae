"""Runs Blender with the script that sets a scene up (``open_scene.py``)."""

import os
import subprocess
from pathlib import Path

from recon.blender.find_blender import BlenderError

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".usda", ".usdc", ".usdz")
"""What Blender gets a photo's scene from."""
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
    """The command line that opens a file.

    Args:
        program: Blender, or a Python with the module bpy.
        script: ``find_blender.scene_script``, as a file.
        file: An exported scene, with one of ``SUFFIXES``.
        render: Open no window: render to this PNG.
        save: Open no window: save as this Blender file.
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
    if program.name.lower().startswith("python"):  # with the module bpy in the place of the program
        return [os.fspath(program), os.fspath(script)]
    # Without a window also without the user's own start-up file and add-ons, so that it is the same everywhere.
    quiet = ["--background", "--factory-startup"] if hidden else []
    return [os.fspath(program), *quiet, "--python-exit-code", "1", "--python", os.fspath(script), "--"]


def run_to_end(command: list[str]) -> None:
    """Runs Blender to its end.

    Raises:
        BlenderError: It failed; the sentence is our script's own where there is one.
    """
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode == 0:
        return
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    ours = [line.removeprefix("recon: ") for line in lines if line.startswith("recon: ")]
    told = ours[-1] if ours else "; ".join(lines[-_LAST_LINES:]) or "it said nothing"
    raise BlenderError(f"Blender ended with code {done.returncode}: {told}")
