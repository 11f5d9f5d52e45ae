"""A problem that the user must see, in a dialog."""

from dataclasses import dataclass

from recon_viewer.model.state import State


@dataclass(frozen=True)
class Problem:
    """What is shown in a dialog."""

    text: str
    doubted: State | None = None
    """The state that the user may want to undo; None: nothing to undo."""

    def can_be_undone(self, now: State) -> bool:
        """Whether undoing takes back what the problem is about: nothing was changed since."""
        doubted = self.doubted
        return doubted is not None and doubted.layers is now.layers and doubted.measured is now.measured
