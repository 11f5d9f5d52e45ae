"""Decides about sky by region: small regions that the network is unsure of follow what is around them."""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SPECK = 0.0005
"""Share of the picture below which a region has no say."""
_ISLAND, _ISLAND_DOUBT = 0.03, 0.15
"""A region that is no sky, up to this share of the picture, becomes sky if its mean probability of sky is higher: a
cloud does, a balloon does not."""
_GAP, _GAP_DOUBT = 0.01, 0.25
"""The same for sky within other things: a glint on water becomes water, the sky in an arch stays."""


def settled(sky: Floats) -> Floats:
    """The probability of sky (h, w), 1 - p in small doubtful regions on the other side of 0.5."""
    found = _settled(sky, sky > 0.5, _GAP, _GAP_DOUBT, 1 - sky)
    return _settled(found, found <= 0.5, _ISLAND, _ISLAND_DOUBT, found)


def _settled(sky: Floats, region: NDArray[np.bool_], share: float, doubt: float, against: Floats) -> Floats:
    """Turns over the connected parts of a region that are specks, or small and doubtful, but not the largest part."""
    count, labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    if count <= 2:  # the rest of the picture, and one part
        return sky
    area = np.bincount(labels.ravel(), minlength=count)
    mean = np.bincount(labels.ravel(), against.ravel(), minlength=count) / area
    turned = (area < _SPECK * sky.size) | ((area < share * sky.size) & (mean > doubt))
    turned[0] = False
    turned[1 + int(area[1:].argmax())] = False
    return np.where(turned[labels], 1 - sky, sky).astype(np.float32)
