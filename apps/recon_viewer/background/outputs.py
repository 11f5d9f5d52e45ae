"""What is taken away from the viewer: files, measurements, pictures, Blender."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from recon.errors import ExportError, ReconError, ViewerError
from recon.export.registry import format_for, formats
from recon.options import Shape
from recon.scene import Scene
from recon.scene_file import SUFFIX
from recon_viewer.model.measurements import Reading, as_csv

FILM_PATHS = ("swing", "turntable", "fly")
"""As ``recon render`` names them."""
FILM_SUFFIXES = (".mp4", ".gif")
_POLL_S = 0.2
_NO_BLENDER = (
    "Blender is not found on this machine. Install version 4.2 or newer from https://www.blender.org/download "
    "and try again. Where it is installed in a place of its own: export the scene as .glb (Ctrl+E) and open that "
    "in Blender, or type `recon blender scene.glb --blender PATH`, which also sets up the photo's camera."
)
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
    return f"{path}: {counted(readings)}"


def counted(readings: Sequence[Reading]) -> str:
    """``1 measurement``, ``2 measurements``."""
    return f"{len(readings)} measurement" + ("" if len(readings) == 1 else "s")


def copy_text(text: str) -> None:
    """Puts text on the clipboard, by the system's own program.

    Raises:
        ViewerError: There is none.
    """
    for command in _CLIPBOARDS:
        if shutil.which(command[0]):
            # Windows' program takes anything but UTF-16 for the console's own letters, which have no "±".
            told = text.encode("utf-16" if command[0] == "clip" else "utf-8")
            try:
                # What serves the clipboard goes on behind us: it must not hold our own output open.
                subprocess.run(
                    command,
                    input=told,
                    check=True,
                    timeout=5,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "LC_CTYPE": os.environ.get("LC_CTYPE") or "UTF-8"},
                )
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
    from recon.blender.find_blender import BlenderError, find_blender

    try:
        find_blender(None)
    except BlenderError as error:
        raise ViewerError(_NO_BLENDER) from error
    path = folder / "scene.glb"
    scene.save(path, overwrite=True)
    command = [sys.executable, "-m", "recon_cli.main", "blender", os.fspath(path)]
    try:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        raise ViewerError(f"Blender cannot be started: {error}") from error


def film(scene: Scene, path: Path, way: str, stop: threading.Event) -> str:
    """Writes a film, by ``recon render`` in a process of its own.

    Args:
        scene: With the options that count.
        path: A ``.mp4`` or ``.gif``; what is there is replaced.
        way: One of ``FILM_PATHS``.
        stop: Set by another thread to give it up; then nothing is written.

    Returns:
        A line for the user.

    Raises:
        ReconError: It cannot be made; the sentence is the command's own.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="recon-film-") as folder:
        file = Path(folder) / "scene.npz"
        scene.save(file)
        command = [sys.executable, "-m", "recon_cli.main", "render", os.fspath(file), "-o", os.fspath(path)]
        command += ["--path", way]
        # To a file: a pipe that nobody reads would fill and hold it up.
        with (Path(folder) / "told").open("w+", errors="replace") as told:
            process = subprocess.Popen(
                [*command, "--overwrite"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=told,
                start_new_session=True,
            )
            while process.poll() is None:
                if stop.wait(_POLL_S):
                    process.terminate()
                    process.wait()
                    return f"{path.name} was given up, and nothing is written"
            told.seek(0)
            lines = [line.strip() for line in told if line.strip()]
    if process.returncode:
        raise ReconError(lines[-1].removeprefix("error").strip(" :") if lines else "the film cannot be made")
    return f"written {path}: {_size(path) / 1e6:.1f} MB"


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
