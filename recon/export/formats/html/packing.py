"""Encodes arrays as text in a page: differences of neighbours, byte planes, zlib, base64.

Neighbouring rows are neighbouring pixels, so the differences are small and the upper bytes are nearly all zero: as
byte planes, they compress to almost nothing. ``web/src/unpack.js`` decodes them.
"""

import base64
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.threads import blocks

ROWS = 1 << 18
"""Rows per block: the page unpacks blocks one after another, and strings stay short."""


@dataclass(frozen=True)
class Packed:
    """An (N, K) array of integers, encoded on demand."""

    count: int
    columns: int
    rows: Callable[[slice], NDArray[np.int32] | NDArray[np.uint8]]
    """Returns the rows of a slice, (n, K); int32 with magnitude below 2**30, or uint8."""

    def texts(self) -> Iterator[tuple[int, str]]:
        """Number of rows and base64 text of each block."""
        for rows in blocks(self.count, ROWS):
            block = self.rows(rows)
            yield len(block), base64.b64encode(zlib.compress(pack(block), 6)).decode("ascii")


def pack(rows: NDArray[np.int32] | NDArray[np.uint8]) -> bytes:
    """Encodes one block, before compression.

    Takes differences to the previous row (0 for the first row), column by column. For int32, these are zigzag coded
    (0, -1, 1, -2, ... become 0, 1, 2, 3, ...) and written as four planes of n bytes, lowest byte first; for uint8,
    they are one plane, modulo 256.

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
