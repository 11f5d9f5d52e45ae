"""Composers of rooms, halls, corridors and desk corners."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.preview import furniture, surfaces
from tools.preview.clutter import clutter
from tools.preview.fixtures import ceiling_lights, door, window
from tools.preview.scene import Builder, Group, Rng, Scene, Shot
from tools.preview.themes import MAIN, THEMES

Rect = tuple[float, float, float, float]  # x0, x1, z0, z1


def room(seed: int, rng: Rng) -> Scene:
    """A room of a flat or office: 2.5 to 7 m a side."""
    return interior(seed, rng, "room", rng.uniform(2.5, 6.5), rng.uniform(2.8, 7.5), rng.uniform(2.3, 3.1))


def hall(seed: int, rng: Rng) -> Scene:
    """A big space: open-plan office, shop, lobby, workshop."""
    return interior(seed, rng, "hall", rng.uniform(7, 22), rng.uniform(9, 30), rng.uniform(2.7, 6.5))


def corridor(seed: int, rng: Rng) -> Scene:
    """A corridor."""
    scene = interior(seed, rng, "corridor", rng.uniform(1.2, 2.8), rng.uniform(6, 30), rng.uniform(2.2, 3.2))
    scene.heading = 0.0 if rng.random() < 0.5 else np.pi
    return scene


def desk_view(seed: int, rng: Rng) -> Scene:
    """A room whose camera looks down on a table, desk or counter with things on it."""
    return interior(seed, rng, "desk", rng.uniform(2.8, 6), rng.uniform(3, 6), rng.uniform(2.3, 3.1))


def interior(
    seed: int,
    rng: Rng,
    kind: str,
    w: float,
    d: float,
    h: float,
    first: Callable[[Builder], Rect] | None = None,
    theme: str = "",
) -> Scene:
    """Return a furnished interior of w x d x h metres; `first` puts something in and returns the floor it takes."""
    scene = Scene(kind, seed, indoor=True)
    b = Builder(scene, rng)
    level = rng.uniform(0.12, 0.5)
    scene.ambient = (level, level * rng.uniform(0.9, 1.02), level * rng.uniform(0.75, 1.1))
    shell(b, w, d, h)
    for side in range(4):
        _wall_things(b, side, w, d, h, kind)
    theme = theme or b.pick(list(THEMES))
    taken: list[Rect] = [] if first is None else [first(b)]
    if kind in ("room", "hall") and first is None and b.chance(0.3):
        _partition(b, w, d, h, taken)
    if kind != "corridor":
        _main_piece(b, w, d, theme, taken)
    for side in range(4):
        _along_wall(b, side, w, d, theme, kind, taken)
    if kind != "corridor":
        _middle(b, w, d, theme, kind, taken)
    if kind == "hall" and b.chance(0.5):
        _columns(b, w, d, h)
    ceiling_lights(b, w, d, h)
    if kind in ("room", "desk"):
        scene.shot = _odd_shot(b)
    margin = 0.25
    scene.stand.append((-w / 2 + margin, w / 2 - margin, -d / 2 + margin, d / 2 - margin))
    return scene


def _odd_shot(b: Builder) -> Shot:
    """Photos of rooms are not all taken standing: from near the floor, close to a shelf, held high or askew."""
    u = b.rng.random()
    if u < 0.55:
        return Shot(blur=0.05)
    if u < 0.72:
        return Shot(eye_m=(0.1, 0.9), pitch_deg=(-4, 10), near_m=0.3, middle_m=0.7, blur=0.05)
    if u < 0.92:
        return Shot(
            target_m=(0.5, 2.4), target_share=0.9, above_deg=(-15, 55), near_m=0.25, middle_m=0.4, blur=0.1
        )
    return Shot(eye_m=(1.7, 2.2), pitch_deg=(-25, 15), near_m=0.4, middle_m=0.8)


def shell(b: Builder, w: float, d: float, h: float) -> None:
    """Put floor, ceiling and walls round w x d x h metres."""
    t = 0.2
    b.add("box", (0, -t / 2, 0), (w + 2 * t, t, d + 2 * t), surfaces.floor(b))
    b.add("box", (0, h + t / 2, 0), (w + 2 * t, t, d + 2 * t), surfaces.ceiling(b))
    paint = surfaces.wall(b)
    skirting = surfaces.wood(b) if b.chance(0.7) else None
    for side in range(4):
        length = d if side % 2 else w
        with b.at(*wall_frame(side, w, d)):
            skin = surfaces.wall(b) if b.chance(0.2) else paint
            b.add("box", (0, h / 2, t / 2), (length + 2 * t, h, t), skin)
            if skirting is not None:
                b.add("box", (0, 0.04, -0.006), (length, 0.08, 0.012), skirting)
            if b.chance(0.08):  # panelling or tiles up to breast height
                up = b.between(0.8, 1.5)
                b.add("box", (0, up / 2, -0.01), (length, up, 0.02), surfaces.floor(b))


def wall_frame(side: int, w: float, d: float) -> tuple[float, float, float, float]:
    """Return the frame in the middle of a wall's foot; local -z points into the room."""
    x, z, yaw = ((0, d / 2, 0.0), (w / 2, 0, np.pi / 2), (0, -d / 2, np.pi), (-w / 2, 0, -np.pi / 2))[side]
    return x, 0.0, z, yaw


