"""Outputs of the viewer: files, measurements, the clipboard, Blender, films."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count as numbers
from pathlib import Path

from recon.errors import ExportError, ViewerError
from recon.export.registry import format_for, formats
from recon.journal import Journal
from recon.options import Shape
from recon.render.camera_paths import PathName
from recon.scene import Scene
from recon.scene_file import SUFFIX
from recon_viewer.model.measurements import Reading, as_csv, counted

FILM_PATHS: tuple[PathName, ...] = ("swing", "turntable", "fly")
FILM_SUFFIXES = (".mp4", ".gif")
_NO_BLENDER = (
    "Blender was not found on this machine. Install version 4.2 or newer from https://www.blender.org/download "
    "and try again. If it is installed in an unusual folder, export the scene as .glb (Ctrl+E) and open that in "
    "Blender, or run `recon blender scene.glb --blender PATH`, which also sets up the photo's camera."
)
_CLIPBOARDS = (["wl-copy"], ["xclip", "-selection", "clipboard"], ["xsel", "-ib"], ["pbcopy"], ["clip"])

_PASTES = (
    ["wl-paste", "-n"],
    ["xclip", "-o", "-selection", "clipboard"],
    ["xsel", "-ob"],
    ["pbpaste"],
    ["powershell", "-NoProfile", "-Command", "Get-Clipboard"],
)


def suffixes() -> list[tuple[str, str]]:
    """The suffix and readable name of every format; the scene file first."""
    return [(SUFFIX, "recon scene"), *((form.suffix, form.name) for form in formats().values())]


def export(scene: Scene, path: Path, shape: Shape | None) -> str:
    """Writes a file and returns its path and size as text; replaces an existing file, which the dialog has confirmed.

    Raises:
        ExportError: Unknown suffix, a folder that cannot be written, or no disk space.
    """
    if path.suffix.lower() != SUFFIX:
        form, file_shape = format_for(path, shape, others=[SUFFIX])
        written = list(form.files(path, file_shape))
    else:
        written = [path]
    scene.save(path, shape=shape, overwrite=True)
    size = sum(_size(file) for file in written)
    sidecars = f", with {', '.join(file.name for file in written[1:])}" if len(written) > 1 else ""
    return f"{path}: {size / 1e6:.1f} MB{sidecars}"


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


def copy_text(text: str) -> None:
    """Copies text to the clipboard with a program of the system.

    Raises:
        ViewerError: There is no such program.
    """
    for command in _CLIPBOARDS:
        if shutil.which(command[0]):
            # The program of Windows assumes the console's encoding, which has no "±", for anything but UTF-16.
            encoded = text.encode("utf-16" if command[0] == "clip" else "utf-8")
            try:
                # The process that serves the clipboard outlives us: it must not keep our output open.
                subprocess.run(
                    command,
                    input=encoded,
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


def pasted_text() -> str:
    """The text on the clipboard, by a program of the system.

    Raises:
        ViewerError: There is no such program, or the clipboard holds no text.
    """
    for command in _PASTES:
        if shutil.which(command[0]):
            try:
                done = subprocess.run(
                    command, capture_output=True, check=True, timeout=2, stdin=subprocess.DEVNULL
                )
            except (OSError, subprocess.SubprocessError):
                continue
            return done.stdout.decode("utf-8", "replace")
    raise ViewerError(
        "the clipboard holds no text, or there is no clipboard program: install xclip (or wl-clipboard), or open the "
        "file with Ctrl+O"
    )


def open_in_blender(scene: Scene, folder: Path) -> None:
    """Exports a GLB to the folder and opens it as ``recon blender`` does, without waiting for Blender to exit.

    Raises:
        ReconError: Blender is not installed, or there is nothing to export.
    """
    from recon.blender.find_blender import BlenderError, find_blender, scene_script
    from recon.blender.run_blender import blender_command

    try:
        program = find_blender(None)
    except BlenderError as error:
        raise ViewerError(_NO_BLENDER) from error
    path = folder / "scene.glb"
    scene.save(path, overwrite=True)
    command = blender_command(program, Path(str(scene_script())), path)
    try:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        raise ViewerError(f"Blender cannot be started: {error}") from error


class _FilmCancelled(Exception):
    """The user has cancelled the film."""


def film(
    scene: Scene,
    path: Path,
    way: PathName,
    stop: threading.Event,
    on_frame: Callable[[int, int], None] = lambda done, count: None,
) -> str:
    """Writes a film, rendered on the CPU.

    Args:
        scene: The scene, with the options to use.
        path: A ``.mp4`` or ``.gif``; an existing file is replaced.
        way: One of ``FILM_PATHS``.
        stop: Set by another thread to cancel the film; then nothing is written.
        on_frame: Called with the number of frames that are rendered, and of all.

    Returns:
        One line for the user.

    Raises:
        ReconError: The film cannot be rendered or written.
    """
    from recon.render.film import check_film
    from recon.render.film_plan import film_for, look_for, picture_size
    from recon.render.render_film import render_to
    from recon.render.subject import subject_of_scene

    @contextmanager
    def steps(count: int) -> Iterator[Callable[[], None]]:
        frames = numbers()

        def step() -> None:
            if stop.is_set():
                raise _FilmCancelled
            on_frame(next(frames), count)

        step()
        yield step

    check_film(path)
    planned = film_for(path, way)
    size = picture_size(planned, (scene.photo.width, scene.photo.height))
    subject = subject_of_scene(scene, "mesh", size)
    if subject.drawn.is_empty:
        raise ExportError(f"{path.name} would be empty: all depth was removed")
    try:
        render_to(path, subject, planned, look_for(subject, planned), steps, Journal())
    except _FilmCancelled:
        return f"{path.name} was cancelled, and nothing was written"
    return f"written {path}: {_size(path) / 1e6:.1f} MB"


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
