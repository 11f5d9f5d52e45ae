"""Materials of the street, laid out in world coordinates so that courses run on from one block to the next."""

from typing import Any

from tools.sample_data.shader import Shader, srgb


def _wall_vector(shader: Shader) -> Any:
    """(along the wall, height, 0) for walls that face along x or y."""
    parts = shader.node("SeparateXYZ", {"Vector": shader.node("NewGeometry").outputs["Position"]}).outputs
    along = shader.math("ADD", parts["X"], parts["Y"])
    return shader.node("CombineXYZ", {"X": along, "Y": parts["Z"]}).outputs[0]


def _stained(shader: Shader, colour: Any, strength: float = 0.35) -> Any:
    """Rain streaks and soot: darker in vertical runs, more so near the ground."""
    position = shader.node("NewGeometry").outputs["Position"]
    streak = shader.node("Mapping", {"Vector": position, "Scale": (1.6, 1.6, 0.16)}).outputs[0]
    dirt = shader.ramp(
        shader.noise(streak, 1.0, detail=7.0), [(0.38, (0.55, 0.52, 0.48)), (0.58, (1.0, 1.0, 1.0))]
    )
    height = shader.node("SeparateXYZ", {"Vector": position}).outputs["Z"]
    splash = shader.ramp(
        shader.math("MULTIPLY", height, 0.6), [(0.0, (0.6, 0.56, 0.5)), (0.5, (1.0, 1.0, 1.0))]
    )
    return shader.mix(
        strength, colour, shader.mix(1.0, shader.mix(1.0, colour, dirt, "MULTIPLY"), splash, "MULTIPLY")
    )


def _courses(shader: Shader, vector: Any, size: tuple[float, float], joint_m: float, tones: list[str]) -> Any:
    inputs = {
        "Vector": vector,
        "Color1": srgb(tones[0]),
        "Color2": srgb(tones[1]),
        "Mortar": srgb(tones[2]),
        "Scale": 1.0,
        "Mortar Size": joint_m,
        "Mortar Smooth": 0.25,
        "Brick Width": size[0],
        "Row Height": size[1],
    }
    return shader.node("TexBrick", inputs)


def brick(name: str, tones: list[str]) -> Any:
    """Fair-faced brickwork in stretcher bond; tones are two bricks and the mortar."""
    shader = Shader(name)
    vector = _wall_vector(shader)
    courses = _courses(shader, vector, (0.24, 0.075), 0.006, tones)
    fine = shader.noise(vector, 60.0, detail=4.0)
    mottled = shader.mix(
        0.35, courses.outputs["Color"], shader.ramp(fine, [(0.3, srgb(tones[0])), (0.7, srgb(tones[1]))])
    )
    shader.set(Base_Color=_stained(shader, mottled), Roughness=0.88)
    relief = shader.math("SUBTRACT", shader.math("MULTIPLY", fine, 0.3), courses.outputs["Fac"])
    return shader.bump(relief, 0.008).material


def stucco(name: str, colour: str, grain: float = 55.0) -> Any:
    """Coloured render with streaks of rain."""
    shader = Shader(name)
    position = shader.node("NewGeometry").outputs["Position"]
    base = srgb(colour)
    tone = shader.noise(position, 0.9, detail=8.0)
    faded = shader.ramp(tone, [(0.3, (base[0] * 0.82, base[1] * 0.8, base[2] * 0.78)), (0.7, base)])
    shader.set(Base_Color=_stained(shader, faded, 0.5), Roughness=0.9)
    return shader.bump(shader.noise(position, grain, detail=6.0), 0.004).material


def stone(name: str, colour: str) -> Any:
    """Dressed stone: sills, kerbs, steps."""
    shader = Shader(name)
    position = shader.node("NewGeometry").outputs["Position"]
    base = srgb(colour)
    speckle = shader.noise(position, 130.0, detail=3.0)
    tone = shader.ramp(speckle, [(0.35, (base[0] * 0.7, base[1] * 0.7, base[2] * 0.7)), (0.6, base)])
    shader.set(Base_Color=_stained(shader, tone, 0.3), Roughness=0.8)
    return shader.bump(speckle, 0.0015).material


def paving(name: str, size: tuple[float, float], joint_m: float, tones: list[str], relief_m: float) -> Any:
    """Setts or slabs on the ground, worn unevenly, with darker damp patches."""
    shader = Shader(name)
    position = shader.node("NewGeometry").outputs["Position"]
    wobble = shader.node("TexNoise", {"Vector": position, "Scale": 9.0, "Detail": 2.0}).outputs["Color"]
    inputs = {"Vector": wobble, "Vector_001": (joint_m * 3, joint_m * 3, 0.0), "Vector_002": position}
    bent = shader.node("VectorMath", inputs, operation="MULTIPLY_ADD").outputs[0]
    courses = _courses(shader, bent, size, joint_m, tones)
    speckle = shader.noise(position, 70.0, detail=5.0)
    patches = shader.noise(position, 0.55, detail=7.0)
    colour = shader.mix(
        0.3, courses.outputs["Color"], shader.ramp(speckle, [(0.3, srgb(tones[2])), (0.7, srgb(tones[1]))])
    )
    damp = shader.ramp(patches, [(0.35, (0.62, 0.6, 0.58)), (0.6, (1.0, 1.0, 1.0))])
    gloss = shader.math("ADD", shader.math("MULTIPLY", patches, 0.5), 0.42)
    shader.set(Base_Color=shader.mix(0.8, colour, shader.mix(1.0, colour, damp, "MULTIPLY")), Roughness=gloss)
    crown = shader.math("SUBTRACT", shader.math("MULTIPLY", speckle, 0.35), courses.outputs["Fac"])
    return shader.bump(crown, relief_m).material


def tiles(name: str, tones: list[str]) -> Any:
    """Rows of clay roof tiles."""
    shader = Shader(name)
    vector = _wall_vector(shader)
    courses = _courses(shader, vector, (0.22, 0.16), 0.012, tones)
    shade = shader.noise(vector, 2.0, detail=6.0)
    moss = shader.mix(
        shader.ramp(shade, [(0.5, (0, 0, 0)), (0.75, (0.5, 0.5, 0.5))]),
        courses.outputs["Color"],
        srgb("#55503c"),
    )
    return shader.set(Base_Color=moss, Roughness=0.85).bump(courses.outputs["Fac"], 0.03).material


def pane(name: str) -> Any:
    """A window from outside by day: dark, mirroring, here and there a curtain behind it."""
    shader = Shader(name)
    rooms = [(0.0, srgb("#10151a")), (0.45, srgb("#20262a")), (0.7, srgb("#8f8a80")), (0.86, srgb("#3a342c"))]
    across = shader.node("SeparateXYZ", {"Vector": shader.node("TexCoord").outputs["Generated"]}).outputs["Z"]
    drawn = shader.ramp(across, [(0.25, (0.25, 0.25, 0.25)), (0.6, (1.0, 1.0, 1.0))])
    room = shader.mix(1.0, shader.ramp(shader.random(), rooms, constant=True), drawn, "MULTIPLY")
    ripple = shader.noise(shader.coordinates(), 2.5, detail=1.0)
    return shader.set(Base_Color=room, Roughness=0.04, IOR=1.6, Coat_Weight=0.4).bump(ripple, 0.004).material
