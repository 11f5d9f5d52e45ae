"""Renders images of a scene: visibility, colour and anti-aliased edges. Needs no window and no graphics driver."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.render.drawable import Drawn
from recon.render.rasterize import (
    Entries,
    Floats,
    Projected,
    draw_points,
    draw_triangles,
    empty,
    index_of,
    inverse_of,
    spread,
)
from recon.render.shade import Texture, colours, texels_per_px
from recon.render.view_camera import ViewCamera
from recon.render.view_space import projected
from recon.threads import BLOCK, blocks, in_order

_SAMPLES = ((0.362, 0.097), (-0.265, 0.265), (-0.097, -0.362))
"""Offsets of the samples of an edge pixel, px; no two share a row or column, for vertical and horizontal edges."""
_STEP = 0.02
"""Relative deviation of the inverse depth from a plane at which two neighbours belong to different surfaces."""
_JUMP = 24.0
"""The same for interpolated vertex colours, out of 255. A texture is already filtered."""
_SEVERAL_UP_TO_PX = 1 << 23
_LIGHT, _DARKEST = 210.0, 20.0
"""Grey that the top of the background is blended towards, like a sky, and the minimum at the bottom."""


@dataclass(frozen=True, eq=False)
class Look:
    """Render settings."""

    width: int
    """px."""
    height: int
    """px."""
    background: tuple[int, int, int] | None = None
    """sRGB; None: a soft gradient of the scene's own colours."""
    point_size_px: float = 2.0
    """Side of a point, px."""


def pictures(drawn: Drawn, look: Look, places: Sequence[ViewCamera]) -> Iterator[NDArray[np.uint8]]:
    """Renders (H, W, 3) uint8 sRGB from each camera, several in parallel; the first one is the start camera."""
    if places:
        renderer = Renderer(drawn, look, places[0])
        # Large pictures take gigabytes: one at a time.
        threads = None if look.width * look.height <= _SEVERAL_UP_TO_PX else 1
        yield from in_order((partial(renderer.picture, place) for place in places), threads)


class Renderer:
    """Renders a scene repeatedly."""

    def __init__(self, drawn: Drawn, look: Look, start: ViewCamera) -> None:
        """Prepares the scene.

        Args:
            drawn: Points or triangles.
            look: Size, background and point size.
            start: Start camera; it determines the reduction of the texture, and the colours of the background.

        Raises:
            ValueError: ``drawn`` has lines.
        """
        if drawn.kind == "lines":
            raise ValueError("expected points or triangles, got lines")
        self.look = look
        self._points = drawn.points
        self._corners = None if drawn.indices is None else np.ascontiguousarray(drawn.indices.T, np.intp)
        textured = drawn.texture is not None and drawn.uv is not None
        self._values: Floats = np.asarray(drawn.uv if textured else drawn.rgb, np.float32)
        self._texture: Texture | None = None
        if drawn.texture is not None and textured:
            height, width = drawn.texture.shape[:2]
            seen = self._projected(start)
            entries = self._drawn(seen)
            index = index_of(entries[entries != 0])
            self._texture = Texture.of(drawn.texture, texels_per_px(seen, index, width=width, height=height))
        if look.background is None:
            self._background = _gradient(drawn.rgb, look)
        else:
            self._background = np.broadcast_to(np.array(look.background, np.float32), (look.height, 1, 3))

    def picture(self, camera: ViewCamera) -> NDArray[np.uint8]:
        """Renders (H, W, 3) uint8 sRGB from a camera."""
        seen = self._projected(camera)
        entries = self._drawn(seen)
        texture = self._level(seen, entries)
        shown = self._coloured(entries, seen, texture, np.arange(entries.size))
        shown = shown.reshape(self.look.height, self.look.width, 3)
        rough = _edges(entries, shown if texture is None and self._corners is not None else None)
        pixels = np.flatnonzero(rough)
        if len(pixels):
            flat = shown.reshape(-1, 3)
            flat[pixels] = self._smoothed(seen, texture, rough, pixels, flat[pixels])
        return np.rint(shown).astype(np.uint8)

    def depth_m(self, camera: ViewCamera) -> Floats:
        """(H, W) depth along the axis of a camera, m; infinite where nothing is."""
        with np.errstate(divide="ignore"):
            return np.reciprocal(inverse_of(self._drawn(self._projected(camera))))

    def _projected(self, camera: ViewCamera) -> Projected:
        size = {"width": self.look.width, "height": self.look.height}
        return projected(self._points, self._values, self._corners, camera, **size)

    def _drawn(self, seen: Projected, chosen: NDArray[np.intp] | None = None) -> Entries:
        entries = empty(width=self.look.width, height=self.look.height)
        if seen.corners is None:
            draw_points(entries, seen, self.look.point_size_px)
        else:
            draw_triangles(entries, seen, chosen)
        return entries

    def _level(self, seen: Projected, entries: Entries) -> NDArray[np.uint8] | None:
        if self._texture is None:
            return None
        height, width = self._texture.rgb.shape[:2]
        index = index_of(entries[entries != 0])
        return self._texture.level(texels_per_px(seen, index, width=width, height=height))

    def _smoothed(
        self,
        seen: Projected,
        texture: NDArray[np.uint8] | None,
        rough: NDArray[np.bool_],
        pixels: NDArray[np.intp],
        centres: Floats,
    ) -> Floats:
        """(N, 3) means of several samples per pixel; the sample at the centre is given."""
        chosen = None if seen.corners is None else _touching(seen, rough)
        total = centres.copy()
        for right_px, down_px in _SAMPLES:
            moved = seen.shifted(-right_px, -down_px)
            total += self._coloured(self._drawn(moved, chosen), moved, texture, pixels)
        total *= np.float32(1 / (1 + len(_SAMPLES)))
        return total

    def _coloured(
        self, entries: Entries, seen: Projected, texture: NDArray[np.uint8] | None, pixels: NDArray[np.intp]
    ) -> Floats:
        """(N, 3) colours of some pixels; the background where no surface is."""
        width, flat = self.look.width, entries.reshape(-1)
        shown = np.empty((len(pixels), 3), np.float32)
        for rows in blocks(len(pixels), BLOCK):
            some = flat[pixels[rows]]
            row, col = np.divmod(pixels[rows].astype(np.int32), np.int32(width))
            shown[rows] = self._background[row, 0]
            there = np.flatnonzero(some)
            if len(there):
                x, y = (each[there].astype(np.float32) + np.float32(0.5) for each in (col, row))
                shown[rows.start + there] = colours(some[there], x, y, seen, texture)
        return shown


