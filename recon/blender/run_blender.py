"""Runs Blender with the scripts that set up a scene (``open_scene.py``) and install the extension."""

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
    # Without a window, ignore the user's start-up file and add-ons, for reproducible results.
    quiet = ["--background", "--factory-startup"] if hidden else []
    arguments = [os.fspath(file.resolve())]
    for option, path in (("--render", render), ("--save", save)):
        if path is not None:
            arguments += [option, os.fspath(path.resolve())]
    if hidden:
        arguments += ["--engine", engine]
    return _begin(program, script, quiet) + arguments


def install_command(program: Path, script: Path, extension: Path, recon: str) -> list[str]:
    """The command line to install the extension.

    Args:
        program: Blender, or a Python with the bpy module.
        script: ``install_extension.py``, as a file.
        extension: The zip of ``extension_zip.write_extension``.
        recon: Path of the program that the extension runs; empty: it searches for it.
    """
    return [*_begin(program, script, ["--background"]), os.fspath(extension.resolve()), recon]


def _begin(program: Path, script: Path, flags: list[str]) -> list[str]:
    if program.name.lower().startswith("python"):  # a Python with the bpy module instead of Blender
        return [os.fspath(program), os.fspath(script)]
    return [os.fspath(program), *flags, "--python-exit-code", "1", "--python", os.fspath(script), "--"]


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
