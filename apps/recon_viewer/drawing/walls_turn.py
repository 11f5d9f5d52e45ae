"""The direction of a room's walls: a section and the view from above are along them."""

from dataclasses import replace

from recon.errors import ReconError
from recon.frames import Transform
from recon.geometry.floor_plan import plan_of, turn_to_walls
from recon.geometry.gravity import Levelling
from recon.outputs.floor_plan import HEIGHT_M
from recon.scene import Scene
from recon_viewer.model.layer_scene import Adjuster, coarse
from recon_viewer.model.state import Layer

_PIXELS = 160_000
"""For the direction of the walls: in a sample room, 0.2 degrees from that of the whole plan, which takes several
times as long; 2 degrees with a quarter of them."""


class WallsTurns:
    """How far the walls of each layer are turned, rad; not thread-safe."""

    def __init__(self, adjuster: Adjuster) -> None:
        self._adjuster = adjuster
        self._turns: dict[int, float] = {}
        """By layer key."""

    def forget(self, keys: set[int]) -> None:
        """Drops what was kept of other layers than these."""
        self._turns = {key: turn for key, turn in self._turns.items() if key in keys}

    def of(self, layer: Layer, preview: bool) -> float:
        """Of the walls of the uncropped scene, with or without a plan: limits of the section stay where they are.

        Previews do not wait for it.
        """
        levelling = self._adjuster.levelling_of(layer)
        if levelling is None or preview:
            return self._turns.get(layer.key, 0.0)
        upright_T_cam = self._adjuster.upright_T_cam(layer)

        def turn(scene: Scene) -> float:
            try:
                return walls_turn_rad(scene, levelling, upright_T_cam)
            except ReconError:  # no surface is left
                return 0.0

        self._turns[layer.key] = self._adjuster.once(layer, "walls", turn)
        return self._turns[layer.key]


def walls_turn_rad(scene: Scene, levelling: Levelling, upright_T_cam: Transform) -> float:
    """How far the walls are turned (``turn_to_walls``), without waiting for the plan; 0 if gravity is unknown."""
    if not levelling.trusted:
        return 0.0
    small = coarse(scene, _PIXELS)
    mesh = small.with_options(
        replace(small.options, stride=1, voxel=None, fill=False, faces=None, error=None)
    ).mesh()
    height_m = 0.0 if levelling.camera_height_m is None else HEIGHT_M
    return turn_to_walls(plan_of(mesh, upright_T_cam, height_m).lines) if len(mesh.faces) else 0.0
