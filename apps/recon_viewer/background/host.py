"""The interface of the controller that background tasks and actions use."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from recon.scene import Scene
from recon_viewer.drawing.picture import Picture
from recon_viewer.model.measurements import Reading
from recon_viewer.model.state import Layer, Measured, State, Tool


class Host(Protocol):
    """The controller as seen by its helpers, which call it in its own thread."""

    @property
    def state(self) -> State:
        """The current state."""
        ...

    @property
    def picture(self) -> Picture:
        """What is shown, which may be older than the state."""
        ...

    @property
    def scene(self) -> Scene | None:
        """The scene of the active layer, as currently shown."""
        ...

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The current measurements."""
        ...

    @property
    def message(self) -> str:
        """What was said last."""
        ...

    def say(
        self, text: str, *, problem: bool = False, window: bool = False, doubted: State | None = None
    ) -> None:
        """Shows one line to the user."""
        ...

    def do(self, command: Callable[[State], State]) -> bool:
        """Runs a command; returns False if it was refused."""
        ...

    def show(self, state: State, *, few: bool = False, dragged: bool | None = None) -> None:
        """Sets a state without an undo step."""
        ...

    def view(self, **changes: Any) -> None:
        """Changes display settings, without an undo step."""
        ...

    def use(self, tool: Tool) -> None:
        """Selects the tool for clicks."""
        ...

    def step(self, way: Literal["undo", "redo"]) -> None:
        """Goes one step back or forward."""
        ...

    def finish(self) -> None:
        """Ends a polyline."""
        ...

    def cancel(self) -> None:
        """Cancels what is unfinished."""
        ...

    def reopen(self, path: Path) -> None:
        """Opens a file as it was opened before."""
        ...

    def remember(self, path: Path, depth: Path | None = None) -> None:
        """Adds an opened file, and the depth file that it was opened with, to the list of recent files."""
        ...

    def mark_saved(self, *work: Layer | Measured) -> None:
        """These layers and measurements are in a file: they are not lost on quitting."""
        ...
