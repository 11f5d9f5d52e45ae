"""A small language for Cycles materials: nodes made, fed and linked in one expression each."""

from typing import Any

import bpy

Colour = tuple[float, float, float]


def srgb(code: str) -> Colour:
    """Linear RGB of an sRGB colour written as `#rrggbb` (IEC 61966-2-1)."""
    values = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return red, green, blue


class Shader:
    """A material under construction around one principled surface."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]
        self.output = self.tree.nodes["Material Output"]

    def node(self, kind: str, inputs: dict[str, Any] | None = None, **properties: Any) -> Any:
        """A new node; `inputs` maps socket identifiers to constants or to other nodes' output sockets."""
        made = self.tree.nodes.new("ShaderNode" + kind)
        for key, value in properties.items():
            setattr(made, key, value)
        for key, value in (inputs or {}).items():
            self.feed(made, key, value)
        return made

    def feed(self, node: Any, identifier: str, value: Any) -> None:
        """Set or link one input socket."""
        socket = next(s for s in node.inputs if s.identifier == identifier)
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif socket.type == "RGBA" and len(value) == 3:
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value

    def set(self, **inputs: Any) -> "Shader":
        """Feed the principled surface; underscores stand for the blanks of socket names."""
        for key, value in inputs.items():
            self.feed(self.surface, key.replace("_", " "), value)
        return self

    def coordinates(self, scale: Colour = (1.0, 1.0, 1.0), shift_by_object: bool = True) -> Any:
        """Object coordinates in metres, scaled per axis, and different on every object that shares this."""
        vector = self.node("TexCoord").outputs["Object"]
        if shift_by_object:
            offset = self.math("MULTIPLY", self.random(), 37.0)
            joined = self.node("CombineXYZ", {"X": offset, "Y": offset, "Z": offset}).outputs[0]
            vector = self.node("VectorMath", {"Vector": vector, "Vector_001": joined}).outputs[0]
        return self.node("Mapping", {"Vector": vector, "Scale": scale}).outputs[0]

    def random(self) -> Any:
        """A number in [0, 1) that is fixed for each object."""
        return self.node("ObjectInfo").outputs["Random"]

    def noise(self, vector: Any, scale: float, detail: float = 4.0, distortion: float = 0.0) -> Any:
        """Fractal noise around 0.5."""
        inputs = {"Vector": vector, "Scale": scale, "Detail": detail, "Distortion": distortion}
        return self.node("TexNoise", inputs).outputs["Fac"]

    def math(self, operation: str, a: Any, b: Any) -> Any:
        """One scalar operation."""
        return self.node("Math", {"Value": a, "Value_001": b}, operation=operation).outputs[0]

    def ramp(self, value: Any, stops: list[tuple[float, Colour]], constant: bool = False) -> Any:
        """A colour that follows `value` through (position, colour) stops."""
        made = self.node("ValToRGB", {"Fac": value})
        if constant:
            made.color_ramp.interpolation = "CONSTANT"
        elements = made.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (*colour, 1.0)
        return made.outputs["Color"]

    def mix(self, factor: Any, a: Any, b: Any, blend: str = "MIX") -> Any:
        """Blend of two colours."""
        inputs = {"Factor_Float": factor, "A_Color": a, "B_Color": b}
        made = self.node("Mix", None, data_type="RGBA", blend_type=blend)
        for key, value in inputs.items():
            self.feed(made, key, value)
        return next(s for s in made.outputs if s.identifier == "Result_Color")

    def bump(self, height: Any, depth_m: float, strength: float = 1.0) -> "Shader":
        """Perturb the surface's normal as if `height` in [0, 1] were `depth_m` of relief."""
        made = self.node("Bump", {"Height": height, "Distance": depth_m, "Strength": strength})
        return self.set(Normal=made.outputs[0])

    def translucent(self, share: float, colour: Any) -> "Shader":
        """Let a share of the light through, diffusely: leaves, curtains, lamp shades."""
        through = self.node("BsdfTranslucent", {"Color": colour}).outputs[0]
        mixed = self.node("MixShader", {"Fac": share})
        self.tree.links.new(self.surface.outputs[0], mixed.inputs[1])
        self.tree.links.new(through, mixed.inputs[2])
        self.tree.links.new(mixed.outputs[0], self.output.inputs[0])
        return self
