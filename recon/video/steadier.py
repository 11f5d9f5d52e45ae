"""A clip's depth, frame by frame, steady in time; memory is that of a few frames, however long the clip is."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap, Intrinsics, MetricDepth
from recon.video.blend import Expected, Settled, field_of, seen_before
from recon.video.camera_motion import Motion, before_now, motion_between, predicted
from recon.video.links import Link, grid_size
from recon.video.scale_lock import BEHIND, ScaleShift, change, held

_AHEAD, _AHEAD_BYTES = 12, 400_000_000
_LOOK_BACK = 40
_BYTES_PER_PIXEL = 16
"""Of a waiting frame: colour, depth, masks and a standard deviation."""
Key = TypeVar("Key")


def ahead_of(*, width: int, height: int) -> int:
    """How many frames wait until a frame of this size is given out."""
    return max(2, min(_AHEAD, _AHEAD_BYTES // (_BYTES_PER_PIXEL * width * height)))


def behind_of(*, width: int, height: int) -> int:
    """How many frames before one of this size are looked at again, where a clip is resumed."""
    return max(2, min(_LOOK_BACK, _AHEAD_BYTES // (3 * width * height)))


@dataclass(frozen=True)
class Steady(Generic[Key]):
    """A frame's depth, and what was done to it."""

    key: Key
    depth: MetricDepth
    scale: float
    """Median of its depth over what was estimated."""


@dataclass
class _Frame(Generic[Key]):
    key: Key
    depth: MetricDepth
    link: Link | None
    camera: Intrinsics
    log_z: FloatMap
    valid: BoolMap
    motion: Motion | None
    path: NDArray[np.float64]

    @property
    def is_still(self) -> bool:
        return self.motion is not None and self.link is not None and self.link.is_still

    def held(self, lock: ScaleShift) -> FloatMap:
        """(h, w) log depth with scale and shift held."""
        gained: FloatMap = self.log_z + np.log(lock.gain(np.exp(self.log_z)))
        return gained


class Steadier(Generic[Key]):
    """Takes the frames of a clip in order and gives them back in order, ``ahead_of`` frames later."""

    def __init__(self) -> None:
        self._waiting: deque[_Frame[Key]] = deque()
        self._behind: deque[NDArray[np.float64]] = deque(maxlen=BEHIND)
        self._last: _Frame[Key] | None = None
        self._settled: tuple[Settled, ScaleShift] | None = None

    def add(
        self, key: Key, depth: MetricDepth, link: Link | None, camera: Intrinsics
    ) -> Iterator[Steady[Key]]:
        """Takes the next frame.

        Args:
            key: Given back with the frame.
            depth: (H, W) of the frame.
            link: To the frame before; None for the first frame of a shot.
            camera: Of the frame.

        Yields:
            The frames that are ready.
        """
        frame = self._linked(key, depth, link, camera)
        if frame.motion is None:
            yield from self.flush()
        self._waiting.append(frame)
        self._last = frame
        while len(self._waiting) > ahead_of(width=camera.width, height=camera.height):
            yield self._next()

    def flush(self) -> Iterator[Steady[Key]]:
        """Yields the frames that wait, and starts anew."""
        while self._waiting:
            yield self._next()
        self._behind.clear()
        self._last = self._settled = None

    def _linked(self, key: Key, depth: MetricDepth, link: Link | None, camera: Intrinsics) -> _Frame[Key]:
        log_z, valid, small = _on_grid(depth, camera)
        frame = _Frame(key, depth, link, small, log_z, valid, None, np.zeros(2))
        last = self._last
        if last is None or link is None or last.log_z.shape != log_z.shape:
            return frame
        log_before, known = before_now(link, last.log_z, last.valid)
        motion = motion_between(link, log_before, known, small)
        if motion is None:
            return frame
        expected, static = predicted(link, motion, log_before, small)
        changed = change(log_z, expected, known & valid & static)
        if changed is None:
            return frame
        frame.motion, frame.path = motion, last.path + changed
        return frame

    def _next(self) -> Steady[Key]:
        frame = self._waiting.popleft()
        path = [*self._behind, frame.path, *(each.path for each in self._waiting)]
        lock = held(path, len(self._behind))
        self._behind.append(frame.path)
        log_z = frame.held(lock)
        before = self._expected(frame) or self._by_the_next(path)
        if before is None:
            field, self._settled = None, (Settled.first(log_z, frame.valid), lock)
        else:
            field, frames = field_of(log_z, frame.valid, before)
            self._settled = Settled(log_z + field, frame.valid, frames), lock
        steady = self._settled[0].log_z[frame.valid] - frame.log_z[frame.valid]
        scale = float(np.exp(np.median(steady))) if steady.size else 1.0
        return Steady(frame.key, _applied(frame.depth, lock, field), scale)

    def _expected(self, frame: _Frame[Key]) -> Expected | None:
        """The depth of a frame by those before."""
        if self._settled is None or frame.motion is None or frame.link is None:
            return None
        settled, lock = self._settled
        log_before, known = before_now(frame.link, settled.log_z, settled.valid)
        expected, static = predicted(frame.link, frame.motion, log_before, frame.camera, scale=1 / lock.scale)
        seen = seen_before(frame.link, settled)
        return Expected(expected, np.where(known & static, seen, 0), frame.is_still)

    def _by_the_next(self, path: Sequence[NDArray[np.float64]]) -> Expected | None:
        """The depth of the first frame of a still camera by those that wait."""
        following = [*takewhile(lambda each: each.is_still, self._waiting)]
        if not following:
            return None
        same = np.ones_like(following[0].valid)
        total, seen = np.zeros((2, *same.shape), np.float32)
        for k, each in enumerate(following):
            assert each.link is not None
            same &= each.valid & each.link.agreed
            log_z = each.held(held(path, len(path) - len(self._waiting) + k))
            total += np.where(same, log_z, 0)
            seen += same
        return Expected(total / np.maximum(seen, 1), seen, True)


def _on_grid(depth: MetricDepth, camera: Intrinsics) -> tuple[FloatMap, BoolMap, Intrinsics]:
    """Log depth (0 where unknown), where it is known, and the camera, on the grid of the links."""
    import cv2

    size = grid_size(width=camera.width, height=camera.height)
    z_m = cv2.resize(depth.z_m, size, interpolation=cv2.INTER_NEAREST)
    valid = cv2.resize(depth.valid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    log_z = np.log(np.where(valid, z_m, 1)).astype(np.float32)
    return log_z, valid, camera.resized(width=size[0], height=size[1])


def _applied(depth: MetricDepth, lock: ScaleShift, field: FloatMap | None) -> MetricDepth:
    import cv2

    gain = lock.gain(np.where(depth.valid, depth.z_m, 1))
    if field is not None:
        size = depth.z_m.shape[1], depth.z_m.shape[0]
        gain = gain * np.exp(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR))
    return replace(depth, z_m=np.where(depth.valid, depth.z_m * gain, depth.z_m))
