"""Focal length from a rectangle with known sides, seen at an angle.

Four corners give eight coordinates; a pose has six unknowns, and the focal length is the seventh (the principal point
is assumed at the image centre): plane-based calibration from one view (Zhang, PAMI 22, 2000, 3.1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.constraints import PICKING_PX, Rectangle

_FOCAL_OVER_DIAGONAL = np.geomspace(0.25, 4.0, 25)
_MAX_SIGMA = 0.15
"""Largest useful standard deviation of the log focal length."""


@dataclass(frozen=True)
class RectangleFocal:
    """The focal length that a rectangle implies."""

    focal_px: float
    sigma: float
    """Standard deviation of its logarithm, from the errors of the picked corners and the measured sides."""


def focal_from_rectangle(rectangle: Rectangle, *, width: int, height: int) -> RectangleFocal | None:
    """Fits focal length and pose to the corners; None if the rectangle faces the camera and determines nothing.

    Args:
        rectangle: Corners in px of the photo, sides in m.
        width: Width of the photo, px.
        height: Height of the photo, px.
    """
    import cv2
    from scipy.optimize import least_squares

    w, h = rectangle.width_m, rectangle.height_m
    corners = np.array([[0.0, 0, 0], [w, 0, 0], [w, h, 0], [0, h, 0]])
    centred = np.array(rectangle.corners_px) - np.array([width / 2, height / 2])
    if _turns_left(centred):
        # solvePnP expects the corners in the order seen from the front.
        corners = corners * np.array([1, -1, 1])
    diagonal = float(np.hypot(width, height))
    sides_sigma = np.sqrt(2) * rectangle.sigma

    def residual(x: NDArray[np.float64]) -> NDArray[np.float64]:
        # The ratio of the sides is uncertain: an unknown with a prior. Their absolute size does not matter.
        shaped = corners * np.array([np.exp(x[7] / 2), np.exp(-x[7] / 2), 1.0])
        points, _ = cv2.projectPoints(shaped, x[1:4], x[4:7], _matrix(float(np.exp(x[0]))), None)
        return np.append((points[:, 0] - centred).ravel() / PICKING_PX, x[7] / sides_sigma)

    starts = []
    for share in _FOCAL_OVER_DIAGONAL:
        solved, turn, shift = cv2.solvePnP(
            corners, centred, _matrix(share * diagonal), None, flags=cv2.SOLVEPNP_IPPE
        )
        if solved:
            starts.append(np.concatenate([[np.log(share * diagonal)], turn.ravel(), shift.ravel(), [0.0]]))
    if not starts:
        return None
    start = min(starts, key=lambda x: float((residual(x) ** 2).sum()))
    low = np.array([np.log(0.1 * diagonal), *[-np.inf] * 7])
    high = np.array([np.log(10 * diagonal), *[np.inf] * 7])
    fit = least_squares(residual, start, bounds=(low, high), x_scale="jac", jac="3-point")
    information = fit.jac.T @ fit.jac
    if np.linalg.cond(information) > 1e16:
        return None
    sigma = float(np.sqrt(np.linalg.inv(information)[0, 0]))
    return RectangleFocal(float(np.exp(fit.x[0])), sigma) if sigma < _MAX_SIGMA else None


def _matrix(focal_px: float) -> NDArray[np.float64]:
    return np.array([[focal_px, 0.0, 0.0], [0.0, focal_px, 0.0], [0.0, 0.0, 1.0]])


def _turns_left(corners: NDArray[np.float64]) -> bool:
    (ax, ay), (bx, by) = corners[1] - corners[0], corners[2] - corners[1]
    return bool(ax * by - ay * bx < 0)
