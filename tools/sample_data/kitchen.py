"""Sample 3: a still life on a kitchen counter, taken upright. The floor is z = 0, the counter z = 0.9."""

import math

import numpy as np

from tools.sample_data import bread, food, furniture, materials, studio
from tools.sample_data.camera import Camera
from tools.sample_data.sample import KnownLength, Level, Sample
from tools.sample_data.shader import Shader, srgb
from tools.sample_data.shapes import box, padded, place, tilt, tube, turned

TOP, WALL = 0.9, 0.62
LEFT, RIGHT, REAR, CEILING = -1.5, 1.5, -2.6, 2.5
TILE = (0.15, 0.075)
BOARD_AT, BOARD_TURN_DEG = (-0.10, 0.22), 9.0


def build() -> None:
    """Room, counter, things on it, daylight from the left."""
    _room()
    _tiles()
    _counter()
    _rail()
    food.cutting_board((*BOARD_AT, TOP), BOARD_TURN_DEG)
    bread.loaf((-0.145, 0.26, TOP + 0.024), 14)
    food.knife((-0.12, 0.138, TOP + 0.024), 3)
    food.tomatoes((0.165, 0.10, TOP), 3)
    food.fruit_bowl((0.29, 0.37, TOP))
    food.bottle((-0.385, 0.50, TOP))
    food.jar((-0.24, 0.52, TOP), "#c0602a")
    food.jar((-0.115, 0.53, TOP), "#d8c79c", 0.10)
    food.basil((0.05, 0.50, TOP))
    food.crock((0.475, 0.52, TOP))
    furniture.mug((0.40, 0.13, TOP + 0.011), materials.plain("kitchen mug", "#4f6f78", 0.3, coat=0.6))
    saucer = [(0, 0), (0.045, 0), (0.075, 0.011), (0.077, 0.014), (0.072, 0.013), (0.045, 0.005), (0, 0.009)]
    turned("saucer", saucer, (0.40, 0.13, TOP), materials.plain("saucer", "#e6e1d6", 0.3, coat=0.5))
    food.towel((-0.25, -0.025, TOP), materials.picture("towel", _stripes(), "xz", 0.95))
    _light()


def _stripes() -> np.ndarray:
    """Blue stripes on linen, (H, W, 3) sRGB in [0, 1]."""
    u = (np.arange(400) + 0.5) / 400
    row = np.tile(np.array([0.90, 0.87, 0.80]), (400, 1))
    for centre, half in ((0.12, 0.02), (0.18, 0.008), (0.82, 0.008), (0.88, 0.02), (0.5, 0.012)):
        row[np.abs(u - centre) < half] = (0.22, 0.33, 0.46)
    weave = np.random.default_rng(2).normal(1, 0.03, (300, 400, 1))
    return np.clip(row[None] * weave, 0, 1)


def _room() -> None:
    wall = materials.painted("kitchen wall", "#e4ddcd")
    floor = materials.wood("kitchen floor", "#8f6a48", "#b8926a", along="y")
    box("floor", (LEFT, REAR, -0.1), (RIGHT, WALL, 0), floor, 0)
    box("ceiling", (LEFT - 0.3, REAR - 0.2, CEILING), (RIGHT + 0.3, WALL + 0.2, CEILING + 0.2), wall, 0)
    box("back", (LEFT - 0.3, WALL, -0.1), (RIGHT + 0.3, WALL + 0.2, CEILING), wall, 0)
    box("rear", (LEFT - 0.3, REAR - 0.2, -0.1), (RIGHT + 0.3, REAR, CEILING), wall, 0)
    box("right", (RIGHT, REAR, -0.1), (RIGHT + 0.3, WALL, CEILING), wall, 0)
    y0, y1, z0, z1 = -0.75, 0.45, 1.0, 2.2
    for low, high in (
        ((REAR, -0.1), (y0, CEILING)),
        ((y1, -0.1), (WALL, CEILING)),
        ((y0, -0.1), (y1, z0)),
        ((y0, z1), (y1, CEILING)),
    ):
        box("left", (LEFT - 0.3, low[0], low[1]), (LEFT, high[0], high[1]), wall, 0)
    white = materials.plain("sash", "#f2efe8", 0.35)
    box("mullion", (LEFT - 0.15, (y0 + y1) / 2 - 0.03, z0), (LEFT - 0.1, (y0 + y1) / 2 + 0.03, z1), white)
    box("bar", (LEFT - 0.15, y0, 1.62), (LEFT - 0.1, y1, 1.66), white)


