"""What is taken away from the viewer: files, measurements, pictures, Blender."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from recon.errors import ExportError, ReconError, ViewerError
from recon.export.registry import format_for, formats
from recon.options import Shape
from recon.scene import Scene
from recon.scenefile import SUFFIX
from recon_viewer.measuring import Reading, as_csv

FILM_PATHS = ("swing", "turntable", "fly")
"""As ``recon render`` names them."""
_CLIPBOARDS = (["wl-copy"], ["xclip", "-selection", "clipboard"], ["xsel", "-ib"], ["pbcopy"], ["clip"])


def suffixes() -> list[tuple[str, str]]:
    """Every format: its suffix, and its name for a person; the scene file first."""
    return [(SUFFIX, "recon scene"), *((form.suffix, form.name) for form in formats().values())]


def export(scene: Scene, path: Path, shape: Shape | None) -> str:
    """Writes a file and says how large it is; replaces what is there, since the dialog has asked.

    Raises:
        ExportError: The name has no known suffix, the folder cannot be written, there is no space.
    """
    if path.suffix.lower() != SUFFIX:
        form, held = format_for(path, shape, others=[SUFFIX])
        written = list(form.files(path, held))
    else:
        written = [path]
    scene.save(path, shape=shape, overwrite=True)
    size = sum(_size(file) for file in written)
    beside = f", with {', '.join(file.name for file in written[1:])}" if len(written) > 1 else ""
    return f"{path}: {size / 1e6:.1f} MB{beside}"


def save_csv(readings: Sequence[Reading], path: Path) -> str:
    """Writes the list of measurements.

    Raises:
        ExportError: It cannot be written.
    """
    try:
        path.write_text(as_csv(readings), "utf-8")
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}.") from error
    return f"{path}: {len(readings)} measurements"


def copy_text(text: str) -> None:
    """Puts text on the clipboard, by the system's own program.

    Raises:
        ViewerError: There is none.
    """
    for command in _CLIPBOARDS:
        if shutil.which(command[0]):
            try:
                subprocess.run(command, input=text.encode(), check=True, timeout=5)
            except (OSError, subprocess.SubprocessError):
                continue
            return
    raise ViewerError(
        "there is no clipboard program: install xclip (or wl-clipboard), or save the list as CSV"
    )


def open_in_blender(scene: Scene, folder: Path) -> None:
    """Exports a GLB into the folder and opens it as ``recon blender`` does; does not wait for Blender to end.

    Raises:
        ReconError: There is no Blender, or nothing to export.
    """
    from recon_cli.blender import find_blender

    find_blender(None)
    path = folder / "scene.glb"
    scene.save(path, overwrite=True)
    command = [sys.executable, "-m", "recon_cli.main", "blender", os.fspath(path)]
    try:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        raise ViewerError(f"Blender cannot be started: {error}") from error


def film(scene: Scene, path: Path, way: str) -> str:
    """Writes a film, by ``recon render`` in a process of its own.

    Raises:
        ReconError: It cannot be made; the sentence is the command's own.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="recon-film-") as folder:
        file = Path(folder) / "scene.npz"
        scene.save(file)
        command = [sys.executable, "-m", "recon_cli.main", "render", os.fspath(file), "-o", os.fspath(path)]
        command += ["--path", way]
        done = subprocess.run(
            [*command, "--overwrite"], capture_output=True, text=True, errors="replace", check=False
        )
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.strip()]
        raise ReconError(told[-1].removeprefix("error").strip() if told else "the film cannot be made")
    return f"{path}: {_size(path) / 1e6:.1f} MB"


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
