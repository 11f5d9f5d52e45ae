"""What the window and its worker process say to each other: one JSON object a line."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from recon.options import Options
from recon.saved_options import options_as_values, options_from_values

EventKind = Literal["stage", "progress", "stage-end", "entry", "done", "error"]


@dataclass(frozen=True)
class Event:
    """News from the worker."""

    kind: EventKind
    text: str = ""
    """The stage's name, the entry's or error's sentence, or the file of the result."""
    topic: str = ""
    """Of an entry: its topic; of a result: ``scene`` or ``geometry``."""
    warning: bool = False
    share: float | None = None
    """How much of the stage is done; None where that cannot be known."""

    def as_line(self) -> str:
        """For the pipe."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Event":
        """The inverse of ``as_line``.

        Raises:
            ValueError: It is no such line.
        """
        values = json.loads(line)
        if not isinstance(values, dict) or not {"kind"} <= set(values) <= {f.name for f in fields(cls)}:
            raise ValueError(f"not an event: {line!r}")
        return cls(**values)


@dataclass(frozen=True)
class Task:
    """What the worker is to do: make a scene of a photo, or read a file."""

    path: Path
    options: Options
    folder: Path
    """Where the result is put."""

    def as_line(self) -> str:
        """For the pipe."""
        options = options_as_values(self.options)
        return json.dumps({"path": str(self.path), "folder": str(self.folder), "options": options}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Task":
        """The inverse of ``as_line``."""
        values = json.loads(line)
        return cls(Path(values["path"]), options_from_values(values["options"]), Path(values["folder"]))
