"""Which layers are drawn in one view: scenes of different photos would stand inside of each other."""

import numpy as np
from numpy.typing import NDArray

from recon.types import Photo
from recon_viewer.model.state import Layer, State

_SAMPLES = 16
"""Per side of a photo; they are compared."""
_MOST_DIFFERENCE = 20.0
"""Mean difference of colours, of 255: scaled and compressed copies of a photo differ by less, others by more."""
_MOST_RATIO = 0.01
"""Relative difference of the sides' ratio."""


def shown_together(state: State) -> list[Layer]:
    """The visible layers; of scenes of several photos, unless side by side, those of the active layer's photo."""
    visible = [layer for layer in state.layers if layer.visible]
    first = next((layer for layer in visible if layer.key == state.active), next(iter(visible), None))
    if state.view.beside or first is None or first.base is None:
        return visible
    return [layer for layer in visible if of_one_photo(layer, first)]


def is_elsewhere(before: State, after: State) -> bool:
    """Whether another photo, or file without one, decides what is shown: limits of a section mean nothing there."""
    one, other = _decisive(before), _decisive(after)
    if one is None or other is None:
        return one is not other
    has_photos = one.base is not None and other.base is not None
    return one.key != other.key and not (has_photos and of_one_photo(one, other))


def of_one_photo(a: Layer, b: Layer) -> bool:
    """Whether two layers show the same place; what has no photo is taken to belong to any."""
    if a.base is None or b.base is None:
        return True
    if a.source is not None and a.source == b.source:
        return True
    one, other = a.base.photo, b.base.photo
    return (
        _of_one_ratio(one, other)
        and float(np.abs(_samples(one) - _samples(other)).mean()) <= _MOST_DIFFERENCE
    )


def share_pixels(a: Layer, b: Layer) -> bool:
    """Whether two scenes are of one photo, and neither was cut or undistorted otherwise: pixels show the same."""
    if a.base is None or b.base is None:
        return False
    return _of_one_ratio(a.base.photo, b.base.photo) and of_one_photo(a, b)


def _of_one_ratio(one: Photo, other: Photo) -> bool:
    return abs(one.width * other.height / (one.height * other.width) - 1) <= _MOST_RATIO


def _decisive(state: State) -> Layer | None:
    """The active layer, unless it is hidden and another one is not."""
    active = state.layer
    if active is not None and active.visible:
        return active
    return next((layer for layer in state.layers if layer.visible), active)


def _samples(photo: Photo) -> NDArray[np.float32]:
    steps = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    rows, columns = (steps * photo.height).astype(int), (steps * photo.width).astype(int)
    return photo.rgb[np.ix_(rows, columns)].astype(np.float32)
