"""Measures in the plane of a rectangle of places size, from the image alone: without depth or intrinsics.

A pinhole camera maps a plane to the image by a homography, which four places points determine (Hartley and Zisserman,
Multiple View Geometry, 2004, 2.3 and 4.1; for measuring: Criminisi, Reid and Zisserman, IJCV 40, 2000): given the
corners of a door, a sheet of paper or a tile, every position in their plane has coordinates in metres. The only
errors are those of picking the corners and points, and of the size of the rectangle.

    from recon.measure.rectangle_plane import RectanglePlane
    door = RectanglePlane(rectangle, width=photo.width, height=photo.height)
    print(door.distance((812.5, 440.0), (1020.0, 441.5)).text)    # 1.420 m ± 0.012 (95 %)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recon.constraints import PICKING_PX, Pixel, Rectangle
from recon.measure.fit_plane import crosses
from recon.measure.measurement import Interval, Measurement, MeasurementError
from recon.measure.picked_point import check_inside, show
from recon.measure.propagate import LOG_STEP, PIXEL_STEP, Output, propagated
from recon.measure.quantities import angle_at_middle, polygon_sizes, polyline_lengths, segment_lengths

Array = NDArray[np.float64]

_LENGTH = Output("length")
_LEAST_FACING = 0.02
"""Smallest distance of a position from the plane's horizon, relative to the corner farthest from the horizon."""
UNCHECKED = "whether the positions lie in the rectangle's plane, which is assumed"


