"""Sample 1: a living room with daylight from the left. The floor is z = 0; the camera looks towards +y."""

import math

import numpy as np

from tools.sample_data import furniture, materials, paintings, seating, studio
from tools.sample_data.camera import Camera
from tools.sample_data.plants import bush
from tools.sample_data.sample import KnownLength, Level, Sample
from tools.sample_data.shapes import box, grid, place, tube

LEFT, RIGHT, REAR, FRONT, CEILING = -2.5, 2.5, -2.0, 4.4, 2.55
TABLE_AT, TABLE_TURN_DEG = (-0.45, 2.3, 0.012), 4.0
WINDOW_Y, WINDOW_Z = (1.75, 3.25), (0.78, 2.22)


def build() -> None:
    """Room, furniture, light."""
    _floor()
    _walls()
    _window()
    _curtains()
    _garden()
    seating.sofa((-0.55, 3.88, 0), 0)
    seating.blanket(
        (-0.55 + 1.015, 3.72, 0), 0, materials.cloth("blanket", "#d8c7a6", "#c2ad86", thread_m=0.008)
    )
    furniture.coffee_table(TABLE_AT, TABLE_TURN_DEG)
    furniture.bookshelf((1.78, FRONT - 0.01, 0), 0)
    furniture.floor_lamp((0.93, 4.05, 0), 17)
    furniture.potted_fig((-2.08, 3.95, 0))
    seating.pouf((0.62, 1.72, 0.012))
    seating.armchair((1.62, 2.55, 0), -62)
    furniture.paper_lantern((-0.45, 2.35, CEILING))
    _rug_and_pictures()
    _light()


def _floor() -> None:
    oak = materials.wood("floor oak", "#a5835f", "#c9aa84", along="y", roughness=0.36, scale=0.7)
    rng = np.random.default_rng(1)
    breadth = 0.139
    for column in range(math.ceil((RIGHT - LEFT) / 0.14)):
        y, x = REAR - rng.uniform(0, 1.5), LEFT + 0.14 * column
        while y < FRONT:
            length = rng.uniform(1.2, 2.0)
            box("board", (x, y, -0.02), (x + breadth, y + length - 0.001, 0.0), oak, 0.0012)
            y += length
    box("subfloor", (LEFT, REAR, -0.06), (RIGHT, FRONT, -0.004), materials.plain("gap", "#20160e", 0.9), 0)


def _walls() -> None:
    white = materials.painted("wall white", "#e9e4d9")
    sage = materials.painted("wall sage", "#a9b3a0")
    ceiling = materials.painted("ceiling", "#f1efe9", relief_m=0.0004)
    trim = materials.plain("trim", "#f2f0ea", 0.35)
    box("front", (LEFT - 0.3, FRONT, -0.06), (RIGHT + 0.3, FRONT + 0.2, CEILING), sage, 0)
    box("rear", (LEFT - 0.3, REAR - 0.2, -0.06), (RIGHT + 0.3, REAR, CEILING), white, 0)
    box("right", (RIGHT, REAR, -0.06), (RIGHT + 0.3, FRONT, CEILING), white, 0)
    box("ceiling", (LEFT - 0.3, REAR - 0.2, CEILING), (RIGHT + 0.3, FRONT + 0.2, CEILING + 0.2), ceiling, 0)
    (y0, y1), (z0, z1) = WINDOW_Y, WINDOW_Z
    for low, high in (
        ((REAR, -0.06), (y0, CEILING)),
        ((y1, -0.06), (FRONT, CEILING)),
        ((y0, -0.06), (y1, z0)),
        ((y0, z1), (y1, CEILING)),
    ):
        box("left", (LEFT - 0.3, low[0], low[1]), (LEFT, high[0], high[1]), white, 0)
    for name, low, high in (
        ("front", (LEFT, FRONT - 0.015), (RIGHT, FRONT)),
        ("left", (LEFT, REAR), (LEFT + 0.015, FRONT)),
        ("right", (RIGHT - 0.015, REAR), (RIGHT, FRONT)),
    ):
        box("skirting " + name, (*low, 0.0), (*high, 0.11), trim, 0.004)
        box("cornice " + name, (*low, CEILING - 0.06), (*high, CEILING), trim, 0.006)


def _window() -> None:
    white = materials.plain("window white", "#f4f2ec", 0.3)
    (y0, y1), (z0, z1) = WINDOW_Y, WINDOW_Z
    x, thick = LEFT - 0.12, 0.05
    middle = (y0 + y1) / 2
    box("sill", (LEFT - 0.3, y0 - 0.06, z0 - 0.03), (LEFT + 0.14, y1 + 0.06, z0 + 0.008), white, 0.006)
    for y, half in ((y0 + 0.03, 0.03), (y1 - 0.03, 0.03), (middle, 0.045)):
        box("stile", (x - thick, y - half, z0), (x, y + half, z1), white)
    for z, half in ((z0 + 0.035, 0.035), (z1 - 0.03, 0.03), (z0 + 0.98, 0.015)):
        box("rail", (x - thick + 0.002, y0, z - half), (x - 0.002, y1, z + half), white)
    metal = materials.plain("radiator", "#f0eee8", 0.35)
    for index in range(22):
        y = y0 + 0.12 + index * 0.06
        box("fin", (LEFT + 0.035, y, 0.12), (LEFT + 0.115, y + 0.045, 0.62), metal, 0.012)
    tube("pipe", [(LEFT + 0.07, y0 + 0.1, 0.16), (LEFT + 0.07, y1 - 0.08, 0.16)], 0.012, metal)
    tube("pipe", [(LEFT + 0.07, y0 + 0.1, 0.58), (LEFT + 0.07, y1 - 0.08, 0.58)], 0.012, metal)


