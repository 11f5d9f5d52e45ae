"""Which views are compared: each with those that see most of what it shows, so that the work grows with the number of
views and not with its square."""

from collections.abc import Sequence

import numpy as np

from recon.frames import apply
from recon.join.fusion.layer import Layer

MOST = 16
_SAMPLES = 256
_LEAST = 2
"""Of these samples that must be seen."""


def neighbours(layers: Sequence[Layer]) -> list[list[int]]:
    """Indices of the other views that see most of each view's surface, at most ``MOST``, in rising order."""
    chosen = []
    for a, layer in enumerate(layers):
        points = layer.points_world[:: max(1, len(layer.points_world) // _SAMPLES)]
        seen = np.array([(other.at(apply(other.cam_T_world, points)) >= 0).sum() for other in layers])
        seen[a] = 0
        best = np.argsort(-seen, kind="stable")[:MOST]
        chosen.append(sorted(int(b) for b in best if seen[b] >= _LEAST))
    return chosen
