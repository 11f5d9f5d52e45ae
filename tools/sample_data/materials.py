"""Procedural materials of things indoors and out: wood, cloth, paint, metal, ceramics, leaves, pictures."""

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from tools.sample_data.shader import Colour, Shader, srgb


def plain(name: str, colour: str, roughness: float = 0.5, metallic: float = 0.0, coat: float = 0.0) -> Any:
    """One colour with a little wear in its gloss: metal, plastic, ceramics."""
    shader = Shader(name)
    wear = shader.noise(shader.coordinates(), 9.0)
    gloss = shader.math("ADD", shader.math("MULTIPLY", wear, 0.16), max(roughness - 0.08, 0.0))
    shader.set(Base_Color=srgb(colour), Roughness=gloss, Metallic=metallic, Coat_Weight=coat)
    return shader.material


def painted(
    name: str, colour: str, roughness: float = 0.6, relief_m: float = 0.0006, grain: float = 90.0
) -> Any:
    """Emulsion paint on plaster: a faint unevenness of tone and the relief of a roller."""
    shader = Shader(name)
    vector = shader.coordinates(shift_by_object=False)
    tone = shader.noise(vector, 1.3, detail=6.0)
    base = srgb(colour)
    darker: Colour = (base[0] * 0.88, base[1] * 0.88, base[2] * 0.87)
    shader.set(Base_Color=shader.ramp(tone, [(0.3, darker), (0.7, base)]), Roughness=roughness)
    return shader.bump(shader.noise(vector, grain, detail=5.0), relief_m).material


def wood(
    name: str, dark: str, light: str, along: str = "x", roughness: float = 0.42, scale: float = 1.0
) -> Any:
    """Sawn wood whose grain runs along one axis of the object; every board has its own tone."""
    shader = Shader(name)
    stretch = {"x": (0.9, 11.0, 11.0), "y": (11.0, 0.9, 11.0), "z": (11.0, 11.0, 0.9)}[along]
    vector = shader.coordinates((stretch[0] * scale, stretch[1] * scale, stretch[2] * scale))
    rings = shader.noise(vector, 1.1, detail=3.0, distortion=1.6)
    fibre = shader.noise(vector, 9.0, detail=6.0)
    colour = shader.ramp(rings, [(0.32, srgb(dark)), (0.52, srgb(light)), (0.7, srgb(dark))])
    colour = shader.mix(0.35, colour, shader.ramp(fibre, [(0.35, srgb(dark)), (0.65, srgb(light))]))
    tone = shader.math("ADD", shader.math("MULTIPLY", shader.random(), 0.42), 0.72)
    grey = shader.node("CombineXYZ", {"X": tone, "Y": tone, "Z": tone}).outputs[0]
    colour = shader.mix(1.0, colour, grey, blend="MULTIPLY")
    gloss = shader.math("ADD", shader.math("MULTIPLY", fibre, 0.25), roughness - 0.12)
    return shader.set(Base_Color=colour, Roughness=gloss).bump(fibre, 0.0006, 0.6).material


def cloth(
    name: str, colour: str, second: str | None = None, thread_m: float = 0.004, sheen: float = 0.25
) -> Any:
    """Woven cloth: two crossing threads as relief, a mottled tone, a soft sheen."""
    shader = Shader(name)
    vector = shader.coordinates()
    scale = 0.5 / thread_m
    waves = [
        shader.node(
            "TexWave",
            {"Vector": vector, "Scale": scale, "Distortion": 1.5, "Detail": 1.0},
            bands_direction=axis,
        ).outputs["Fac"]
        for axis in ("X", "Y", "Z")
    ]
    weave = shader.math(
        "MULTIPLY", shader.math("ADD", waves[0], shader.math("ADD", waves[1], waves[2])), 0.33
    )
    mottle = shader.math(
        "ADD", shader.noise(vector, 5.0), shader.math("MULTIPLY", shader.noise(vector, 180.0), 0.6)
    )
    tones = [(0.55, srgb(second or colour)), (1.0, srgb(colour))]
    colour_out = shader.mix(0.25, shader.ramp(mottle, tones), shader.ramp(weave, tones))
    shader.set(Base_Color=colour_out, Roughness=0.92, Sheen_Weight=sheen, Sheen_Roughness=0.5)
    return shader.bump(weave, thread_m * 0.35, 0.7).material


