"""After opening, a short swing of the view aside and back, which shows that the photo has become a scene."""

import time
from collections.abc import Callable
from math import cos, pi

from recon.render.view_camera import ViewCamera
from recon_viewer.drawing.view3d import View3D

_TAKES_S = 4.0
_TURN_RAD, _TILT_RAD = 0.2, 0.05


def swung(start: ViewCamera, share: float) -> ViewCamera:
    """The camera at a share of the way, 0 to 1: at both ends it is exactly where it started."""
    if not 0 < share < 1:
        return start
    aside = 0.5 * (1 - cos(2 * pi * share))
    return start.revolve(_TURN_RAD * aside, _TILT_RAD * aside)


class Glide:
    """Moves the view until it is back, or until the first touch."""

    def __init__(self, view: View3D, clock: Callable[[], float] = time.monotonic) -> None:
        self._view, self._clock = view, clock
        self._armed = False
        self._start: ViewCamera | None = None
        self._began = 0.0
        self._last: ViewCamera | None = None

    def arm(self) -> None:
        """The next ``start`` counts, unless something is touched before."""
        self._armed = True

    def start(self) -> None:
        """From where the view is now, once."""
        if not self._armed:
            return
        self._armed = False
        self._start = self._last = self._view.camera
        self._began = self._clock()

    def stop(self) -> None:
        """At a touch: the view stays where it is."""
        self._start, self._armed = None, False

    def tick(self) -> bool:
        """Moves on; returns whether the view changed."""
        if self._start is None:
            return False
        if self._view.camera is not self._last:
            # Something else has moved the view.
            self.stop()
            return False
        share = (self._clock() - self._began) / _TAKES_S
        self._last = swung(self._start, share)
        self._view.look(self._last)
        if share >= 1:
            self.stop()
        return True
