"""Finds Blender on this machine."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from recon.errors import ReconError


class BlenderError(ReconError):
    """Blender is not found, or could not open the file."""


def scene_script() -> "resources.abc.Traversable":
    """The script that sets up a scene, run by Blender's Python."""
    return resources.files("recon.blender").joinpath("extension", "open_scene.py")


def find_blender(program: Path | None) -> Path:
    """The Blender executable: the one given, else on the PATH, else in one of the usual install locations.

    Raises:
        BlenderError: Blender was not found. The message gives the path of our script, to run it by hand.
    """
    if program is not None:
        executable = shutil.which(program)
        if executable is None:
            raise BlenderError(f"--blender {program} is not an executable program.")
        return Path(executable)
    for candidate in (shutil.which("blender"), *_usual_places()):
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise BlenderError(
        "Blender was not found: install it (blender.org, 4.2 or newer), or give its path with --blender. To set up "
        f"the scene by hand, open {scene_script()} in Blender's Scripting tab, or run `blender --python SCRIPT -- "
        "FILE`."
    )


def _usual_places() -> Iterator[Path]:
    """The usual install locations, newest version first."""
    if sys.platform == "darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            yield folder / "Blender.app" / "Contents" / "MacOS" / "Blender"
    elif sys.platform == "win32":
        for variable in ("ProgramFiles", "ProgramW6432", "LOCALAPPDATA"):
            folder = Path(os.environ.get(variable, "")) / "Blender Foundation"
            yield from sorted(folder.glob("Blender */blender.exe"), key=_version_of, reverse=True)
    else:
        yield from map(Path, ("/snap/bin/blender", "/var/lib/flatpak/exports/bin/org.blender.Blender"))
        yield from sorted(Path("/opt").glob("blender*/blender"), reverse=True)


def _version_of(program: Path) -> tuple[int, ...]:
    """(4, 10) of ``Blender 4.10``: 4.10 is newer than 4.9."""
    words = program.parent.name.split()[-1].split(".")
    return tuple(int(word) for word in words if word.isdigit())
