"""Arrays as text inside a page: differences of neighbours, byte planes, zlib, base64.

Neighbouring rows of a scene are neighbouring pixels, so the differences are small and the upper bytes are
nearly all zero: sorted by significance, they cost next to nothing. ``web/src/unpack.js`` reads it again.
"""

import base64
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.threads import blocks

ROWS = 1 << 18
"""Rows of one block: a page unpacks them one after another, and no string in it becomes too long."""


@dataclass(frozen=True)
class Packed:
    """An (N, K) array of integers that a page can hold."""

    count: int
    columns: int
    rows: Callable[[slice], NDArray[np.int32] | NDArray[np.uint8]]
    """The rows of a slice, (n, K); int32 of less than 2**30 in size, or uint8."""

    def texts(self) -> Iterator[tuple[int, str]]:
        """Count of rows and base64 text of each block."""
        for rows in blocks(self.count, ROWS):
            block = self.rows(rows)
            yield len(block), base64.b64encode(zlib.compress(pack(block), 6)).decode("ascii")


def pack(rows: NDArray[np.int32] | NDArray[np.uint8]) -> bytes:
    """One block, before it is compressed.

    Column by column the difference to the row before (to 0 for the first row). Those of int32 are zigzag coded
    (0, -1, 1, -2, ... become 0, 1, 2, 3, ...) and written as four planes of n bytes, the lowest byte's first;
    those of uint8, modulo 256, are one plane.

    Args:
        rows: (n, K) int32 or uint8.
    """
    planes: list[bytes] = []
    for column in rows.T:
        difference = np.diff(column, prepend=column.dtype.type(0))
        if difference.dtype == np.uint8:
            planes.append(difference.tobytes())
            continue
        zigzag = ((difference << 1) ^ (difference >> 31)).astype("<u4")
        planes.append(np.ascontiguousarray(zigzag.view(np.uint8).reshape(-1, 4).T).tobytes())
    return b"".join(planes)
