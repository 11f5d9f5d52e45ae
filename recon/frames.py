"""Coordinate frames, stated once.

``cam`` is OpenCV's camera frame: x right, y down, z forward, metres, origin at the camera's centre.
``gl`` is x right, y up, z backward, metres, same origin. Both are right-handed, so a change between them
keeps the winding of triangles. Transforms are ``dst_T_src``: 4x4 float64, for column vectors, so that
``points_gl = gl_T_cam @ points_cam`` and adjacent names match.

Pixels: the centre of the top-left pixel is (0.5, 0.5), the centre of a picture is (width / 2, height / 2).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Axes = Literal["y-up", "z-up", "opencv"]

Transform = NDArray[np.float64]

gl_T_cam: Transform = np.diag([1.0, -1.0, -1.0, 1.0])

# x right, z up, y forward: what Blender expects of a PLY or STL file, which it takes as it is.
zup_T_gl: Transform = np.array(
    [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)

FILE_AXES: dict[Axes, str] = {
    "y-up": "x right, y up, z backward",
    "z-up": "x right, y forward, z up",
    "opencv": "x right, y down, z forward",
}

for _transform in (gl_T_cam, zup_T_gl):
    _transform.setflags(write=False)


def file_T_cam(axes: Axes, level_T_gl: Transform | None = None) -> Transform:
    """Transform from the cam frame to the axes that a file is written in.

    Args:
        axes: ``y-up`` (the gl frame), ``z-up`` or ``opencv`` (the cam frame itself, where nothing is levelled).
        level_T_gl: (4, 4) of a levelled scene (``recon.geometry.gravity``), whose y axis then is the real vertical.

    Returns:
        (4, 4) float64 with a rotation of determinant +1; no translation where the scene is not levelled.

    Raises:
        ValueError: an unknown name.
    """
    # The level frame has the gl frame's axes, y up, so the same turn takes it to the others. Formats that have
    # opencv's axes by custom are levelled too: y is straight down then.
    if axes == "y-up":
        file_T_gl = np.eye(4)
    elif axes == "z-up":
        file_T_gl = zup_T_gl
    elif axes == "opencv":
        file_T_gl = gl_T_cam.T
    else:
        raise ValueError(f"axes must be one of {', '.join(FILE_AXES)}, got {axes!r}")
    return file_T_gl @ gl_T_cam if level_T_gl is None else file_T_gl @ level_T_gl @ gl_T_cam


def rigid(dst_T_src: object) -> Transform:
    """A user's transform as (4, 4) float64.

    Raises:
        ValueError: It is not one of column vectors whose rotation keeps lengths and handedness.
    """
    matrix = np.asarray(dst_T_src, np.float64)
    if matrix.shape != (4, 4):
        raise ValueError(f"expected a 4x4 transform, got shape {matrix.shape}")
    if not (np.isfinite(matrix).all() and np.array_equal(matrix[3], [0, 0, 0, 1])):
        raise ValueError(
            "the last row of a transform of column vectors is 0 0 0 1; transpose one of row vectors"
        )
    turn = matrix[:3, :3]
    # The first comparison keeps huge numbers from overflowing in the product.
    if not (
        np.abs(turn).max() < 2
        and np.allclose(turn @ turn.T, np.eye(3), atol=1e-4)
        and np.linalg.det(turn) > 0
    ):
        raise ValueError("expected a rigid transform: a rotation (no scale, no mirror) and a translation")
    return matrix


def apply(dst_T_src: Transform, points_src: NDArray[np.float32]) -> NDArray[np.float32]:
    """Moves points from one frame to another.

    Args:
        dst_T_src: (4, 4) rigid transform.
        points_src: (N, 3) float32, metres.

    Returns:
        (N, 3) float32, metres, in the dst frame.
    """
    moved = rotate(dst_T_src, points_src)
    for axis in np.flatnonzero(dst_T_src[:3, 3]):
        moved[:, axis] += np.float32(dst_T_src[axis, 3])
    return moved


def rotate(dst_T_src: Transform, directions_src: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turns directions, (N, 3) float32, from one frame to another: the translation does not apply."""
    rotation = dst_T_src[:3, :3].astype(np.float32)
    turned = np.empty_like(directions_src)
    # Column by column: most rotations here only swap and negate axes, and a matrix product of three columns is left
    # to BLAS's threads, which cost twenty times the work.
    for row in range(3):
        used = np.flatnonzero(rotation[row])
        np.multiply(directions_src[:, used[0]], rotation[row, used[0]], out=turned[:, row])
        for column in used[1:]:
            turned[:, row] += rotation[row, column] * directions_src[:, column]
    return turned
