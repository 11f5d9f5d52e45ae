"""Ways of a camera past a scene, from the photo's own place and back to it. No widget, no Open3D."""

from collections.abc import Iterator
from dataclasses import replace
from math import cos, pi, radians, sin
from typing import Literal

import numpy as np

from recon.render.view_camera import ViewCamera

PathName = Literal["still", "swing", "turntable", "fly"]
PATHS: tuple[PathName, ...] = ("still", "swing", "turntable", "fly")

FLY_SHARE = 0.45
"""How much of the way to the scene's middle a flight goes, where nothing is in its way."""
_NEAREST_SHARE = 0.7
"""How much of the way to what is nearest."""
_FLY_TURN_RAD = radians(8)
_TILT_RAD = radians(4)


def cameras(
    name: PathName, start: ViewCamera, count: int, turn_deg: float, fly_share: float = FLY_SHARE
) -> Iterator[ViewCamera]:
    """Where the camera stands at each of ``count`` pictures; after the last comes the first, without a jump.

    Args:
        name: ``still``: one place. ``swing``: to one side, over the middle to the other and back. ``turntable``: all
            around in one direction. ``fly``: forward with a slight bow, and back.
        start: The photo's camera, or another; it looks at the scene's middle.
        count: Of pictures.
        turn_deg: From one end of a swing to the other; of a turntable, how far it goes around.
        fly_share: How much of the way to the scene's middle a flight goes, from 0 to below 1.

    Raises:
        ValueError: No such way, no picture, or a flight that reaches the middle.
    """
    if name not in PATHS or count < 1 or not 0 <= fly_share < 1:
        raise ValueError(
            f"expected one of {PATHS}, 1 picture or more, 0 <= share < 1: {name}, {count}, {fly_share}"
        )
    for k in range(count):
        # At rest at both ends, by a cosine: a film that is not repeated does not start with a jerk.
        phase = 2 * pi * (1 - cos(pi * k / count)) / 2
        if name == "swing":
            yield start.orbit(radians(turn_deg) / 2 * sin(phase), _TILT_RAD * (1 - cos(phase)) / 2)
        elif name == "turntable":
            full = turn_deg >= 360
            # All around goes on at one speed; a part of it comes back the way it went.
            turned = k / count if full else (1 - cos(phase)) / 2
            yield start.orbit(radians(turn_deg) * turned, 0.0)
        elif name == "fly":
            there = (1 - cos(phase)) / 2
            yield start.orbit(_FLY_TURN_RAD * sin(phase), 0.0).dolly(1 - fly_share * there)
        else:
            yield start


def fly_share(nearest_m: float, middle_m: float) -> float:
    """How far a flight may go, as a share of the way to the middle, so that it stays before what is nearest.

    Args:
        nearest_m: Distance of what is nearest to the camera, m.
        middle_m: Distance of the scene's middle, m.
    """
    return min(FLY_SHARE, _NEAREST_SHARE * max(nearest_m, 0.0) / max(middle_m, 1e-9))


def moved(camera: ViewCamera, offset_m: tuple[float, float, float]) -> ViewCamera:
    """The same view from another place.

    Args:
        camera: Where it stands.
        offset_m: To the right, up and backward, m.
    """
    by = np.array(offset_m) @ np.array(camera.axes)
    eye, target = np.array(camera.eye) + by, np.array(camera.target) + by
    return replace(camera, eye=tuple(eye.tolist()), target=tuple(target.tolist()))
