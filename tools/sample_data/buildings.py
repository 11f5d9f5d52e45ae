"""Town houses: a street front with real openings, built facing -y from x = 0 rightwards, then placed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.sample_data import materials
from tools.sample_data.plants import bush
from tools.sample_data.shapes import Point, box, grid, mesh, place, tube

PLINTH_M, GROUND_M, STOREY_M = 0.5, 3.7, 3.05


@dataclass(frozen=True)
class House:
    """The properties that distinguish a house from its neighbours. Storeys are counted above the ground floor."""

    width_m: float
    storeys: int
    bays: int
    wall: Any
    trim: Any
    roof: Any
    wood: Any
    shutters: Any | None = None
    shop: Any | None = None
    depth_m: float = 8.0

    @property
    def eaves_m(self) -> float:
        """Height of the wall."""
        return GROUND_M + STOREY_M * self.storeys


@dataclass(frozen=True)
class Opening:
    """A hole in the front, between x0 and x1 and between z0 and z1."""

    x0: float
    x1: float
    z0: float
    z1: float
    kind: str


def build(house: House, at: Point, turn_deg: float, pane: Any, seed: int) -> None:
    """Raise one house."""
    rng = np.random.default_rng(seed)
    columns = _openings(house, rng)
    parts = _wall(house, columns)
    for opening in (o for column in columns for o in column):
        parts += _door(house, opening) if opening.kind == "door" else _window(house, opening, pane, rng)
    parts += _trim(house)
    parts += _roof(house, rng)
    if house.shop is not None:
        parts += _awning(house)
    place(parts, at, turn_deg)


def _openings(house: House, rng: np.random.Generator) -> list[list[Opening]]:
    pitch = house.width_m / house.bays
    door = int(rng.integers(0, house.bays))
    columns = []
    for bay in range(house.bays):
        middle, half = pitch * (bay + 0.5), 0.55
        if bay == door:
            column = [Opening(middle - 0.55, middle + 0.55, 0.0, 2.55, "door")]
        elif house.shop is not None:
            column = [Opening(middle - pitch * 0.4, middle + pitch * 0.4, 0.55, 2.75, "shop")]
        else:
            column = [Opening(middle - half, middle + half, 1.05, 2.85, "window")]
        for storey in range(house.storeys):
            floor = GROUND_M + STOREY_M * storey
            column.append(Opening(middle - half, middle + half, floor + 0.75, floor + 2.45, "window"))
        columns.append(column)
    return columns


def _wall(house: House, columns: list[list[Opening]]) -> list[Any]:
    """Blocks around the openings, then the flat body of the house behind them."""
    pitch, thick = house.width_m / house.bays, 0.3
    parts = []
    for bay, column in enumerate(columns):
        left, right, below = pitch * bay, pitch * (bay + 1), 0.0
        for o in column:
            if o.z0 > below:
                parts.append(box("wall", (left, 0, below), (right, thick, o.z0), house.wall, 0))
            parts.append(box("wall", (left, 0, o.z0), (o.x0, thick, o.z1), house.wall, 0))
            parts.append(box("wall", (o.x1, 0, o.z0), (right, thick, o.z1), house.wall, 0))
            below = o.z1
        parts.append(box("wall", (left, 0, below), (right, thick, house.eaves_m), house.wall, 0))
    dark = materials.plain("inside", "#15130f", 0.9)
    parts.append(box("body", (0.01, thick, 0), (house.width_m - 0.01, thick + 0.02, house.eaves_m), dark, 0))
    for x in (0.0, house.width_m - 0.02):
        parts.append(box("flank", (x, 0.31, 0), (x + 0.02, house.depth_m, house.eaves_m), house.wall, 0))
    return parts


def _window(house: House, o: Opening, pane: Any, rng: np.random.Generator) -> list[Any]:
    set_back, frame = 0.14, 0.055
    parts = [box("pane", (o.x0, set_back + 0.02, o.z0), (o.x1, set_back + 0.03, o.z1), pane, 0)]
    rails = [
        (o.x0, o.x0 + frame, o.z0, o.z1),
        (o.x1 - frame, o.x1, o.z0, o.z1),
        (o.x0, o.x1, o.z0, o.z0 + frame),
        (o.x0, o.x1, o.z1 - frame, o.z1),
    ]
    middle, high = (o.x0 + o.x1) / 2, o.z0 + 0.66 * (o.z1 - o.z0)
    bars = 3 if o.kind == "shop" else 1
    for index in range(1, bars + 1):
        x = o.x0 + (o.x1 - o.x0) * index / (bars + 1)
        rails.append((x - 0.03, x + 0.03, o.z0, o.z1))
    rails.append((o.x0, o.x1, high - 0.022, high + 0.022))
    for x0, x1, z0, z1 in rails:
        parts.append(box("rail", (x0, set_back - 0.03, z0), (x1, set_back + 0.025, z1), house.wood, 0.006))
    parts.append(box("sill", (o.x0 - 0.1, -0.09, o.z0 - 0.08), (o.x1 + 0.1, 0.15, o.z0), house.trim, 0.01))
    for x0, x1, z0, z1 in (
        (o.x0 - 0.13, o.x0, o.z0, o.z1),
        (o.x1, o.x1 + 0.13, o.z0, o.z1),
        (o.x0 - 0.13, o.x1 + 0.13, o.z1, o.z1 + 0.16),
    ):
        parts.append(box("surround", (x0, -0.03, z0), (x1, 0.02, z1), house.trim, 0.008))
    if house.shutters is not None and o.kind == "window":
        for sign, edge in ((-1, o.x0 - 0.14), (1, o.x1 + 0.14)):
            parts += _shutter(house, edge, sign, o)
    elif rng.uniform() < 0.3 and o.kind == "window":
        parts += _flower_box(middle, o)
    return parts


def _shutter(house: House, edge: float, sign: int, o: Opening) -> list[Any]:
    x0, x1 = sorted((edge, edge + sign * 0.52))
    parts = [
        box("shutter", (x0, -0.075, o.z0), (x0 + 0.05, -0.035, o.z1), house.shutters, 0.005),
        box("shutter", (x1 - 0.05, -0.075, o.z0), (x1, -0.035, o.z1), house.shutters, 0.005),
        box("shutter", (x0, -0.05, o.z0), (x1, -0.035, o.z1), house.shutters, 0),
    ]
    count = int((o.z1 - o.z0) / 0.085)
    for index in range(count):
        z = o.z0 + (index + 0.25) * (o.z1 - o.z0) / count
        parts.append(box("slat", (x0 + 0.04, -0.068, z), (x1 - 0.04, -0.05, z + 0.05), house.shutters, 0.004))
    return parts


def _flower_box(middle: float, o: Opening) -> list[Any]:
    trough = materials.plain("trough", "#4a3527", 0.7)
    green = materials.leaf("box leaf", "#2f5a26", "#7da043")
    red = materials.leaf("blossom", "#a3182a", "#e05563")
    parts = [box("trough", (middle - 0.45, -0.26, o.z0), (middle + 0.45, -0.08, o.z0 + 0.17), trough, 0.01)]
    for index, x in enumerate(np.linspace(-0.38, 0.38, 5)):
        centre = (middle + x, -0.17, o.z0 + 0.22)
        parts.append(bush(centre, 0.13, 90, 0.07, green, 40 + index))
        parts.append(bush((centre[0], centre[1] - 0.02, centre[2] + 0.05), 0.13, 30, 0.05, red, 60 + index))
    return parts


def _door(house: House, o: Opening) -> list[Any]:
    leaf_material = house.shutters or house.shop or house.wood
    brass = materials.plain("door brass", "#b08d4c", 0.3, metallic=1.0)
    parts = [
        box("door", (o.x0 + 0.06, 0.12, 0.12), (o.x1 - 0.06, 0.17, o.z1 - 0.45), leaf_material, 0.004),
        box(
            "light",
            (o.x0 + 0.06, 0.13, o.z1 - 0.38),
            (o.x1 - 0.06, 0.15, o.z1 - 0.06),
            materials.plain("fan", "#1b2126", 0.1),
            0,
        ),
        box("step", (o.x0 - 0.1, -0.28, 0), (o.x1 + 0.1, 0.3, 0.12), house.trim, 0.012),
        box("knob", (o.x1 - 0.16, 0.08, 1.05), (o.x1 - 0.12, 0.12, 1.16), brass, 0.01),
    ]
    for z0, z1 in ((0.3, 0.85), (1.0, 1.95)):
        for x0, x1 in ((o.x0 + 0.15, o.x0 + 0.5), (o.x1 - 0.5, o.x1 - 0.2)):
            parts.append(box("panel", (x0, 0.1, z0), (x1, 0.13, z1), leaf_material, 0.02))
    for x0, x1, z0, z1 in (
        (o.x0, o.x0 + 0.06, 0.12, o.z1),
        (o.x1 - 0.06, o.x1, 0.12, o.z1),
        (o.x0, o.x1, o.z1 - 0.06, o.z1),
        (o.x0, o.x1, o.z1 - 0.45, o.z1 - 0.38),
    ):
        parts.append(box("frame", (x0, 0.08, z0), (x1, 0.18, z1), house.wood, 0.006))
    for x0, x1 in ((o.x0 - 0.16, o.x0), (o.x1, o.x1 + 0.16)):
        parts.append(box("jamb", (x0, -0.05, 0), (x1, 0.02, o.z1 + 0.05), house.trim, 0.01))
    parts.append(
        box("lintel", (o.x0 - 0.24, -0.1, o.z1 + 0.05), (o.x1 + 0.24, 0.02, o.z1 + 0.26), house.trim, 0.012)
    )
    return parts


def _trim(house: House) -> list[Any]:
    w, top = house.width_m, house.eaves_m
    iron = materials.plain("zinc", "#6f7678", 0.45, metallic=0.8)
    gutter = [(-0.02, -0.42, top + 0.03), (w + 0.02, -0.42, top + 0.03)]
    parts = [
        box("plinth", (0, -0.05, 0), (w, 0.0, PLINTH_M), house.trim, 0.01),
        box("course", (0, -0.07, GROUND_M - 0.1), (w, 0.01, GROUND_M + 0.12), house.trim, 0.015),
        box("cornice", (0, -0.12, top - 0.42), (w, 0.01, top - 0.28), house.trim, 0.02),
        box("cornice", (0, -0.24, top - 0.28), (w, 0.01, top - 0.14), house.trim, 0.02),
        box("cornice", (0, -0.36, top - 0.14), (w, 0.01, top), house.trim, 0.02),
        tube("gutter", gutter, 0.065, iron),
        tube("downpipe", [(w - 0.12, -0.12, top - 0.3), (w - 0.12, -0.12, 0.1)], 0.045, iron),
    ]
    # The plinth must not run across doors: their steps and jambs stand in front of it.
    return parts


def _roof(house: House, rng: np.random.Generator) -> list[Any]:
    w, top, back = house.width_m, house.eaves_m, house.depth_m
    ridge = top + 0.42 * back
    corners = [
        (0, -0.45, top),
        (w, -0.45, top),
        (w, back / 2, ridge),
        (0, back / 2, ridge),
        (w, back, top),
        (0, back, top),
    ]
    parts = [
        mesh("roof", corners, [(0, 1, 2, 3), (3, 2, 4, 5)], house.roof, smooth=False),
        mesh("gable", corners, [(0, 3, 5), (1, 4, 2)], house.wall, smooth=False),
    ]
    clay = materials.plain("chimney pot", "#9a5a3c", 0.85)
    for _ in range(2):
        x, y = rng.uniform(0.8, w - 0.8), back / 2 - rng.uniform(0.6, 1.4)
        height = ridge + 0.9
        parts.append(
            box("chimney", (x - 0.35, y - 0.25, top + 1), (x + 0.35, y + 0.25, height), house.wall, 0.01)
        )
        parts.append(
            box("cap", (x - 0.4, y - 0.3, height), (x + 0.4, y + 0.3, height + 0.1), house.trim, 0.01)
        )
        for offset in (-0.18, 0.12):
            parts.append(
                box(
                    "pot",
                    (x + offset, y - 0.08, height),
                    (x + offset + 0.16, y + 0.08, height + 0.5),
                    clay,
                    0.06,
                )
            )
    return parts


def _awning(house: House) -> list[Any]:
    w = house.width_m

    def point(u: Any, v: Any) -> Any:
        drop = np.where(v > 0.9, (v - 0.9) * 2.0 * (1 + 0.12 * np.sin(60 * u)), 0)
        return (
            0.3 + u * (w - 0.6),
            -0.05 - 1.15 * np.minimum(v / 0.9, 1.0),
            3.25 - 0.65 * np.minimum(v / 0.9, 1) - drop,
        )

    cloth = grid("awning", 40, 160, point, house.shop)
    cloth.modifiers.new("thick", "SOLIDIFY").thickness = 0.006
    name = box(
        "fascia", (0.25, -0.1, 3.02), (w - 0.25, 0.02, 3.5), materials.plain("fascia", "#23332e", 0.4), 0.01
    )
    return [cloth, name]
