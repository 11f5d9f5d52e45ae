"""Projects vertices to the screen of a camera, and cuts triangles at the near plane."""

import numpy as np
from numpy.typing import NDArray

from recon.render.rasterize import Floats, Projected
from recon.render.view_camera import ViewCamera

_NEAR_SHARE = 1e-4
"""Near plane relative to the median distance of the vertices: the farthest may be a single pixel in the distance."""
_SAMPLE = 4096


def projected(
    points: Floats,
    values: Floats,
    corners: NDArray[np.intp] | None,
    camera: ViewCamera,
    *,
    width: int,
    height: int,
) -> Projected:
    """Projects points or triangles to the screen of a camera; what is behind it is dropped.

    Args:
        points: (V, 3) m, world frame.
        values: (V, C) values to interpolate between vertices.
        corners: (3, F) vertices of the triangles; None: points.
        camera: The camera; its lens is fitted to the picture.
        width: Width of the picture, px.
        height: Height of the picture, px.
    """
    view_T_world = camera.view_T_world
    # Relative to the eye first: float32 rounds large coordinates.
    from_eye = points - np.array(camera.eye, np.float32)
    seen = from_eye @ view_T_world[:3, :3].T.astype(np.float32)
    some = np.abs(seen[:: max(1, len(seen) // _SAMPLE)]).max(axis=1)
    near_m = np.float32(_NEAR_SHARE * max(float(np.median(some)) if len(some) else 0.0, 1e-9))
    behind = -seen[:, 2] < near_m
    if behind.any():
        if corners is None:
            seen, values = seen[~behind], values[~behind]
        else:
            seen, values, corners = _cut(seen, values, corners, behind, near_m)
    inverse_m = np.asarray(1 / np.maximum(-seen[:, 2], near_m), np.float32)
    lens = camera.lens.fitted(width, height)
    x_px = np.asarray(lens.cx + lens.fx * seen[:, 0] * inverse_m, np.float32)
    y_px = np.asarray(lens.cy - lens.fy * seen[:, 1] * inverse_m, np.float32)
    return Projected(x_px, y_px, inverse_m, values, corners)


def _cut(
    seen: Floats, values: Floats, corners: NDArray[np.intp], behind: NDArray[np.bool_], near_m: np.float32
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Clips triangles at the near plane, which adds vertices."""
    hidden = behind[corners]
    count = hidden.sum(axis=0)
    whole = corners[:, count == 0]
    made = [whole]
    for cut, lone_hidden in ((corners[:, count == 1], True), (corners[:, count == 2], False)):
        if not cut.shape[1]:
            continue
        # Turn each triangle so that the corner that is alone on its side comes first.
        lone = np.argmax(behind[cut] == lone_hidden, axis=0)
        a, b, c = (np.take_along_axis(cut, ((lone + k) % 3)[None], axis=0)[0] for k in range(3))
        first, n = len(seen), len(a)
        for other in (b, c):
            share = ((-near_m - seen[a, 2]) / (seen[other, 2] - seen[a, 2]))[:, None]
            seen = np.concatenate([seen, seen[a] + share * (seen[other] - seen[a])])
            values = np.concatenate([values, values[a] + share * (values[other] - values[a])])
        ab, ac = first + np.arange(n), first + n + np.arange(n)
        if lone_hidden:
            made += [np.stack([ab, b, c]), np.stack([ab, c, ac])]
        else:
            made.append(np.stack([a, ab, ac]))
    return seen, values, np.concatenate(made, axis=1)