def sheer(name: str, colour: str, share: float) -> Any:
    """Thin cloth or paper that light comes through."""
    shader = Shader(name)
    vector = shader.coordinates()
    shader.set(Base_Color=srgb(colour), Roughness=0.95).bump(shader.noise(vector, 400.0), 0.0005)
    return shader.translucent(share, srgb(colour)).material


def leaf(name: str, dark: str, light: str, gloss: float = 0.45, share: float = 0.3) -> Any:
    """Leaves whose vertices carry a number `shade` in [0, 1]: the tone of each leaf."""
    shader = Shader(name)
    shade = shader.node("Attribute", None, attribute_name="shade").outputs["Fac"]
    colour = shader.ramp(shade, [(0.0, srgb(dark)), (1.0, srgb(light))])
    return shader.set(Base_Color=colour, Roughness=gloss).translucent(share, colour).material


def glass(name: str, tint: str, roughness: float = 0.02) -> Any:
    """Coloured glass whose shadow is clear and tinted: caustics are off, and would make it black."""
    shader = Shader(name).set(Base_Color=srgb(tint), Roughness=roughness)
    shader.set(Transmission_Weight=1.0, IOR=1.45)
    clear = shader.node("BsdfTransparent", {"Color": srgb(tint)}).outputs[0]
    shadow = shader.node("LightPath").outputs["Is Shadow Ray"]
    mixed = shader.node("MixShader", {"Fac": shadow})
    shader.tree.links.new(shader.surface.outputs[0], mixed.inputs[1])
    shader.tree.links.new(clear, mixed.inputs[2])
    shader.tree.links.new(mixed.outputs[0], shader.output.inputs[0])
    return shader.material


def picture(name: str, rgb: NDArray[np.float64], axes: str = "xz", roughness: float = 0.5) -> Any:
    """An image (H, W, 3), sRGB in [0, 1], stretched over the object's box seen along the third axis."""
    height, width = rgb.shape[:2]
    image = bpy.data.images.new(name, width, height)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = rgb[::-1]  # Blender's first row is the lowest
    image.pixels.foreach_set(rgba.ravel())
    image.pack()
    shader = Shader(name)
    parts = shader.node("SeparateXYZ", {"Vector": shader.node("TexCoord").outputs["Generated"]}).outputs
    across, up = parts["xyz".index(axes[0])], parts["xyz".index(axes[1])]
    vector = shader.node("CombineXYZ", {"X": across, "Y": up}).outputs[0]
    colour = shader.node("TexImage", {"Vector": vector}, image=image, extension="EXTEND").outputs["Color"]
    grain = shader.noise(shader.coordinates(), 350.0)
    return shader.set(Base_Color=colour, Roughness=roughness).bump(grain, 0.001, 0.5).material


def book_cloth(name: str, palette: list[str]) -> Any:
    """Book covers: a colour of the palette for each object, with title bands across the spine."""
    shader = Shader(name)
    stops = [(i / len(palette), srgb(code)) for i, code in enumerate(palette)]
    base = shader.ramp(shader.random(), stops, constant=True)
    height = shader.node("SeparateXYZ", {"Vector": shader.node("TexCoord").outputs["Generated"]}).outputs["Z"]
    turned = shader.math("FRACT", shader.math("MULTIPLY", shader.random(), 71.0), 0.0)
    start = shader.math("ADD", shader.math("MULTIPLY", turned, 0.35), 0.35)
    band = shader.math("COMPARE", height, start)
    band.node.inputs[2].default_value = 0.09
    foot = shader.math("COMPARE", height, 0.12)
    foot.node.inputs[2].default_value = 0.015
    ink = shader.ramp(
        turned, [(0.0, srgb("#e9dfc6")), (0.4, srgb("#2b2622")), (0.7, srgb("#c9a553"))], constant=True
    )
    marks = shader.math("GREATER_THAN", shader.noise(shader.coordinates((1, 1, 1)), 150.0), 0.52)
    share = shader.math("MULTIPLY", shader.math("MAXIMUM", shader.math("MULTIPLY", band, marks), foot), 0.85)
    return shader.set(Base_Color=shader.mix(share, base, ink), Roughness=0.6).material