def _tiles() -> None:
    glaze = Shader("tile")
    tone = glaze.math("ADD", glaze.math("MULTIPLY", glaze.random(), 0.10), 0.74)
    colour = glaze.node(
        "CombineXYZ", {"X": tone, "Y": tone, "Z": glaze.math("MULTIPLY", tone, 0.93)}
    ).outputs[0]
    ripple = glaze.noise(glaze.coordinates(), 14.0, detail=2.0)
    tile = glaze.set(Base_Color=colour, Roughness=0.16, Coat_Weight=0.4).bump(ripple, 0.002).material
    grout = materials.painted("grout", "#b9b2a5", 0.95)
    box("grout", (LEFT, WALL - 0.004, TOP - 0.02), (RIGHT, WALL - 0.0005, 1.66), grout, 0)
    width, height = TILE
    for row in range(10):
        shift = width / 2 if row % 2 else 0.0
        for column in range(-7, 8):
            x, z = column * width + shift, TOP + row * height
            box(
                "tile",
                (x + 0.001, WALL - 0.008, z + 0.001),
                (x + width - 0.001, WALL - 0.001, z + height - 0.001),
                tile,
                0.0025,
            )


def _counter() -> None:
    marble = Shader("marble")
    vector = marble.coordinates(shift_by_object=False)
    cloud = marble.noise(vector, 3.0, detail=8.0, distortion=1.8)
    vein = marble.math("ABSOLUTE", marble.math("SUBTRACT", cloud, 0.5), 0.0)
    colour = marble.ramp(vein, [(0.0, srgb("#8c8a88")), (0.035, srgb("#c9c6c1")), (0.12, srgb("#e6e2da"))])
    slab = marble.set(Base_Color=colour, Roughness=0.22, Coat_Weight=0.15).material
    box("counter", (LEFT, -0.025, TOP - 0.03), (RIGHT, WALL, TOP), slab, 0.004)
    paint = materials.painted("cabinet", "#3f5a58", 0.42, relief_m=0.0002)
    brass = materials.plain("knob brass", "#b08d4c", 0.28, metallic=1.0)
    box(
        "carcass", (LEFT, 0.03, 0.1), (RIGHT, WALL, TOP - 0.03), materials.plain("carcass", "#1c2423", 0.8), 0
    )
    for x in (-1.2, -0.6, 0.0, 0.6):
        low, high = x + 0.004, x + 0.596
        box("drawer", (low, 0.005, 0.70), (high, 0.03, TOP - 0.036), paint, 0.003)
        box("door", (low, 0.012, 0.11), (high, 0.03, 0.692), paint, 0.003)
        for x0, x1, z0, z1 in (
            (low, low + 0.07, 0.11, 0.692),
            (high - 0.07, high, 0.11, 0.692),
            (low + 0.07, high - 0.07, 0.11, 0.18),
            (low + 0.07, high - 0.07, 0.622, 0.692),
        ):
            box("frame", (x0, 0.0, z0), (x1, 0.02, z1), paint, 0.003)
        middle = x + 0.3
        tube(
            "pull",
            [
                (middle - 0.06, 0.006, 0.782),
                (middle - 0.055, -0.022, 0.782),
                (middle + 0.055, -0.022, 0.782),
                (middle + 0.06, 0.006, 0.782),
            ],
            0.005,
            brass,
        )


