"""Camera paths that start and end at the photo's camera. No widget, no Open3D."""

from collections.abc import Iterator
from dataclasses import replace
from math import cos, pi, radians, sin
from typing import Literal, get_args

import numpy as np

from recon.render.view_camera import ViewCamera

PathName = Literal["still", "swing", "turntable", "fly", "dolly-zoom"]
PATHS: tuple[PathName, ...] = get_args(PathName)

FLY_SHARE = 0.45
"""Length of a flight relative to the distance of the scene's centre, if nothing is in the way."""
_NEAREST_SHARE = 0.7
"""Largest length of a flight relative to the distance of the nearest surface."""
DOLLY_SHARE = 0.5
"""How far a dolly zoom goes back, relative to the distance of the scene's centre."""
_FLY_TURN_RAD = radians(8)
_TILT_RAD = radians(4)


def cameras(
    name: PathName, start: ViewCamera, count: int, turn_deg: float, fly_share: float = FLY_SHARE
) -> Iterator[ViewCamera]:
    """The camera of each of ``count`` frames, as a loop without a jump from last to first.

    Args:
        name: ``still``: no motion. ``swing``: to one side, to the other and back. ``turntable``: around the scene in
            one direction. ``fly``: forward on a slight curve, and back. ``dolly-zoom``: back and forward again, with
            a focal length that keeps the size of what is at the scene's centre.
        start: The photo's camera, or another; it looks at the scene's centre.
        count: Number of frames.
        turn_deg: Angle between the ends of a swing, or angle of a turntable.
        fly_share: Length of a flight relative to the distance of the scene's centre, from 0 to below 1.

    Raises:
        ValueError: Unknown path, no frame, or a flight that reaches the centre.
    """
    if name not in PATHS or count < 1 or not 0 <= fly_share < 1:
        raise ValueError(
            f"expected one of {PATHS}, 1 frame or more, 0 <= fly_share < 1, got {name}, {count}, {fly_share}"
        )
    for k in range(count):
        # Ease in and out with a cosine, so that a film that is not looped does not start abruptly.
        phase = 2 * pi * (1 - cos(pi * k / count)) / 2
        if name == "swing":
            yield start.revolve(radians(turn_deg) / 2 * sin(phase), _TILT_RAD * (1 - cos(phase)) / 2)
        elif name == "turntable":
            full = turn_deg >= 360
            # A full turn has constant speed; a partial turn goes back and forth.
            turned = k / count if full else (1 - cos(phase)) / 2
            yield start.revolve(radians(turn_deg) * turned, 0.0)
        elif name == "fly":
            there = (1 - cos(phase)) / 2
            yield start.revolve(_FLY_TURN_RAD * sin(phase), 0.0).dolly(1 - fly_share * there)
        elif name == "dolly-zoom":
            farther = 1 + DOLLY_SHARE * (1 - cos(phase)) / 2
            lens = replace(start.lens, fx=start.lens.fx * farther, fy=start.lens.fy * farther)
            yield replace(start.dolly(farther), lens=lens)
        else:
            yield start


def fly_share(nearest_m: float, middle_m: float) -> float:
    """Length of a flight relative to the distance of the scene's centre, so that it stops before the nearest surface.

    Args:
        nearest_m: Distance of the nearest surface from the camera, m.
        middle_m: Distance of the scene's centre, m.
    """
    return min(FLY_SHARE, _NEAREST_SHARE * max(nearest_m, 0.0) / max(middle_m, 1e-9))


def moved(camera: ViewCamera, offset_m: tuple[float, float, float]) -> ViewCamera:
    """Moves a camera without rotating it.

    Args:
        camera: The camera.
        offset_m: Offset to the right, up and back, m.
    """
    by = np.array(offset_m) @ np.array(camera.axes)
    eye, target = np.array(camera.eye) + by, np.array(camera.target) + by
    return replace(camera, eye=tuple(eye.tolist()), target=tuple(target.tolist()))
