"""What would be lost on quitting."""

from collections.abc import Collection

from recon_viewer.model.measurements import counted
from recon_viewer.model.state import Layer, Measured, State


def unsaved(state: State, saved: Collection[Layer | Measured]) -> str | None:
    """The changed layers and the measurements that are in no file, for people; None: nothing.

    Args:
        state: The current state.
        saved: What is in a file as it is.
    """
    layers = [one for one in state.layers if one.is_changed and one not in saved]
    measured = [one for one in state.measured if one not in saved]
    lost = [
        "" if not measured else counted(measured),
        "" if not layers else "the changes of " + ", ".join(layer.name for layer in layers),
    ]
    return " and ".join(filter(None, lost)) or None