def _rail() -> None:
    brass = materials.plain("rail brass", "#a9874a", 0.3, metallic=1.0)
    copper = materials.plain("copper", "#b4663f", 0.25, metallic=1.0)
    steel = materials.plain("utensil steel", "#c3c6c8", 0.22, metallic=1.0)
    y, z = WALL - 0.05, 1.46
    tube("rail", [(-1.2, y, z), (1.2, y, z)], 0.006, brass)
    for x in (-0.62, 0.62):
        tube("bracket", [(x, y, z), (x, WALL, z)], 0.006, brass)
    for x in (-0.30, -0.15, 0.28, 0.40):
        a = np.linspace(-2.6, 2.4, 14)
        hook = np.stack([x + 0 * a, y + 0.010 * np.sin(a), z - 0.002 + 0.010 * np.cos(a)], axis=-1)
        tail = [(x, y - 0.006, z - 0.03), (x, y - 0.012, z - 0.042), (x, y - 0.02, z - 0.036)]
        tube("hook", np.concatenate([hook, tail]), 0.0022, brass)
    _ladle((-0.15, y - 0.012, z - 0.04), steel)
    _slotted_spoon((-0.30, y - 0.012, z - 0.04), steel)
    _pan((0.28, y - 0.012, z - 0.04), copper, steel)


def _ladle(top: tuple[float, float, float], steel: object) -> None:
    x, y, z = top
    tube("ladle", [(x, y, z), (x, y + 0.004, z - 0.19), (x, y - 0.012, z - 0.225)], 0.004, steel)
    a = np.linspace(0, math.pi / 2, 12)
    cup = [(0.036 * math.sin(t), -0.03 * math.cos(t)) for t in a] + [(0.0345, 0.0)]
    cup += [(0.0345 * math.sin(t), -0.0285 * math.cos(t)) for t in a[::-1]]
    turned("cup", cup, (x, y - 0.035, z - 0.225), steel)


def _slotted_spoon(top: tuple[float, float, float], steel: object) -> None:
    x, y, z = top
    tube("spatula", [(x, y, z), (x, y + 0.002, z - 0.17)], 0.004, steel)
    padded("blade", (x - 0.034, y - 0.001, z - 0.27), (x + 0.034, y + 0.003, z - 0.165), steel, power=4)


def _pan(top: tuple[float, float, float], copper: object, steel: object) -> None:
    x, y, z = top
    side = [
        (0, 0),
        (0.075, 0),
        (0.082, 0.008),
        (0.086, 0.05),
        (0.083, 0.05),
        (0.079, 0.01),
        (0.07, 0.004),
        (0, 0.004),
    ]
    body = turned("pan", side, (0, 0, 0), copper)
    handle = tube("pan handle", [(0.083, 0, 0.04), (0.14, 0, 0.052), (0.215, 0, 0.055)], 0.0065, steel)
    parts = [tilt(part, "Y", -90, (0, 0, 0)) for part in (body, handle)]
    place(parts, (0, 0, 0), 90)
    place(parts, (x, y + 0.012, z - 0.215))


def _light() -> None:
    studio.sky(strength=0.25, sun_elevation_deg=34, sun_turn_deg=-100)
    studio.sun(26.0, elevation_deg=34, turn_deg=-112)
    studio.panel(0, (LEFT - 0.29, -0.15, 1.6), (0.0, -0.15, 1.6), (1.2, 1.2), portal=True)
    studio.panel(16, (0.5, REAR + 0.2, 2.0), (0.0, 0.5, 0.9), (1.4, 1.0), colour="#fff3e2")


def _on_board(x: float, y: float) -> tuple[float, float, float]:
    turn = math.radians(BOARD_TURN_DEG)
    return (
        BOARD_AT[0] + x * math.cos(turn) - y * math.sin(turn),
        BOARD_AT[1] + x * math.sin(turn) + y * math.cos(turn),
        TOP + 0.024,
    )


KITCHEN = Sample(
    name="kitchen",
    build=build,
    camera=Camera(864, 1152, 26, (0.02, -0.46, 1.5), yaw_deg=-1.5, pitch_deg=-28, roll_deg=0.3),
    surroundings="indoor",
    exposure=0.6,
    depth_units_per_metre=1000.0,
    known_lengths=(
        KnownLength(
            "cutting board, 2 cm in from its ends", _on_board(-0.21, -0.112), _on_board(0.21, -0.112)
        ),
        KnownLength("five wall tiles", (-0.375, WALL - 0.008, 1.3875), (0.375, WALL - 0.008, 1.3875)),
    ),
    levels=(Level("counter", TOP, (440, 905, 540, 970)),),
    orientation=6,
)
