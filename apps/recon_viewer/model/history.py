"""Undo and redo over frozen states. Dragging a slider is one step, however many values it passes."""

from dataclasses import replace
from typing import Final

from recon_viewer.model.state import State

MOST_STEPS: Final = 100


class History:
    """The states before and after the present one. How things are shown (``State.view``) is left out of it."""

    def __init__(self, state: State | None = None) -> None:
        self.now = state or State()
        self._before: list[State] = []
        self._after: list[State] = []
        self._coalescing: str | None = None

    def do(self, state: State, *, coalesce: str | None = None) -> None:
        """A new state that can be undone.

        Args:
            state: What is now.
            coalesce: Steps in a row with the same word are one step, until ``settle`` or anything else is done.
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
        """A new state that is not worth a step: another view, another tool. Whatever was dragged is let go."""
        self._coalescing = None
        self.now = state

    def settle(self) -> None:
        """The slider is let go: its next move is another step."""
        self._coalescing = None

    def undo(self) -> bool:
        """Goes back; False where there is nothing to undo."""
        return self._go(self._before, self._after)

    def redo(self) -> bool:
        """Goes forward again; False where nothing was undone."""
        return self._go(self._after, self._before)

    def drop_redo(self) -> None:
        """What was undone is gone for good: it could not be shown."""
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
        # An unfinished measurement does not come back: its clicks were made long ago.
        self.now = replace(source.pop(), view=self.now.view, tool=self.now.tool, pending=())
        return True
