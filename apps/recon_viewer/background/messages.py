"""Messages between the window and its worker process: one JSON object per line."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from recon.depth_map.colormap import COLORMAPS
from recon.options import Options
from recon.saved_options import options_as_values, options_from_values

EventKind = Literal["stage", "progress", "stage-end", "entry", "picture", "done", "error"]


@dataclass(frozen=True)
class Event:
    """An event from the worker."""

    kind: EventKind
    text: str = ""
    """Name of the stage, message of the entry or error, or path of the picture or result."""
    topic: str = ""
    """Topic of an entry; for a picture ``photo`` or ``depth``; for a result ``scene`` or ``geometry``."""
    warning: bool = False
    share: float | None = None
    """Finished fraction of the stage; None if unknown."""

    def as_line(self) -> str:
        """For the pipe."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Event":
        """The inverse of ``as_line``.

        Raises:
            ValueError: The line is not an event.
        """
        values = json.loads(line)
        if not isinstance(values, dict) or not {"kind"} <= set(values) <= {f.name for f in fields(cls)}:
            raise ValueError(f"not an event: {line!r}")
        return cls(**values)


@dataclass(frozen=True)
class Task:
    """A task for the worker: reconstruct a photo, or read a file."""

    path: Path
    options: Options
    folder: Path
    """Folder for the result."""
    colormap: str = COLORMAPS[0]
    """Of the depth map that is shown before the scene."""

    def as_line(self) -> str:
        """For the pipe."""
        options = options_as_values(self.options)
        values = {"path": str(self.path), "folder": str(self.folder), "colormap": self.colormap}
        return json.dumps({**values, "options": options}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Task":
        """The inverse of ``as_line``."""
        values = json.loads(line)
        path, folder = Path(values["path"]), Path(values["folder"])
        return cls(path, options_from_values(values["options"]), folder, values["colormap"])
