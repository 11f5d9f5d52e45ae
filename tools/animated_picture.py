"""The animated picture of the README: one photo, its depth, and the scene from outside with measured lengths."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import cos, pi, radians

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recon.measure import distance
from recon.render.drawable import Drawn
from recon.render.picture import Look, Renderer, pictures
from recon.render.subject import Subject, subject_of_scene
from recon.render.view_camera import ViewCamera
from recon.scene import Scene
from tools.picture_text import INK_RGB, MARK_RGB, label

SIZE = (800, 600)
FPS = 15
_HOLD, _WIPE, _FADE, _OUT, _TURN, _BACK = 10, 18, 6, 26, 44, 20
"""Frames: the photo; the depth that sweeps over it and back; photo to scene; the way out, around, and back in."""
_BACKGROUND_RGB = (34, 38, 44)
"""Dark, as a shadow is: what no photo shows is seen behind objects."""
_BAR_RGB = (255, 255, 255)
_CEILING_M = 2.42
_OUTSIDE = ((15.0, 13.0), (-19.0, 20.0))
"""Turn and tilt about the middle of the room where the turn starts and ends, degrees."""
_FARTHER = 1.26
LENGTHS_PX = (((320, 180), (1096, 134)), ((1065, 214), (847, 222)))
"""In the living room: the back wall, 5 m wide, and its bookshelf, 1.1 m wide."""
Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Room:
    """The scene and what is drawn over it."""

    subject: Subject
    lengths: tuple[tuple[NDArray[np.float32], str], ...]
    """(2, 3) ends, m, world frame, and the text."""

    def below(self, nearest_z_m: float) -> Drawn:
        """The scene without the ceiling where it is nearer than that (z is negative, away from the camera)."""
        drawn = self.subject.drawn
        assert drawn.indices is not None
        hidden = (drawn.points[:, 1] > _CEILING_M) & (drawn.points[:, 2] > nearest_z_m)
        return replace(drawn, indices=drawn.indices[~hidden[drawn.indices].any(axis=1)])


def frames(scene: Scene, depth: Picture) -> Iterator[Picture]:
    """The loop.

    Args:
        scene: The sample living room, without what its window shows.
        depth: Its depth in colours.
    """
    room = _room(scene)
    look, start = Look(*SIZE, _BACKGROUND_RGB), room.subject.start
    photo, depth = _fitted(scene.photo.rgb), _fitted(depth)
    first = next(pictures(room.subject.drawn, look, [start]))
    yield from [photo] * _HOLD
    yield from (wiped(photo, depth, (k + 1) / _WIPE) for k in range(_WIPE))
    yield from [depth] * (_HOLD // 2)
    yield from (wiped(depth, photo, 2 * (k + 1) / _WIPE) for k in range(_WIPE // 2))
    yield from (_faded(photo, first, (k + 1) / _FADE) for k in range(_FADE))
    for k in range(1, _OUT + 1):
        camera = _between(start, _outside(start, 0.0), _eased(k / _OUT))
        yield _renderer(room, look, start, min(1.0, 1.6 * k / _OUT)).picture(camera)
    open_room = room.below(-np.inf)
    ways = [_outside(start, _eased((k + 1) / _TURN)) for k in range(_TURN)]
    for k, (camera, shown) in enumerate(zip(ways, pictures(open_room, look, ways), strict=True)):
        yield _marked(shown, room, camera, min(1.0, (k + 1) / 12, (_TURN - k) / 8))
    back = [_between(_outside(start, 1.0), start, _eased((k + 1) / _BACK)) for k in range(_BACK)]
    yield from list(pictures(open_room, look, back))[:-1]
    yield from (_faded(first, photo, (k + 1) / _FADE) for k in range(_FADE))


def wiped(before: Picture, after: Picture, share: float) -> Picture:
    """The second picture to the left of a bar, the first to its right."""
    result, col = before.copy(), round(share * before.shape[1])
    result[:, :col] = after[:, :col]
    result[:, max(0, col - 2) : col + 1] = _BAR_RGB
    return result


def _room(scene: Scene) -> _Room:
    subject = subject_of_scene(scene, "mesh", SIZE)
    assert subject.drawn.pixels_px is not None
    lengths = []
    for ends in LENGTHS_PX:
        nearest = [int(np.abs(subject.drawn.pixels_px - end).sum(axis=1).argmin()) for end in ends]
        lengths.append((subject.drawn.points[nearest], distance(scene, *ends).text))
    return _Room(subject, tuple(lengths))


def _renderer(room: _Room, look: Look, start: ViewCamera, gone: float) -> Renderer:
    """The ceiling goes from the near end to the far one."""
    nearest, farthest = room.subject.drawn.points[:, 2].max(), room.subject.drawn.points[:, 2].min()
    return Renderer(room.below(float(nearest + gone * (farthest - nearest))), look, start)


def _outside(start: ViewCamera, along: float) -> ViewCamera:
    """A camera outside of the room, as far along the turn as that; it looks at the middle of the room."""
    turn, tilt = (a + along * (b - a) for a, b in zip(*_OUTSIDE, strict=True))
    level = replace(start, target=(0.0, 0.8, -4.3), eye=(0.0, 0.8, 0.0), up=start.vertical)
    return level.orbit(radians(turn), radians(tilt)).dolly(_FARTHER)


def _between(one: ViewCamera, other: ViewCamera, share: float) -> ViewCamera:
    def mixed(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = (p + share * (q - p) for p, q in zip(a, b, strict=True))
        return x, y, z

    return replace(
        one,
        eye=mixed(one.eye, other.eye),
        target=mixed(one.target, other.target),
        up=mixed(one.up, other.up),
    )


def _eased(share: float) -> float:
    return (1 - cos(pi * share)) / 2


def _faded(before: Picture, after: Picture, share: float) -> Picture:
    return np.rint((1 - share) * before + share * after).astype(np.uint8)


def _fitted(picture: Picture) -> Picture:
    return np.asarray(Image.fromarray(picture).resize(SIZE, Image.Resampling.LANCZOS))


def _marked(shown: Picture, room: _Room, camera: ViewCamera, share: float) -> Picture:
    """The lengths over the picture, as opaque as ``share``; drawn twice as large, so that lines are smooth."""
    twice = Image.fromarray(shown).resize((2 * SIZE[0], 2 * SIZE[1]), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(twice)
    for ends, text in room.lengths:
        (x0, y0), (x1, y1) = 2 * camera.project(ends, *SIZE)[0]
        draw.line([(x0, y0), (x1, y1)], MARK_RGB, width=7)
        for x, y in ((x0, y0), (x1, y1)):
            draw.ellipse((x - 10, y - 10, x + 10, y + 10), MARK_RGB, INK_RGB, 2)
        font = ImageFont.load_default(34)
        label(draw, ((x0 + x1 - draw.textlength(text, font)) / 2, (y0 + y1) / 2 - 72), text, MARK_RGB, 34)
    return _faded(shown, np.asarray(twice.resize(SIZE, Image.Resampling.LANCZOS)), share)