def _curtains() -> None:
    linen = materials.sheer("curtain", "#e6dcc8", 0.45)
    iron = materials.plain("rod", "#2b2724", 0.4, metallic=1.0)
    (y0, y1), (_, z1) = WINDOW_Y, WINDOW_Z
    tube("rod", [(LEFT + 0.09, y0 - 0.35, z1 + 0.12), (LEFT + 0.09, y1 + 0.35, z1 + 0.12)], 0.011, iron)
    for start, phase in ((y0 - 0.3, 0.0), (y1 - 0.14, 1.0)):

        def point(u, v, start=start, phase=phase):  # type: ignore[no-untyped-def]
            fold = np.sin(2 * np.pi * 6.5 * u + phase) + 0.35 * np.sin(2 * np.pi * 3.1 * u + 2 * phase)
            depth = 0.028 + 0.022 * (1 - v)
            sway = 0.03 * np.sin(3 * v + 4 * u + phase) * (1 - v)
            return (
                LEFT + 0.09 + depth * fold,
                start + 0.44 * u * (1 + 0.05 * (1 - v)) + sway,
                0.02 + (z1 + 0.1) * v,
            )

        grid("curtain", 40, 160, point, linen)


def _garden() -> None:
    lawn = materials.painted("lawn", "#6d8a45", 0.9, relief_m=0.05, grain=30)
    box("lawn", (-40, -25, -0.9), (LEFT - 0.31, 40, -0.6), lawn, 0)
    green = materials.leaf("hedge leaf", "#35602a", "#7fa04a")
    for index in range(7):
        bush(
            (-9.5 - 0.8 * (index % 2), -1 + 2.0 * index, 0.7 + 0.4 * (index % 3)),
            1.5,
            1500,
            0.22,
            green,
            20 + index,
        )


def _rug_and_pictures() -> None:
    weave = materials.picture("rug", paintings.rug(2), "xy", roughness=0.95)
    place([box("rug", (-1.2, -0.85, 0.0), (1.2, 0.85, 0.012), weave, 0.004)], (-0.35, 2.3, 0), 2)
    oak = materials.wood("frame oak", "#7d5735", "#b68a5c", along="x")
    black = materials.plain("frame black", "#1d1b1a", 0.4)
    palette = ("#c1763f", "#33475c", "#d8b26a", "#7d8f7a", "#8d4a3a")
    art = [
        (-1.42, 1.22, 0.44, 0.58, materials.picture("hills", paintings.hills(3)), oak),
        (-0.86, 1.17, 0.56, 0.74, materials.picture("blocks", paintings.blocks(8, palette)), black),
        (-0.18, 1.22, 0.44, 0.58, materials.picture("stems", paintings.stems(2)), oak),
    ]
    for x, z, width, height, image, frame in art:
        furniture.framed((x, FRONT, z), width, height, image, frame)


def _light() -> None:
    studio.sky(strength=0.22, sun_elevation_deg=36, sun_turn_deg=-72)
    studio.sun(52.0, elevation_deg=36, turn_deg=-72)
    (y0, y1), (z0, z1) = WINDOW_Y, WINDOW_Z
    middle = ((y0 + y1) / 2, (z0 + z1) / 2)
    studio.panel(0, (LEFT - 0.29, *middle), (0.0, *middle), (y1 - y0, z1 - z0), portal=True)
    studio.panel(130, (1.4, REAR + 0.15, 1.7), (-0.2, 3.0, 0.8), (1.6, 1.6), colour="#eef4ff")


def _table_corner(x: float) -> tuple[float, float, float]:
    turn = math.radians(TABLE_TURN_DEG)
    y = -0.28
    return (
        TABLE_AT[0] + x * math.cos(turn) - y * math.sin(turn),
        TABLE_AT[1] + x * math.sin(turn) + y * math.cos(turn),
        TABLE_AT[2] + 0.42,
    )


LIVING_ROOM = Sample(
    name="living_room",
    build=build,
    camera=Camera(1152, 864, 26, (1.5, -1.1, 1.5), yaw_deg=20, pitch_deg=-8, roll_deg=0.4),
    surroundings="indoor",
    exposure=0.5,
    depth_units_per_metre=1000.0,
    known_lengths=(
        KnownLength(
            "coffee table, 2 cm in from its front corners", _table_corner(-0.53), _table_corner(0.53)
        ),
        KnownLength(
            "middle picture, height of its frame",
            (-0.849, FRONT - 0.022, 1.181),
            (-0.849, FRONT - 0.022, 1.899),
        ),
        KnownLength("room, from the left wall to the right", (LEFT, 3.95, 2.3), (RIGHT, 3.95, 2.3)),
    ),
    look="AgX - High Contrast",
    levels=(Level("floor", 0.0, (760, 770, 1000, 850)),),
)