@dataclass(frozen=True)
class RectanglePlane:
    """The plane of a rectangle in a photo."""

    rectangle: Rectangle
    width: int
    """Width of the photo, px."""
    height: int
    """Height of the photo, px."""
    pixel_sigma_px: float = PICKING_PX
    """Standard deviation of each position along x and y, px."""
    checked: Callable[[Sequence[Pixel]], Sequence[str]] | None = field(default=None, compare=False)
    """Returns warnings for positions that do not lie in the plane; None if this cannot be checked."""

    def __post_init__(self) -> None:
        check_inside(self.rectangle.corners_px, width=self.width, height=self.height)

    def distance(self, a_px: Pixel, b_px: Pixel) -> Measurement:
        """Straight distance between two positions, m.

        Raises:
            MeasurementError: A position is outside the photo, or beyond the horizon of the plane.
        """
        return self._measured("distance", [a_px, b_px], segment_lengths, [_LENGTH], [])

    def polyline(self, pixels_px: Sequence[Pixel]) -> Measurement:
        """Length of the segments between consecutive positions, m; ``parts`` has each. Raises as ``distance``."""
        if len(pixels_px) < 2:
            raise MeasurementError(f"a polyline needs at least two positions, got {len(pixels_px)}")
        names = [f"segment {k}" for k in range(1, len(pixels_px))]
        return self._measured("polyline", pixels_px, polyline_lengths, [_LENGTH] * len(pixels_px), names)

    def angle(self, a_px: Pixel, corner_px: Pixel, b_px: Pixel) -> Measurement:
        """Angle at the second of three positions, degrees. Raises as ``distance``."""
        return self._measured("angle", [a_px, corner_px, b_px], angle_at_middle, [Output("angle")], [])

    def area(self, outline_px: Sequence[Pixel]) -> Measurement:
        """Area of a polygon, m²; ``parts`` has its ``perimeter`` and each side. Raises as ``distance``."""
        if len(outline_px) < 3:
            raise MeasurementError(f"an outline needs at least three corners, got {len(outline_px)}")
        if crosses(np.array(outline_px, np.float64)):
            raise MeasurementError("the sides of the outline cross: list its corners in order")
        names = ["perimeter", *(f"side {k}" for k in range(1, len(outline_px) + 1))]
        outputs = [Output("area"), *[_LENGTH] * len(names)]
        return self._measured("area", outline_px, polygon_sizes, outputs, names)

    def plane_coordinates(self, pixels_px: Sequence[Pixel]) -> Array:
        """(N, 2) coordinates in the plane, m: x along the first side, y along the second, origin at the first corner.

        Raises:
            MeasurementError: As ``distance``.
        """
        self._check(pixels_px)
        corners, points = np.array(self.rectangle.corners_px), np.array(pixels_px, np.float64)
        homographies = self._homographies(corners[None], np.zeros((1, 2)))
        return np.asarray(self._placed(homographies, points[None])[0, :, :2])

    def _measured(
        self,
        quantity: str,
        pixels_px: Sequence[Pixel],
        values_of: Callable[[Array], Array],
        outputs: Sequence[Output],
        parts: Sequence[str],
    ) -> Measurement:
        self._check(pixels_px)
        # A corner that is also a measured position has one error, not two independent ones.
        everything = np.array([*self.rectangle.corners_px, *pixels_px], np.float64)
        positions, at = np.unique(everything, axis=0, return_inverse=True)
        at = at.reshape(-1)

        def values_under(errors: Array) -> Array:
            moved = (positions + errors[:, :-2].reshape(len(errors), -1, 2))[:, at]
            return values_of(self._placed(self._homographies(moved[:, :4], errors[:, -2:]), moved[:, 4:]))

        sigma = np.full(positions.size + 2, self.pixel_sigma_px)
        sigma[-2:] = self.rectangle.sigma
        step = np.full(len(sigma), PIXEL_STEP)
        step[-2:] = LOG_STEP
        main, *others = propagated(values_under, np.diag(sigma**2), step, outputs).intervals
        picking = f"picking ({self.pixel_sigma_px:g} px)"
        return Measurement(
            **{f.name: getattr(main, f.name) for f in fields(Interval)},
            quantity=quantity,
            pixels_px=tuple((float(x), float(y)) for x, y in pixels_px),
            parts=dict(zip(parts, others, strict=True)),
            includes=(picking, f"the rectangle's sides ({100 * self.rectangle.sigma:g} %)"),
            not_included=() if self.checked is not None else (UNCHECKED,),
            details={"in_plane_of": self.rectangle.text},
            warnings=() if self.checked is None else tuple(self.checked(pixels_px)),
        )

    def _check(self, pixels_px: Sequence[Pixel]) -> None:
        check_inside(pixels_px, width=self.width, height=self.height)
        for one, other in pairwise(pixels_px):
            if tuple(one) == tuple(other):
                raise MeasurementError(f"{show(one)} is given twice in a row: use two different positions")
        corners = np.array(self.rectangle.corners_px, np.float64)
        homography = self._homographies(corners[None], np.zeros((1, 2)))
        facing = self._facing(homography, np.array([pixels_px], np.float64))[0]
        at_corners = self._facing(homography, corners[None])[0]
        # Near the horizon a pixel spans many metres; beyond it the plane is not visible.
        for pixel, one in zip(pixels_px, facing / at_corners.max(), strict=True):
            if one < _LEAST_FACING:
                raise MeasurementError(
                    f"{show(pixel)} lies at or beyond the horizon of the rectangle's plane: it cannot lie in it"
                )

    def _homographies(self, corners: Array, log_sides: Array) -> Array:
        """(B, 3, 3) from scaled positions to plane coordinates, for (B, 4, 2) corners and (B, 2) log side errors."""
        w = self.rectangle.width_m * np.exp(log_sides[:, 0])
        h = self.rectangle.height_m * np.exp(log_sides[:, 1])
        o = np.zeros_like(w)
        places = np.stack([np.stack(corner, axis=1) for corner in ((o, o), (w, o), (w, h), (o, h))], axis=1)
        # Two equations for each corner, x (g . p) = a . p and y (g . p) = b . p (direct linear transformation), with
        # g . p = 1 at the origin, which is the mean of the corners and lies inside the rectangle.
        p = self._scaled(corners)
        zero = np.zeros_like(p)
        rows_x = np.concatenate([p, zero, -places[:, :, :1] * p[:, :, :2]], axis=2)
        rows_y = np.concatenate([zero, p, -places[:, :, 1:] * p[:, :, :2]], axis=2)
        target = np.concatenate([places[:, :, 0], places[:, :, 1]], axis=1)
        entries = np.linalg.solve(np.concatenate([rows_x, rows_y], axis=1), target[..., None])[..., 0]
        return np.concatenate([entries, np.ones((len(entries), 1))], axis=1).reshape(-1, 3, 3)

    def _scaled(self, pixels: Array) -> Array:
        """(B, N, 3) homogeneous positions relative to the mean of the corners, in units of the image size."""
        middle = np.mean(self.rectangle.corners_px, axis=0)
        ones = np.ones((*pixels.shape[:2], 1))
        return np.concatenate([(pixels - middle) / max(self.width, self.height), ones], axis=2)

    def _facing(self, homographies: Array, pixels: Array) -> Array:
        """(B, N): 0 on the plane's horizon, positive in front of it."""
        return np.asarray((self._scaled(pixels) @ homographies[:, 2, :, None])[..., 0])

    def _placed(self, homographies: Array, pixels: Array) -> Array:
        """(B, N, 3) plane coordinates of (B, N, 2) positions, m, the third coordinate 0."""
        places = self._scaled(pixels) @ homographies.transpose(0, 2, 1)
        flat = places[..., :2] / places[..., 2:]
        return np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=2)
