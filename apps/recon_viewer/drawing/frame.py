"""Computes everything that is shown for a state, outside the window's thread."""

from collections.abc import Mapping
from dataclasses import replace
from operator import is_

import numpy as np

from recon.errors import ReconError
from recon.frames import gl_T_cam
from recon.geometry.floor_plan import Plan
from recon.render.drawable import Drawn, draw_geometry, draw_scene, pictures
from recon.scene import Scene
from recon_viewer.drawing.across_photos import FilesOnce, distance_across
from recon_viewer.drawing.level_of_detail import for_the_view, while_moving
from recon_viewer.drawing.line_sets import joined
from recon_viewer.drawing.picture import Picture, Pictures
from recon_viewer.drawing.pixel_colours import NOTES, PixelColours, pixel_colours
from recon_viewer.drawing.plan_overlay import (
    NO_PLAN,
    PlanOverlay,
    plan_or_none,
    plan_overlay,
)
from recon_viewer.drawing.scene_lines import scene_lines
from recon_viewer.drawing.scene_notes import scene_notes
from recon_viewer.drawing.section import (
    Sections,
    ceiling_m,
    section_T_turned,
    turned_T_upright,
)
from recon_viewer.drawing.walls_turn import WallsTurns
from recon_viewer.model.layer_scene import Adjuster
from recon_viewer.model.measurements import Reading, point_of, read
from recon_viewer.model.same_photo import shown_together
from recon_viewer.model.state import Layer, Measured, Pick, State


