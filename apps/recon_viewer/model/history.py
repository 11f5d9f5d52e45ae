"""Undo and redo over frozen states. Dragging a slider is one step."""

from dataclasses import replace
from typing import Final

from recon_viewer.model.state import State

MOST_STEPS: Final = 100


class History:
    """The states before and after the current one, ignoring display settings (``State.view``)."""

    def __init__(self, state: State | None = None) -> None:
        self.now = state or State()
        self._before: list[State] = []
        self._after: list[State] = []
        self._coalescing: str | None = None

    def do(self, state: State, *, coalesce: str | None = None) -> None:
        """Sets a new state as an undo step.

        Args:
            state: The new state.
            coalesce: Consecutive steps with the same name are merged until ``settle`` or another step.
        """
        if state is self.now:
            return
        if coalesce is None or coalesce != self._coalescing:
            self._before.append(self.now)
            del self._before[:-MOST_STEPS]
        self._coalescing = coalesce
        self._after.clear()
        self.now = state

    def show(self, state: State) -> None:
        """Sets a new state without an undo step (display settings, tool), and ends merging."""
        self._coalescing = None
        self.now = state

    def settle(self) -> None:
        """Ends merging of steps, when a slider is released."""
        self._coalescing = None

    def undo(self) -> bool:
        """Goes one step back; returns False if there is none."""
        return self._go(self._before, self._after)

    def redo(self) -> bool:
        """Goes one step forward; returns False if there is none."""
        return self._go(self._after, self._before)

    def drop_redo(self) -> None:
        """Discards undone states, since they could not be displayed."""
        self._after.clear()

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return bool(self._after)

    def _go(self, source: list[State], target: list[State]) -> bool:
        self._coalescing = None
        if not source:
            return False
        target.append(self.now)
        # Do not restore an unfinished measurement.
        self.now = replace(source.pop(), view=self.now.view, tool=self.now.tool, pending=())
        return True
