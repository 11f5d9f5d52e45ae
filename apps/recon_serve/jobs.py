"""A job: one photo on its way to a scene. Only the event loop's thread changes it."""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from recon.errors import Failure
from recon.options import Options

State = Literal["queued", "running", "done", "failed", "removed"]
Kind = Literal["state", "stage", "progress", "decision", "warning"]
FINAL: tuple[State, ...] = ("done", "failed", "removed")


@dataclass(frozen=True)
class Event:
    """One step of a job's progress."""

    kind: Kind
    message: str
    """For people; of a ``state``, its name."""
    share: float | None = None
    """How much of the stage is done, 0 to 1, if known."""


@dataclass
class Job:
    """One photo and its scene."""

    key: str
    """Unguessable: who knows it may read and remove the scene."""
    folder: Path
    """Holds the photo until the scene is made, then the scene and its files."""
    photo: Path
    options: Options
    size_px: tuple[int, int]
    """Width and height of the upright photo."""
    created_s: float = field(default_factory=time.time)
    """Seconds since 1970."""
    state: State = "queued"
    stage: str | None = None
    share: float | None = None
    warnings: list[str] = field(default_factory=list)
    failure: Failure | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Camera and metres of the scene, as plain values; empty until it is done."""
    known: list[dict[str, Any]] = field(default_factory=list)
    """Known measurements that the scene was rescaled to."""
    doubts: list[str] = field(default_factory=list)
    """Warnings about them."""
    version: int = 0
    """Number of the folder with the current files: 0 as the scene was made, then one for each rescaling."""
    versions: int = 0
    """Greatest number so far."""
    events: list[Event] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Stops the worker between two operations of the network."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def folder_of(self, version: int) -> Path:
        """Folder of the files of one scale: no photo has a name with an equals sign."""
        return self.folder / f"version={version}"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return self.state in FINAL

    def add(self, event: Event) -> None:
        """Takes the event into the state, and wakes those who wait."""
        if self.ended:
            return
        if event.kind == "warning":
            self.warnings.append(event.message)
        elif event.kind in ("stage", "progress"):
            self.stage, self.share = event.message, event.share
        self.events.append(event)
        self._wake()

    def become(self, state: State) -> None:
        """Changes the state; the last one stays."""
        if self.state == "removed":
            return
        self.state = state
        if self.ended:
            self.stage = self.share = None
        self.events.append(Event("state", state))
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Waits for the next event."""
        await self._changed.wait()

    async def end(self) -> None:
        """Waits for the last one."""
        while not self.ended:
            await self.change()
