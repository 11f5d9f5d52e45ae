"""What rooms are furnished with: by theme, what stands along the walls, in the middle, and what none lacks."""

from __future__ import annotations

from collections.abc import Callable

from tools.preview import bathrooms, furniture, kitchens
from tools.preview.scene import Builder

Maker = Callable[[Builder], tuple[float, float]]


def kitchen_units(b: Builder) -> tuple[float, float]:
    """A run of kitchen cabinets of 1.2 to 4 m."""
    length = b.between(1.2, 4)
    return kitchens.kitchen_run(b, length) if b.chance(0.8) else furniture.counter(b, length)


THEMES: dict[str, tuple[list[Maker], list[Maker]]] = {
    "living": (
        [
            furniture.shelf,
            furniture.cabinet,
            furniture.sofa,
            furniture.floor_lamp,
            furniture.big_plant,
            furniture.table,
        ],
        [furniture.table, furniture.sofa, furniture.boxes, furniture.chair, furniture.person],
    ),
    "bedroom": (
        [
            furniture.bed,
            furniture.cabinet,
            furniture.shelf,
            furniture.desk,
            furniture.floor_lamp,
            furniture.boxes,
        ],
        [furniture.boxes, furniture.chair, furniture.bed],
    ),
    "kitchen": (
        [kitchen_units, kitchen_units, kitchen_units, furniture.cabinet, furniture.shelf, furniture.table],
        [furniture.table, furniture.chair, furniture.chair, furniture.person],
    ),
    "bathroom": (
        [
            bathrooms.basin,
            bathrooms.basin,
            bathrooms.toilet,
            bathrooms.bath,
            bathrooms.bath,
            bathrooms.towels,
            furniture.shelf,
        ],
        [furniture.boxes, furniture.chair],
    ),
    "office": (
        [
            furniture.desk,
            furniture.desk,
            furniture.shelf,
            furniture.cabinet,
            furniture.big_plant,
            furniture.boxes,
        ],
        [furniture.desk, furniture.chair, furniture.table, furniture.boxes, furniture.person],
    ),
    "store": (
        [furniture.shelf, furniture.boxes, furniture.cabinet, furniture.boxes],
        [furniture.boxes, furniture.table, furniture.shelf],
    ),
}
# what a room of a theme has first of all
MAIN: dict[str, Maker] = {
    "living": furniture.sofa,
    "bedroom": furniture.bed,
    "kitchen": kitchen_units,
    "bathroom": bathrooms.basin,
    "office": furniture.desk,
    "store": furniture.shelf,
}
