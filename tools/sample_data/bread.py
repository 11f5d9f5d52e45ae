"""A cut loaf: its crust, its crumb, its shape."""

import math
from typing import Any

from tools.sample_data.shader import Shader, srgb
from tools.sample_data.shapes import Point, padded, place, tilt


def crust(name: str) -> Any:
    """Baked crust, dark on its ridges, dusted with flour."""
    shader = Shader(name)
    vector = shader.coordinates(shift_by_object=False)
    blister = shader.noise(vector, 55.0, detail=8.0)
    baked = shader.ramp(blister, [(0.34, srgb("#6b3f1a")), (0.5, srgb("#a8702f")), (0.66, srgb("#cfa05a"))])
    height = shader.node("SeparateXYZ", {"Vector": shader.node("TexCoord").outputs["Generated"]}).outputs["Z"]
    toasted = shader.ramp(
        height, [(0.15, srgb("#f0d9ad")), (0.45, (1.0, 1.0, 1.0)), (0.95, (0.62, 0.55, 0.48))]
    )
    colour = shader.mix(1.0, baked, toasted, "MULTIPLY")
    dusting = shader.noise(vector, 420.0, detail=3.0)
    flour = shader.ramp(dusting, [(0.5, (0, 0, 0)), (0.75, (0.55, 0.55, 0.55))])
    shader.set(Base_Color=shader.mix(flour, colour, srgb("#efe2cb")), Roughness=0.95)
    shader.feed(shader.surface, "Specular IOR Level", 0.15)
    return shader.bump(blister, 0.003).material


def crumb(name: str) -> Any:
    """The inside of bread: pores of several sizes."""
    shader = Shader(name)
    vector = shader.coordinates()
    pores = shader.node("TexVoronoi", {"Vector": vector, "Scale": 130.0}).outputs["Distance"]
    large = shader.math("MULTIPLY", pores, shader.math("ADD", shader.noise(vector, 30.0), 0.4))
    colour = shader.ramp(large, [(0.05, srgb("#b98f57")), (0.28, srgb("#ecd9b0")), (0.6, srgb("#f4e8cb"))])
    return shader.set(Base_Color=colour, Roughness=0.9, Subsurface_Weight=0.05).bump(large, 0.003).material


def loaf(at: Point, turn_deg: float) -> None:
    """A farmhouse loaf, cut at its right end, and two slices fallen from it."""
    skin, inside = crust("crust"), crumb("crumb")

    def shaped(name: str, x0: float, x1: float, seed: int) -> Any:
        piece = padded(name, (x0, -0.06, 0.0), (x1, 0.06, 0.115), skin, power=2.7, bulge=0.05, seed=seed)
        piece.data.materials.append(inside)
        return piece

    body = shaped("loaf", -0.15, 0.13, 1)
    for vertex in body.data.vertices:  # the cut: everything right of it is pressed into one plane
        vertex.co.x = min(vertex.co.x, 0.075)
        ridge = math.exp(-(((vertex.co.x + 0.05) % 0.07 - 0.035) ** 2) / 0.00012)
        if vertex.co.z > 0.02:
            vertex.co.z -= 0.009 * ridge
    for face in body.data.polygons:
        if face.normal.x > 0.9 and face.center.x > 0.07:
            face.material_index, face.use_smooth = 1, False
    parts = [body]
    for index, (x, lean) in enumerate(((0.105, 52), (0.145, 74))):
        piece = padded(
            "slice", (-0.007, -0.056, -0.05), (0.007, 0.056, 0.05), skin, power=2.9, seed=5 + index
        )
        piece.data.materials.append(inside)
        for vertex in piece.data.vertices:
            vertex.co.x = max(-0.0055, min(0.0055, vertex.co.x * 1.6))
        for face in piece.data.polygons:
            if abs(face.normal.x) > 0.8:
                face.material_index, face.use_smooth = 1, False
        piece.location = (0, 0, 0)
        tilt(piece, "Y", lean, (0, 0, 0))
        reach = 0.05 * math.cos(math.radians(lean)) + 0.0055 * math.sin(math.radians(lean))
        parts += place(
            [piece], (x + 0.02 * index, 0.004 - 0.012 * index, reach + 0.007 * index), 6 - 13 * index
        )
    place(parts, at, turn_deg)
