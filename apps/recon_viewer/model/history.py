"""Undo and redo over frozen states. Dragging a slider is one step."""

from dataclasses import replace
from typing import Any, Final

from numpy.typing import NDArray

from recon.types import PointCloud
from recon_viewer.model.state import State

MOST_STEPS: Final = 100
MOST_HELD_BYTES: Final = 64_000_000
"""Of photos, depth and masks that only undo and redo still need; the oldest steps are dropped beyond it."""


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
        self._drop_oldest()

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

    def _drop_oldest(self) -> None:
        shown = _arrays(self.now)
        held: dict[int, int] = {}
        for at in range(len(self._before) - 1, -1, -1):
            held |= {key: size for key, size in _arrays(self._before[at]).items() if key not in shown}
            # The last step can always be undone.
            if sum(held.values()) > MOST_HELD_BYTES and at < len(self._before) - 1:
                del self._before[: at + 1]
                return

    def _go(self, source: list[State], target: list[State]) -> bool:
        self._coalescing = None
        if not source:
            return False
        target.append(self.now)
        # Do not restore an unfinished measurement.
        self.now = replace(source.pop(), view=self.now.view, tool=self.now.tool, pending=())
        return True


def _arrays(state: State) -> dict[int, int]:
    """Size in bytes of each array that a state keeps alive, by its identity."""
    arrays: list[NDArray[Any] | None] = []
    for layer in state.layers:
        arrays.append(layer.kept)
        if layer.base is not None:
            depth = layer.base.depth
            arrays += [layer.base.photo.rgb, depth.z_m, depth.valid, depth.log_sigma, layer.base.sky]
        if isinstance(layer.geometry, PointCloud):
            arrays += [layer.geometry.points, layer.geometry.rgb]
        elif layer.geometry is not None:
            arrays += [layer.geometry.vertices, layer.geometry.faces, layer.geometry.rgb]
    return {id(array): array.nbytes for array in arrays if array is not None}
