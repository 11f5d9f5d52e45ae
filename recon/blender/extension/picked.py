"""The two points that the user has picked, as positions in the photo."""

from dataclasses import dataclass

import bmesh
import bpy
from mathutils import Vector

from .background import Failed

_HOW = "Pick two vertices of the scene in Edit Mode, or select two empties in Object Mode."


@dataclass(frozen=True)
class Pair:
    """Two points."""

    positions_px: tuple[str, str]
    """In the photo, as recon reads them: ``812.5,440``."""
    distance_m: float
    """Between them in Blender's world."""


def picked_pair(context: "bpy.types.Context", camera: "bpy.types.Object") -> Pair:
    """The picked points as the photo's camera sees them.

    Raises:
        Failed: Not two points, or one that the photo does not show.
    """
    points = _vertices(context) if context.mode == "EDIT_MESH" else _empties(context)
    if len(points) != 2:
        raise Failed(f"{len(points)} points are picked. {_HOW}")
    first, second = (_position(point, camera) for point in points)
    unit_m = context.scene.unit_settings.scale_length
    return Pair((first, second), (points[0] - points[1]).length * unit_m)


def _vertices(context: "bpy.types.Context") -> list[Vector]:
    points = []
    for item in context.objects_in_mode:
        vertices = bmesh.from_edit_mesh(item.data).verts
        points += [item.matrix_world @ vertex.co for vertex in vertices if vertex.select]
    return points


def _empties(context: "bpy.types.Context") -> list[Vector]:
    return [item.matrix_world.translation for item in context.selected_objects if item.type == "EMPTY"]


def _position(point: Vector, camera: "bpy.types.Object") -> str:
    """Where the photo's camera sees a point of the world.

    Blender's camera looks along -z with y up; the photo's y points down, and its intrinsics are custom properties of
    the camera.
    """
    lens = camera.data
    x, y, z = camera.matrix_world.inverted() @ point
    if z >= 0:
        raise Failed("A picked point is behind the photo's camera.")
    u, v = lens["cx"] + lens["fx"] * x / -z, lens["cy"] - lens["fy"] * y / -z
    if not (0 <= u <= lens["width"] and 0 <= v <= lens["height"]):
        raise Failed("A picked point is outside the photo.")
    return f"{u:.3f},{v:.3f}"
