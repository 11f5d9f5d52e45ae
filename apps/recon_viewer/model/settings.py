"""Settings that the viewer saves between sessions: recent files and window settings, as JSON."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from recon.atomic_write import staged
from recon.errors import ExportError
from recon.options import Options
from recon.render.style import EVERYTHING, View
from recon.strict_json import as_kind, as_object, known_fields, read_json
from recon_viewer.model.samples import sample_of

_MOST_RECENT = 10
_SIZES = (320, 10_000)


@dataclass(frozen=True)
class Settings:
    """The saved settings."""

    recent: tuple[str, ...] = ()
    """Recently opened files, newest first."""
    depths: tuple[tuple[str, str], ...] = ()
    """Recent photos that were opened with a depth file, each with it."""
    width: int = 1400
    height: int = 900
    knows_slow_drawing: bool = False
    """Whether a window has said what drawing without a graphics card means."""
    folder: str | None = None
    """Folder of the last opened or saved file."""
    view: View = field(default_factory=lambda: View(shown_as="mesh"))

    def with_recent(self, path: Path, depth: Path | None = None) -> "Settings":
        """Adds a file, and the depth file that it was opened with, to the head of the list of recent files.

        Its folder is where dialogs begin from now on, unless it is the program's own.
        """
        name = str(path.absolute())
        recent = (name, *(one for one in self.recent if one != name))[:_MOST_RECENT]
        depths = {one: other for one, other in self.depths if one in recent and one != name}
        if depth is not None:
            depths[name] = str(depth.absolute())
        folder = self.folder if sample_of(path) else str(path.absolute().parent)
        return replace(self, recent=recent, depths=tuple(depths.items()), folder=folder)

    def options_of(self, path: Path) -> Options | None:
        """The options with which a recent file was opened; None: its own, or the default."""
        sample = sample_of(path)
        if sample is not None:
            return sample.options
        depth = dict(self.depths).get(str(path.absolute()))
        return None if depth is None else Options(depth=Path(depth))


def settings_path() -> Path:
    """Path of the settings file in the user's settings folder, or in ``RECON_CONFIG_DIR``."""
    stated = os.environ.get("RECON_CONFIG_DIR")
    if stated:
        return Path(stated) / "viewer.json"
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "recon" / "viewer.json"


def load(path: Path) -> tuple[Settings, str | None]:
    """Loads the settings; returns the defaults and an error message if the file cannot be used."""
    try:
        return _settings_from(as_object(read_json(path))), None
    except FileNotFoundError:
        return Settings(), None
    except (OSError, ValueError) as error:
        return Settings(), f"the viewer's settings in {path} cannot be read and are ignored ({error})"


def save(settings: Settings, path: Path) -> str | None:
    """Saves the settings atomically; returns an error message on failure, which is not fatal."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with staged(path) as temporary:
            temporary.write_text(json.dumps(asdict(settings), indent=1), "utf-8")
    except (OSError, ExportError) as error:
        return f"the viewer's settings cannot be saved: {error}"
    return None


def _settings_from(values: Mapping[str, Any]) -> Settings:
    fields_of_file = {**values, "view": known_fields(View, values.get("view"), "view")}
    settings = as_kind(Settings, known_fields(Settings, fields_of_file))
    low, high = _SIZES
    return replace(
        settings,
        recent=settings.recent[:_MOST_RECENT],
        depths=settings.depths[:_MOST_RECENT],
        width=min(max(settings.width, low), high),
        height=min(max(settings.height, low), high),
        view=replace(settings.view, curtain=1.0, section=EVERYTHING),
    )
