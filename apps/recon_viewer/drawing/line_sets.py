"""Line segments for drawing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Lines:
    """Line segments."""

    points: NDArray[np.float32]
    """(P, 3) m, world frame."""
    ends: NDArray[np.int32]
    """(L, 2)."""
    rgb: NDArray[np.uint8]
    """(L, 3) sRGB."""


def joined(parts: list[Lines]) -> Lines:
    """Merges line sets into one."""
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    empty = Lines(np.zeros((0, 3), np.float32), np.zeros((0, 2), np.int32), np.zeros((0, 3), np.uint8))
    parts = parts or [empty]
    return Lines(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.ends + start for part, start in zip(parts, starts, strict=False)]).astype(
            np.int32
        ),
        np.concatenate([part.rgb for part in parts]),
    )