class Painter:
    """Turns states into pictures, reusing what has not changed; not thread-safe."""

    def __init__(self) -> None:
        self._adjuster = Adjuster()
        self._drawn: dict[int, tuple[tuple[object, ...], tuple[Drawn, Drawn | None]]] = {}
        self._sections = Sections()
        self._turns = WallsTurns(self._adjuster)
        self._pixels: dict[int, tuple[tuple[object, ...], PixelColours | None]] = {}
        self._pictures: tuple[tuple[object, ...], Pictures | None] = ((), None)
        self._plan: tuple[Scene | None, Plan | None] = (None, None)
        self._readings: dict[Measured, tuple[tuple[object, ...], Reading]] = {}

    def paint(self, state: State, *, preview: bool = False, few: bool = False) -> Picture:
        """Computes the picture of a state.

        Args:
            state: The state to show.
            preview: Whether to use only a subset of the active layer's pixels, while a slider is moving.
            few: Whether to show at rest, too, what is drawn while the camera moves: a section is being dragged.
        """
        keys = {layer.key for layer in state.layers}
        self._adjuster.forget(keys)
        self._drawn = {key: made for key, made in self._drawn.items() if key in keys}
        self._sections.forget(keys)
        self._turns.forget(keys)
        self._pixels = {key: made for key, made in self._pixels.items() if key in keys}
        try:
            return self._painted(state, preview, few)
        except (ReconError, MemoryError) as error:
            problem = str(error) or "not enough memory: downsample the scene (Every Nth pixel)"
            return Picture(state, preview, problem=problem)

    def _painted(self, state: State, preview: bool, few: bool) -> Picture:
        scenes = {
            layer.key: self._adjuster.scene_of(layer, preview=preview and layer.key == state.active)
            for layer in state.layers
            if layer.base is not None
        }
        shown = shown_together(state)
        levels = {
            layer.key: self._draw(
                layer, state, shown, scenes, moves=not (preview and layer.key == state.active)
            )
            for layer in shown
        }
        active = state.layer
        if active is None:
            return Picture(state, preview)
        adjuster = self._adjuster
        world_T_cam, upright_T_cam = adjuster.world_T_cam(active), adjuster.upright_T_cam(active)
        # Measurements use the whole scene, never its preview.
        whole = {key: (self._adjuster.scene_of(layer) if preview and key == state.active else scenes[key])
                 for key in scenes if (layer := state.by_key(key)) is not None}  # fmt: skip
        plan = self._plan_of(state, whole.get(active.key), preview)
        turn_rad = self._turns.of(active, preview)
        turned_T_world = turned_T_upright(turn_rad) @ upright_T_cam @ np.linalg.inv(world_T_cam)
        section_T_world = section_T_turned() @ turned_T_world
        drawn, moving = self._sections.shown(levels, section_T_world, state.view.section, few)
        uncut = {key: full for key, (full, _) in levels.items()}
        reach = self._sections.reach_of_all(uncut, section_T_world)
        lines, frusta = scene_lines(state, uncut, whole.get(active.key), turned_T_world, reach, adjuster)
        return Picture(
            state,
            preview,
            drawn,
            moving,
            whole,
            lines,
            joined(list(frusta.values())),
            frusta,
            self._side_pictures(state, scenes),
            self._read(state, whole),
            tuple(self._mark(pick, state, whole) for pick in state.pending),
            world_T_cam,
            {layer.key: adjuster.world_T_cam(layer) for layer in state.layers},
            upright_T_cam,
            (world_T_cam @ np.linalg.inv(upright_T_cam))[:3, 1],
            # A preview has depth edges only for its own pixels.
            (*self._colour_notes(active), *scene_notes(state, uncut, scenes, whole)),
            self._ceiling_m(active),
            self._plan_shown(plan, turn_rad, active, Picture(state, preview, drawn), whole.get(active.key)),
            section_T_world,
            reach,
        )

    def _draw(
        self, layer: Layer, state: State, shown: list[Layer], scenes: Mapping[int, Scene], *, moves: bool
    ) -> tuple[Drawn, Drawn | None]:
        """The layer at rest and, if ``moves``, while the camera moves; None: the same."""
        share, scene = _share(layer, state, shown), scenes.get(layer.key)
        colours = None if scene is None else self._pixel_colours(layer, state, scenes)
        painted = None if colours is None else colours.rgb
        view, world_T_cam = state.view, self._adjuster.world_T_cam(layer)
        inputs = (
            scene or layer.geometry, painted, view.shown_as, view.colours, view.colormap, share,
            world_T_cam.tobytes(), moves,
        )  # fmt: skip
        before = self._drawn.get(layer.key)
        same = before is not None and all(map(is_, before[0][:2], inputs[:2])) and before[0][2:] == inputs[2:]
        if before is not None and same:
            return before[1]
        made: tuple[Drawn, Drawn | None]
        if scene is not None:
            drawn_scene = for_the_view(scene, view)
            full = draw_scene(drawn_scene, view, world_T_cam, share=share, painted=painted)
            few = (
                while_moving(full, scene, view, world_T_cam, share=share, painted=painted) if moves else None
            )
            made = full, few
        else:
            assert layer.geometry is not None
            made = draw_geometry(layer.geometry, view, world_T_cam), None
        self._drawn[layer.key] = (inputs, made)
        return made

    def _colour_notes(self, active: Layer) -> list[str]:
        inputs, colours = self._pixels.get(active.key, ((), None))
        return [NOTES[str(inputs[0])]] if colours is not None and not colours.is_known else []

    def _ceiling_m(self, layer: Layer) -> float | None:
        if layer.base is None:
            return None
        upright_T_cam = self._adjuster.upright_T_cam(layer)
        height_m = self._adjuster.once(layer, "ceiling", lambda scene: ceiling_m(scene, upright_T_cam))
        assert height_m is None or isinstance(height_m, float)
        return height_m

    def _plan_of(self, state: State, scene: Scene | None, preview: bool) -> Plan | None:
        if scene is None or not state.view.plan or preview:
            return None
        if self._plan[0] is not scene:
            self._plan = scene, plan_or_none(scene)
        return self._plan[1]

    def _plan_shown(
        self, plan: Plan | None, turn_rad: float, layer: Layer, made: Picture, scene: Scene | None
    ) -> PlanOverlay:
        if plan is None or scene is None or not made.drawn:
            return NO_PLAN
        world_T_cam, upright_T_cam = self._adjuster.world_T_cam(layer), self._adjuster.upright_T_cam(layer)
        placed = replace(made, world_T_cam=world_T_cam, upright_T_cam=upright_T_cam)
        top_m, interval = float(placed.upright_bounds[1][1]), scene.provenance.scale_interval
        world_T_upright = world_T_cam @ np.linalg.inv(upright_T_cam)
        return plan_overlay(plan, turn_rad, top_m, world_T_upright, interval, made.state.view.section)

    def _pixel_colours(self, layer: Layer, state: State, scenes: Mapping[int, Scene]) -> PixelColours | None:
        view = state.view
        shown = [one.key for one in shown_together(state)]
        # Of scenes that are kept, the identity is that of their depth.
        inputs = (
            view.colours,
            view.colormap,
            state.active,
            shown,
            {key: one.depth for key, one in scenes.items()},
        )
        before, made = self._pixels.get(layer.key, ((), None))
        if before and before[:-1] == inputs[:-1] and _same_values(before[-1], inputs[-1]):
            return made
        made = pixel_colours(state, layer.key, scenes)
        self._pixels[layer.key] = (inputs, made)
        return made

    def _side_pictures(self, state: State, scenes: Mapping[int, Scene]) -> Pictures | None:
        assert state.layer is not None
        scene = scenes.get(state.layer.key)
        colours = None if scene is None else self._pixel_colours(state.layer, state, scenes)
        if colours is None or colours.legend is None:
            return self._depth_pictures(state, scene)
        assert scene is not None
        return Pictures(scene.photo.rgb, colours.rgb, colours.legend)

    def _depth_pictures(self, state: State, scene: Scene | None) -> Pictures | None:
        inputs = (scene, state.view.colormap)
        before, made = self._pictures
        if before and before[0] is scene and before[1:] == inputs[1:]:
            return made
        made = None if scene is None else Pictures(*pictures(scene, state.view.colormap))
        self._pictures = (inputs, made)
        return made

    def _read(self, state: State, scenes: Mapping[int, Scene]) -> tuple[Reading, ...]:
        readings: list[Reading] = []
        kept: dict[Measured, tuple[tuple[object, ...], Reading]] = {}
        files = FilesOnce()
        for one in state.measured:
            key = one.picks[0].layer
            layer, scene = state.by_key(key), scenes.get(key)
            if layer is None:
                continue
            world_T_cam = self._adjuster.world_T_cam(layer)
            inputs = (scene and scene.depth, scene and scene.intrinsics, world_T_cam.tobytes())
            before = self._readings.get(one)
            same = before is not None and before[0][0] is inputs[0] and before[0][1:] == inputs[1:]
            made = (
                before[1]
                if before is not None and same
                else read(one, scene, world_T_cam, across=distance_across(one, layer, files))
            )
            kept[one] = (inputs, made)
            readings.append(made)
        self._readings = kept
        return tuple(readings)

    def _mark(self, pick: Pick, state: State, scenes: Mapping[int, Scene]) -> tuple[float, float, float]:
        layer = state.by_key(pick.layer)
        world_T_cam = gl_T_cam if layer is None else self._adjuster.world_T_cam(layer)
        x, y, z = world_T_cam[:3, :3] @ np.array(point_of(pick, scenes.get(pick.layer))) + world_T_cam[:3, 3]
        return float(x), float(y), float(z)


def _same_values(a: object, b: object) -> bool:
    """Whether two mappings hold the same objects."""
    assert isinstance(a, Mapping) and isinstance(b, Mapping)
    return a.keys() == b.keys() and all(a[key] is b[key] for key in a)


def _share(layer: Layer, state: State, shown: list[Layer]) -> tuple[float, float]:
    """The part of the photo's width in which a layer is shown: the curtain divides it between two scenes."""
    scenes = [one.key for one in shown if one.base is not None]
    view = state.view
    if len(scenes) != 2 or layer.key not in scenes or view.beside or view.curtain >= 1.0:
        return 0.0, 1.0
    return (0.0, view.curtain) if layer.key == scenes[0] else (view.curtain, 1.0)
