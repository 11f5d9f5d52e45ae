"""What the work beside the window needs of the controller that started it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from recon.scene import Scene
from recon_viewer.model.measurements import Reading
from recon_viewer.model.state import State


class Host(Protocol):
    """The controller, as its helpers see it; they call it in its own thread."""

    @property
    def state(self) -> State:
        """What is now."""
        ...

    @property
    def scene(self) -> Scene | None:
        """The active layer's, as it is shown now."""
        ...

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What is measured."""
        ...

    def say(self, text: str, *, problem: bool = False, window: bool = False) -> None:
        """A line for the user."""
        ...

    def do(self, command: Callable[[State], State]) -> bool:
        """Runs a command; False where it was refused."""
        ...

    def remember(self, path: Path) -> None:
        """A file that was opened goes into the list of recent ones."""
        ...
