"""Sample 2: a street in an old town at mid-morning. The street is z = 0; the camera looks towards +y."""

from tools.sample_data import buildings, materials, studio, town_materials, vehicles
from tools.sample_data import street_furniture as furniture
from tools.sample_data.buildings import House
from tools.sample_data.camera import Camera
from tools.sample_data.plants import tree
from tools.sample_data.sample import KnownLength, Level, Sample
from tools.sample_data.shapes import box, mesh, turned

LEFT, RIGHT, END = -6.2, 6.6, 46.0
KERB_LEFT, KERB_RIGHT = -3.6, 3.4


def build() -> None:
    """Ground, houses, trees, furniture, sun and clouds."""
    _ground()
    _houses()
    _trees()
    _furniture()
    studio.sky(strength=0.28, sun_elevation_deg=44, sun_turn_deg=161, clouds=0.9)
    studio.sun(70.0, elevation_deg=44, turn_deg=161)


def _ground() -> None:
    setts = town_materials.paving("setts", (0.19, 0.12), 0.011, ["#827d75", "#57534e", "#3c3833"], 0.012)
    slabs = town_materials.paving("slabs", (0.6, 0.4), 0.007, ["#a39c90", "#918a7e", "#5d574e"], 0.004)
    granite = town_materials.stone("granite", "#9b978f")
    earth = materials.painted("earth", "#5d5646", 0.95)
    box("roadway", (KERB_LEFT, -6, -0.2), (KERB_RIGHT, END + 10, 0), setts, 0)
    box("pavement", (LEFT - 1, -6, -0.2), (KERB_LEFT - 0.15, END + 10, 0), slabs, 0)
    box("pavement", (KERB_RIGHT + 0.15, -6, -0.2), (RIGHT + 1, END + 10, 0), slabs, 0)
    for y in range(-6, int(END)):
        for x in (KERB_LEFT - 0.15, KERB_RIGHT):
            box("kerb", (x, y, -0.2), (x + 0.15, y + 0.995, 0.0), granite, 0.006)
    box("country", (-150, -60, -0.5), (150, 220, -0.21), earth, 0)
    iron = materials.plain("manhole", "#3a3733", 0.5, metallic=0.7)
    turned("manhole", [(0, 0.003), (0.3, 0.003), (0.32, 0.0), (0.32, -0.01)], (-0.9, 6.2, 0), iron)


def _houses() -> None:
    pane = town_materials.pane("pane")
    white = materials.plain("white paint", "#e9e6dd", 0.4)
    stone = town_materials.stone("dressed stone", "#c9bfa9")
    clay = town_materials.tiles("clay tiles", ["#9a5638", "#7f4630", "#3a241b"])
    slate = town_materials.tiles("slates", ["#54585c", "#44484c", "#23262a"])
    red = town_materials.brick("red brick", ["#95503a", "#7b3f2f", "#b3a793"])
    green, blue = (
        materials.plain("shutter green", "#3f5a4a", 0.5),
        materials.plain("shutter blue", "#4b6678", 0.5),
    )
    brown = materials.wood("door wood", "#4c2e1b", "#70472a", along="z")
    rows = {
        "left": [
            House(8.0, 2, 3, town_materials.stucco("cream", "#e2cfa6"), stone, clay, white, shutters=green),
            House(
                9.0, 3, 4, red, stone, slate, white, shop=materials.cloth("awning red", "#8d2f2b", "#7c2724")
            ),
            House(
                8.5, 2, 3, town_materials.stucco("terracotta", "#c98a66"), stone, clay, white, shutters=blue
            ),
            House(10.0, 3, 4, town_materials.stucco("grey", "#b9b7ad"), stone, slate, white),
            House(9.0, 2, 4, town_materials.stucco("straw", "#d8b878"), stone, clay, brown),
        ],
        "right": [
            House(9.0, 3, 4, town_materials.stucco("pale blue", "#a9b9bf"), stone, slate, white),
            House(9.5, 2, 4, town_materials.stucco("ochre", "#d3a558"), stone, clay, white, shutters=brown),
            House(8.0, 3, 3, red, stone, clay, white),
            House(11.0, 2, 4, town_materials.stucco("chalk", "#dcd6c6"), stone, slate, white, shutters=green),
        ],
        "end": [
            House(9.0, 2, 4, town_materials.stucco("rose", "#cf9f8b"), stone, clay, white, shutters=green),
            House(9.0, 3, 4, town_materials.stucco("ivory", "#e4dac2"), stone, slate, white),
        ],
    }
    y = 1.0
    for index, house in enumerate(rows["left"]):
        buildings.build(house, (LEFT, y, 0), 90, pane, 100 + index)
        y += house.width_m + 0.01
    y = 3.0
    for index, house in enumerate(rows["right"]):
        buildings.build(house, (RIGHT, y + house.width_m, 0), -90, pane, 200 + index)
        y += house.width_m + 0.01
    x = -8.5
    for index, house in enumerate(rows["end"]):
        buildings.build(house, (x, END, 0), 0, pane, 300 + index)
        x += house.width_m + 0.01
    _church(stone, slate)


