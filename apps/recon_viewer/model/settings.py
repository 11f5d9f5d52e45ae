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
from recon.render.style import View
from recon.strict_json import as_kind, as_object, known_fields, read_json

_MOST_RECENT = 10
_SIZES = (320, 10_000)


@dataclass(frozen=True)
class Settings:
    """The saved settings."""

    recent: tuple[str, ...] = ()
    """Recently opened files, newest first."""
    width: int = 1400
    height: int = 900
    folder: str | None = None
    """Folder of the last opened or saved file."""
    view: View = field(default_factory=lambda: View(shown_as="mesh"))

    def with_recent(self, path: Path) -> "Settings":
        """Adds a file to the head of the list of recent files."""
        name = str(path.absolute())
        recent = (name, *(one for one in self.recent if one != name))[:_MOST_RECENT]
        return replace(self, recent=recent, folder=str(path.absolute().parent))


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
        width=min(max(settings.width, low), high),
        height=min(max(settings.height, low), high),
        view=replace(settings.view, curtain=1.0),
    )
