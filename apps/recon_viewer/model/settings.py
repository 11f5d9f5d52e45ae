"""What the viewer remembers from one day to the next: recent files, how the window looked. One JSON file."""

import json
import os
import sys
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from recon.atomic_write import staged
from recon.errors import ExportError
from recon.render.style import COLOURS, SHOWN_AS, View

_MOST_RECENT = 10
_SIZES = (320, 10_000)


@dataclass(frozen=True)
class Settings:
    """All of it."""

    recent: tuple[str, ...] = ()
    """Files that were opened, the newest first."""
    width: int = 1400
    height: int = 900
    folder: str | None = None
    """Where the last file was opened or saved."""
    view: View = field(default_factory=View)

    def with_recent(self, path: Path) -> "Settings":
        """With a file that was just opened at the head of the list."""
        name = str(path.absolute())
        recent = (name, *(one for one in self.recent if one != name))[:_MOST_RECENT]
        return replace(self, recent=recent, folder=str(path.absolute().parent))


def settings_path() -> Path:
    """In the user's folder for settings; ``RECON_CONFIG_DIR`` names another."""
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
    """The settings, and a sentence where the file could not be used (then they are the defaults)."""
    try:
        values = json.loads(path.read_text("utf-8"))
        return _settings_from(values), None
    except FileNotFoundError:
        return Settings(), None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return Settings(), f"the viewer's settings in {path} cannot be read and are ignored ({error})"


def save(settings: Settings, path: Path) -> str | None:
    """Writes them, all or nothing; a sentence where that failed: it is no reason to stop."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with staged(path) as temporary:
            temporary.write_text(json.dumps(asdict(settings), indent=1), "utf-8")
    except (OSError, ExportError) as error:
        return f"the viewer's settings cannot be saved: {error}"
    return None


def _settings_from(values: dict[str, Any]) -> Settings:
    told = values["view"]
    known = {f.name: told[f.name] for f in fields(View) if f.name in told}
    view = replace(View(), **known)
    for name, value in known.items():
        if type(value) is not type(getattr(View(), name)) and not isinstance(value, (int, float)):
            raise ValueError(f"{name} is {value!r}")
    if view.shown_as not in SHOWN_AS or view.colours not in COLOURS:
        raise ValueError(f"there is no view of {view.shown_as} in {view.colours}")
    low, high = _SIZES
    return Settings(
        recent=tuple(str(name) for name in values["recent"])[:_MOST_RECENT],
        width=min(max(int(values["width"]), low), high),
        height=min(max(int(values["height"]), low), high),
        folder=None if values.get("folder") is None else str(values["folder"]),
        view=replace(view, curtain=1.0),
    )