def _church(stone, slate) -> None:  # type: ignore[no-untyped-def]
    """A tower beyond the roofs."""
    wall = town_materials.stucco("church", "#cfc2a4")
    x, y, half = -2.2, 66.0, 2.6
    box("tower", (x - half, y - half, 0), (x + half, y + half, 20), wall, 0)
    for z in (13.5, 20.0):
        box(
            "band",
            (x - half - 0.25, y - half - 0.25, z),
            (x + half + 0.25, y + half + 0.25, z + 0.45),
            stone,
            0.03,
        )
    dark = materials.plain("louvre", "#3a332a", 0.9)
    for offset in (-1.0, 1.0):
        box("opening", (x + offset - 0.5, y - half - 0.04, 15), (x + offset + 0.5, y - half, 18.4), dark, 0)
    clock = materials.plain("clock", "#ece7d6", 0.5)
    box("clock", (x - 0.8, y - half - 0.08, 10.9), (x + 0.8, y - half, 12.5), clock, 0.06)
    r = half + 0.35
    corners = [
        (x - r, y - r, 20.45),
        (x + r, y - r, 20.45),
        (x + r, y + r, 20.45),
        (x - r, y + r, 20.45),
        (x, y, 29.0),
    ]
    mesh("spire", corners, [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)], slate, smooth=False)


def _trees() -> None:
    bark = materials.painted("bark", "#6b5d4c", 0.95, relief_m=0.02, grain=25)
    green = materials.leaf("lime leaf", "#34571f", "#86a443", gloss=0.5)
    iron = materials.plain("grating", "#3b3732", 0.6, metallic=0.6)
    for index, (x, y, height) in enumerate(
        [(4.5, 9.6, 6.4), (4.5, 17.5, 7.0), (4.5, 25.5, 6.6), (4.5, 33.5, 7.0)]
    ):
        tree((x, y, 0), height, 24000, 0.105, green, bark, 50 + index)
        turned("grating", [(0.2, 0.004), (0.62, 0.004), (0.63, -0.02)], (x, y, 0), iron, sides=4)


def _furniture() -> None:
    for y in (7.4, 18.0, 29.0):
        furniture.lamp_post((-4.0, y, 0))
    furniture.bench((4.5, 13.2, 0), -90)
    furniture.bin_of_iron((4.5, 11.7, 0))
    for y in (4.6, 5.9, 9.2, 10.6, 12.0):
        furniture.bollard((-3.95, y, 0))
    furniture.planter((-5.6, 8.3, 0), 5, "#b8324a")
    furniture.planter((-5.6, 17.9, 0), 7, "#c9689b")
    furniture.cafe_table((-5.0, 12.4, 0), 1)
    furniture.cafe_table((-5.0, 15.4, 0), 2)
    furniture.parasol((-4.5, 13.9, 0), "#e3d8c0")
    vehicles.bicycle((4.28, 9.5, 0), 90)
    vehicles.car((2.35, 16.0, 0), 90 + 180, "#7f9aa6")
    vehicles.car((2.35, 22.0, 0), 90 + 180, "#b9b4a8")


STREET = Sample(
    name="street",
    build=build,
    camera=Camera(1152, 864, 26, (0.4, 0.0, 1.5), yaw_deg=4, pitch_deg=5, roll_deg=-0.5),
    surroundings="outdoor",
    exposure=-2.2,
    depth_units_per_metre=256.0,
    known_lengths=(
        KnownLength(
            "roadway, from the middle of one kerb to the other's", (-3.675, 10.0, 0.0), (3.475, 10.0, 0.0)
        ),
        KnownLength(
            "brick house, along its string course", (LEFT + 0.07, 9.1, 3.72), (LEFT + 0.07, 17.6, 3.72)
        ),
        KnownLength("church tower, its upper band", (-4.8, 63.15, 20.22), (0.4, 63.15, 20.22)),
    ),
    levels=(Level("street", 0.0, (520, 740, 760, 850)),),
)