def _edges(entries: Entries, shown: Floats | None) -> NDArray[np.bool_]:
    """(H, W): pixels at the boundary of a surface, or where its colour changes."""
    inverse = inverse_of(entries)
    # A plane's inverse depth is linear on the screen: its second difference is 0.
    padded = np.pad(inverse, 1, mode="edge")
    middle = np.float32(2) * inverse
    limit = np.float32(_STEP) * inverse
    rough: NDArray[np.bool_] = np.abs(padded[1:-1, :-2] - middle + padded[1:-1, 2:]) > limit
    rough |= np.abs(padded[:-2, 1:-1] - middle + padded[2:, 1:-1]) > limit
    if shown is not None:
        for axis in (0, 1):
            jump = np.abs(np.diff(shown, axis=axis)).max(axis=2) > _JUMP
            rough[tuple(slice(1, None) if k == axis else slice(None) for k in range(2))] |= jump
            rough[tuple(slice(None, -1) if k == axis else slice(None) for k in range(2))] |= jump
    return rough


def _touching(seen: Projected, rough: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Triangles whose bounding boxes touch a rough pixel."""
    assert seen.corners is not None
    height, width = rough.shape
    counts = cv2.integral(rough.astype(np.uint8))
    pixels = []
    for rows in blocks(seen.corners.shape[1], BLOCK):
        corners = seen.corners[:, rows]
        left, right = _pixels(*spread([seen.x_px[corner] for corner in corners]), width)
        top, bottom = _pixels(*spread([seen.y_px[corner] for corner in corners]), height)
        held = counts[bottom, right] - counts[top, right] - counts[bottom, left] + counts[top, left]
        pixels.append(rows.start + np.flatnonzero(held))
    return np.concatenate(pixels) if pixels else np.zeros(0, np.intp)


def _pixels(low: Floats, high: Floats, size: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The first pixel that is touched, and the one after the last."""
    first, end = np.minimum(np.maximum(low, 0), size), np.minimum(np.maximum(high + 1, 0), size)
    return first.astype(np.int32), end.astype(np.int32)


def _gradient(rgb: NDArray[np.uint8], look: Look) -> Floats:
    """(H, 1, 3): from light above to dark below, tinted by the mean colour of the scene."""
    mean = rgb[:: max(1, len(rgb) // 50_000)].mean(axis=0) if len(rgb) else np.full(3, 128.0)
    tint = 0.6 * mean.mean() + 0.4 * mean
    ends = 0.5 * tint + 0.5 * _LIGHT, np.maximum(0.8 * tint, _DARKEST)
    share = np.linspace(0, 1, look.height)[:, None, None]
    return ((1 - share) * ends[0] + share * ends[1]).astype(np.float32)