def _wall_things(b: Builder, side: int, w: float, d: float, h: float, kind: str) -> None:
    """Windows, doors, pictures and small things along a wall, from left to right."""
    length = d if side % 2 else w
    glazed = b.chance(0.35)
    with b.at(*wall_frame(side, w, d)):
        x = -length / 2 + b.between(0.2, 1.0)
        while x < length / 2 - 1.0:
            u = b.rng.random()
            if glazed and u < 0.55:
                wide = min(b.between(0.7, 2.4), length / 2 - x - 0.1)
                window(b, x + wide / 2, wide, h)
            elif u < 0.7 and (kind in ("corridor", "hall") or b.chance(0.35)):
                wide = 0.95
                door(b, x + wide / 2, wide)
            elif u < 0.95:
                wide = b.between(0.25, 1.3)
                y = b.between(1.2, 1.8) if h < 3.5 else b.between(1.2, 3)
                up = min(wide * b.between(0.6, 1.5), 1.2)
                thick = b.between(0.005, 0.06)
                if b.chance(0.8):
                    b.add("box", (x + wide / 2, y, -thick / 2), (wide, up, thick), surfaces.picture(b))
                    if b.chance(0.6):
                        rim = surfaces.wood(b)
                        for s in (-1, 1):
                            b.add(
                                "box",
                                (x + wide / 2 + s * wide / 2, y, -thick / 2),
                                (0.03, up, thick + 0.02),
                                rim,
                            )
                            b.add(
                                "box",
                                (x + wide / 2, y + s * up / 2, -thick / 2),
                                (wide, 0.03, thick + 0.02),
                                rim,
                            )
                else:
                    b.add("box", (x + wide / 2, y, -0.12), (wide, 0.03, 0.24), surfaces.wood(b))
                    with b.at(x + wide / 2, y + 0.015, -0.12):
                        clutter(b, wide, 0.2, 0.0, int(b.rng.integers(1, 6)))
            else:
                wide = b.between(0.6, 1.6)  # radiator
                b.add("box", (x + wide / 2, 0.45, -0.08), (wide, 0.6, 0.08), surfaces.plain(b))
            x += wide + b.between(0.15, 1.8)


def _free(rect: Rect, taken: list[Rect]) -> bool:
    return all(rect[1] <= t[0] or rect[0] >= t[1] or rect[3] <= t[2] or rect[2] >= t[3] for t in taken)


def _along_wall(b: Builder, side: int, w: float, d: float, theme: str, kind: str, taken: list[Rect]) -> None:
    length, across = (d, w) if side % 2 else (w, d)
    density = 0.15 if kind == "corridor" else b.between(0.3, 0.95)
    x = -length / 2 + b.between(0.02, 0.5)
    while x < length / 2 - 0.5:
        if not b.chance(density):
            x += b.between(0.4, 1.6)
            continue
        makers = THEMES[theme][0]
        group = b.made(makers[int(b.rng.integers(len(makers)))])
        if x + group.width > length / 2 or group.depth > across * 0.45:
            x += 0.5
            continue
        _against_wall(b, side, w, d, x, group, taken)
        x += group.width + (b.between(0.0, 0.1) if b.chance(0.4) else b.between(0.05, 1.2))


def _against_wall(
    b: Builder, side: int, w: float, d: float, x: float, group: Group, taken: list[Rect]
) -> None:
    """Put a group with its back to a wall, from x on, where nothing is yet."""
    wide, deep = group.width, group.depth
    fx, _, fz, yaw = wall_frame(side, w, d)
    c, s = np.cos(yaw), np.sin(yaw)
    lx, lz = x + wide / 2, -deep / 2 - b.between(0.0, 0.08)
    px, pz = fx + c * lx + s * lz, fz - s * lx + c * lz
    hx, hz = (wide / 2, deep / 2) if side % 2 == 0 else (deep / 2, wide / 2)
    rect = (px - hx, px + hx, pz - hz, pz + hz)
    if _free(rect, taken):
        taken.append(rect)
        b.put(group, px, pz, yaw + (b.between(-0.06, 0.06) if b.chance(0.2) else 0.0))


def _main_piece(b: Builder, w: float, d: float, theme: str, taken: list[Rect]) -> None:
    """Put what a room of the theme does not lack at some wall."""
    group, side = b.made(MAIN[theme]), int(b.rng.integers(4))
    length, across = (d, w) if side % 2 else (w, d)
    spare = length - group.width
    if spare > 0 and group.depth < 0.8 * across:
        _against_wall(b, side, w, d, -length / 2 + b.between(0, 1) * spare, group, taken)


def _middle(b: Builder, w: float, d: float, theme: str, kind: str, taken: list[Rect]) -> None:
    """Things away from the walls: tables with chairs round them, sofas, rugs, people, boxes."""
    tries = int(min(w * d / b.between(4, 14), 18)) + 1
    if b.chance(0.35):
        size = (b.between(1.2, 3), 0.012, b.between(1, 2.5))
        rug = (b.between(-0.2, 0.2) * w, 0.006, b.between(-0.2, 0.2) * d)
        b.add("box", rug, size, surfaces.cloth(b), b.between(-0.2, 0.2))
    makers = THEMES[theme][1]
    if kind == "desk":
        makers = [furniture.desk, furniture.table, furniture.desk]
    quarter = b.between(-0.3, 0.3) if b.chance(0.3) else 0.0
    for k in range(tries):
        group = b.made(makers[0] if k == 0 and kind == "desk" else makers[int(b.rng.integers(len(makers)))])
        x, z = b.between(-0.4, 0.4) * w, b.between(-0.4, 0.4) * d
        reach = 0.5 * float(np.hypot(group.width, group.depth)) + 0.1
        rect = (x - reach, x + reach, z - reach, z + reach)
        inside = abs(x) + reach < w / 2 and abs(z) + reach < d / 2
        if not inside or not _free(rect, taken):
            continue
        taken.append(rect)
        yaw = int(b.rng.integers(4)) * np.pi / 2 + quarter + b.rng.normal(0, 0.08)
        b.put(group, x, z, yaw)
        if group.width > 0.7 and b.chance(0.6):  # chairs round a table
            with b.at(x, 0, z, yaw):
                for side in range(int(b.rng.integers(1, 5))):
                    seat = b.made(furniture.chair)
                    turn = side * np.pi / 2
                    out = (group.depth if side % 2 == 0 else group.width) / 2 + b.between(0.0, 0.35)
                    b.put(
                        seat, -np.sin(turn) * out, -np.cos(turn) * out, turn + np.pi + b.rng.normal(0, 0.25)
                    )


def _partition(b: Builder, w: float, d: float, h: float, taken: list[Rect]) -> None:
    """A wall across the room with an opening, so that one room is seen through another."""
    z = b.between(-0.25, 0.25) * d
    gap, at = b.between(0.8, max(1.0, 0.5 * w)), b.between(-0.3, 0.3) * w
    skin, t = surfaces.wall(b), b.between(0.08, 0.25)
    for x0, x1 in ((-w / 2, at - gap / 2), (at + gap / 2, w / 2)):
        if x1 - x0 > 0.02:
            b.add("box", ((x0 + x1) / 2, h / 2, z), (x1 - x0, h, t), skin)
            taken.append((x0, x1, z - t / 2, z + t / 2))
    top = b.between(2.0, 2.4)
    if h > top + 0.1:
        b.add("box", (at, (h + top) / 2, z), (gap, h - top, t), skin)


def _columns(b: Builder, w: float, d: float, h: float) -> None:
    skin, t = surfaces.wall(b), b.between(0.25, 0.7)
    mesh = b.pick(["box", "post", "post"])
    for x in np.arange(-w / 2 + 3, w / 2 - 1, b.between(3.5, 7)):
        for z in np.arange(-d / 2 + 3, d / 2 - 1, b.between(3.5, 7)):
            b.stands(mesh, float(x), 0, float(z), (t, h, t), skin)
