"""The controls on the right: layers, display, filters, measurements."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui

from recon.depth_map.colormap import COLORMAPS
from recon.render.style import COLOURS, SHOWN_AS, View
from recon_viewer.controller import Controller
from recon_viewer.drawing.picture import Picture
from recon_viewer.model import commands
from recon_viewer.model.state import Layer
from recon_viewer.ui.controls import Controls
from recon_viewer.ui.measure_panel import MeasureGroup
from recon_viewer.ui.section_panel import SectionGroup
from recon_viewer.ui.trust_panel import TrustGroup

_FARTHEST_M = 30.0
_EDGE_MOST = 0.2
_COLOURS = ("photo", "depth", "normals", "dropped points", "error in %", "error in m", "difference")
_STRIDES = ("automatic", "every pixel", "every 2nd", "every 3rd", "every 4th", "every 6th", "every 8th")
_STRIDE_NUMBERS = (None, 1, 2, 3, 4, 6, 8)


class Panel(Controls):
    """All controls; ``show`` sets them to a state without triggering their callbacks."""

    def __init__(
        self, window: Any, controller: Controller, act: Callable[[str], None], done: Callable[[], None]
    ) -> None:
        """``done`` is called after using a control that does not need the keyboard afterwards."""
        super().__init__(window, act, done, self._lags)
        self._controller = controller
        self.edge_slider: Any = gui.Slider(gui.Slider.DOUBLE)
        self._keys: list[int] = []
        self._shown_key: int | None = None
        self._layers()
        self._showing()
        self._keeping()
        self.section = SectionGroup(self, controller)
        self._measure = MeasureGroup(self, controller)
        self._trust = TrustGroup(self, controller)
        self._advanced()
        window.add_child(self.widget)

    def show(self, picture: Picture) -> None:
        """Sets every control to the current state."""
        self.quiet = True
        try:
            state = picture.state
            self._shown_key = state.active
            self._keys = [layer.key for layer in state.layers]
            self._list.set_items([("" if one.visible else "(hidden) ") + one.name for one in state.layers])
            if state.active in self._keys:
                self._list.selected_index = self._keys.index(state.active)
            layer = state.layer
            self._visible.checked = layer is not None and layer.visible
            seen = [one for one in state.layers if one.visible]
            self._beside.visible, self._beside.checked = len(seen) > 1, state.view.beside
            scenes = sum(1 for key in picture.drawn if key in picture.scenes)
            self._wipe.visible = scenes == 2 and not state.view.beside
            self._show_view(state.view)
            self._show_layer(layer, picture)
            self.section.show(picture)
            self._measure.show(picture)
            self._trust.show(picture)
        finally:
            self.quiet = False

    def _lags(self) -> bool:
        """Whether the controls still show another layer, so that changes cannot be from the user."""
        return self._shown_key != self._controller.state.active

    def _layers(self) -> None:
        group = self.group("Layers")
        self._list = gui.ListView()
        self._list.set_max_visible_items(4)
        self._list.tooltip = "Open layers; controls and tools apply to the selected one"
        self._list.set_on_selection_changed(self._selected)
        group.add_child(self._list)
        row = gui.Horiz(0.4 * self.em)
        self._visible = gui.Checkbox("visible")
        self._visible.set_on_checked(self.heard(self._set_visible))
        row.add_child(self._visible)
        self.button(row, "Close", "close-layer", "Closes the selected layer")
        self.button(
            row, "Run again...", "run-again", "Re-run with another depth model, as a new layer, to compare"
        )
        group.add_child(row)
        self._wipe = self.rows(group)
        self._curtain = gui.Slider(gui.Slider.DOUBLE)
        self._curtain.set_limits(0.0, 1.0)
        self.slid(self._curtain, lambda value: self._controller.view(curtain=value))
        self.row(
            self._wipe,
            "wipe",
            self._curtain,
            "Divides the photo between two scenes of it: first left, second right",
        )
        self._beside = gui.Checkbox("two views side by side")
        self._beside.tooltip = "The selected layer and another, seen by one camera (T)"
        self._beside.set_on_checked(self.heard(lambda on: self._controller.view(beside=bool(on))))
        group.add_child(self._beside)

    def _showing(self) -> None:
        group = self.group("Show")
        rows = self.rows(group)
        self._shape = gui.Combobox()
        for text in ("points", "mesh", "wireframe"):
            self._shape.add_item(text)
        self.row(rows, "geometry", self._shape, "Points, mesh, or the edges of triangles (P, M, W)")
        self._shape.set_on_selection_changed(
            self.heard(lambda at: self._controller.view(shown_as=SHOWN_AS[at]))
        )
        self._colours = gui.Combobox()
        for text in _COLOURS:
            self._colours.add_item(text)
        self._colours.set_on_selection_changed(
            self.heard(lambda at: self._controller.view(colours=COLOURS[at]))
        )
        tip = (
            "Dropped points: red at depth edges, blue beyond the largest depth. Error: of each point's depth (95 %). "
            "Difference: of two visible scenes of one photo (C)"
        )
        self.row(rows, "colours", self._colours, tip)
        self._size = gui.Slider(gui.Slider.INT)
        self._size.set_limits(1, 12)
        self._size.set_on_value_changed(
            self.heard(lambda value: self._controller.view(point_size_px=float(value)))
        )
        self.row(rows, "point size", self._size, "Screen px (+ and -)")
        self._switches: dict[str, Any] = {}
        names = ("grid", "axes", "frustum", "labels", "light", "dark")
        words = {"grid": "floor grid", "frustum": "photo's camera", "light": "lighting", "dark": "dark"}
        grid = gui.VGrid(3, 0.3 * self.em)
        for name in names:
            box = gui.Checkbox(words.get(name, name))
            box.set_on_checked(self._switch(name))
            self._switches[name] = box
            grid.add_child(box)
        group.add_child(grid)

    def _keeping(self) -> None:
        group = self.group("Filter")
        rows = self.rows(group)
        self._depth = gui.Slider(gui.Slider.DOUBLE)
        self._depth.set_limits(0.1, _FARTHEST_M)
        self.put(self._depth, _FARTHEST_M)
        self.slid(self._depth, self._set_depth)
        self.row(rows, "farthest (m)", self._depth, "Drops farther points; no limit at the right end")
        self.edge_slider.set_limits(0.0, _EDGE_MOST)
        self.slid(self.edge_slider, lambda value: self._option("edge", edge=round(value, 4)))
        self.row(
            rows,
            "depth edges",
            self.edge_slider,
            "Relative depth step above which edges are cut; 0: no cuts",
        )
        row = gui.Horiz(0.5 * self.em)
        self._sky = gui.Checkbox("keep sky")
        self._sky.tooltip = "Keeps the sky as a backdrop at an arbitrary distance"
        self._sky.set_on_checked(self.heard(lambda on: self._option(None, sky="keep" if on else "drop")))
        self._level = gui.Checkbox("align with gravity")
        self._level.tooltip = "Estimates gravity from floor, walls and lines, and puts the floor at height 0"
        self._level.set_on_checked(self.heard(lambda on: self._option(None, level=bool(on))))
        row.add_child(self._sky)
        row.add_child(self._level)
        group.add_child(row)
        row = gui.Horiz(0.25 * self.em)
        self.button(row, "Crop box...", "crop", "Keeps a box, in metres")
        group.add_child(row)

    def _advanced(self) -> None:
        group = self.group("Advanced", open_=False)
        rows = self.rows(group)
        self._map = gui.Combobox()
        for text in COLORMAPS:
            self._map.add_item(text)
        self._map.set_on_selection_changed(
            self.heard(lambda at: self._controller.view(colormap=COLORMAPS[at]))
        )
        self.row(rows, "colour map", self._map, "Colours of depth; the legend is next to the depth map")
        self._stride = gui.Combobox()
        for text in _STRIDES:
            self._stride.add_item(text)
        self._stride.set_on_selection_changed(
            self.heard(lambda at: self._option(None, stride=_STRIDE_NUMBERS[at]))
        )
        self.row(
            rows,
            "stride",
            self._stride,
            "Which pixels of the photo become points and vertices; automatic: all points, about 1 million triangles",
        )
        self._focal = gui.NumberEdit(gui.NumberEdit.DOUBLE)
        self._focal.decimal_precision = 1
        self._focal.set_limits(1, 1e6)
        self.slid(self._focal, self._set_focal)
        tip = "Focal length, px of the photo; sets the scale with Depth Pro"
        self.row(rows, "focal length (px)", self._focal, tip)

    @property
    def selected_reading(self) -> int | None:
        """Index of the selected measurement, or None."""
        return self._measure.selected

    def _selected(self, text: str, double: bool) -> None:
        at = self._list.selected_index
        if not self.quiet and 0 <= at < len(self._keys):
            key = self._keys[at]
            self._controller.do(lambda state: commands.activate(state, key))
            self.done()

    def _set_visible(self, on: bool) -> None:
        key = self._controller.state.active
        if key is not None:
            self._controller.do(lambda state: commands.set_visible(state, key, bool(on)))

    def _switch(self, name: str) -> Callable[..., None]:
        return self.heard(lambda on: self._controller.view(**{name: bool(on)}))

    def _option(self, slider: str | None, **changes: Any) -> None:
        self._controller.do(lambda state: commands.set_options(state, **changes), coalesce=slider)

    def _set_depth(self, value: float) -> None:
        most = self._depth.get_maximum_value
        self._option("max_depth", max_depth=None if value >= 0.999 * most else round(value, 3))

    def _set_focal(self, value: float) -> None:
        self._controller.do(lambda state: commands.set_focal(state, value))

    def _show_view(self, view: View) -> None:
        self._shape.selected_index = SHOWN_AS.index(view.shown_as)
        self._colours.selected_index = COLOURS.index(view.colours)
        if view.colormap in COLORMAPS:
            self._map.selected_index = COLORMAPS.index(view.colormap)
        self._size.int_value = int(view.point_size_px)
        self.put(self._curtain, view.curtain)
        for name, box in self._switches.items():
            box.checked = bool(getattr(view, name))

    def _show_layer(self, layer: Layer | None, picture: Picture) -> None:
        has_depth = layer is not None and layer.base is not None
        for widget in (self._depth, self.edge_slider, self._stride, self._focal, self._sky, self._level):
            widget.enabled = has_depth
        if layer is None or layer.base is None:
            return
        options, scene = layer.options, picture.scenes.get(layer.key)
        # After a rescale the range follows.
        depth = (scene or layer.base).depth
        known = depth.z_m[::7, ::7][depth.valid[::7, ::7]]
        farthest = float(known.max()) * 1.05 if known.size else _FARTHEST_M
        self._depth.set_limits(min(0.1, farthest / 10), farthest)
        self.put(self._depth, farthest if options.max_depth is None else min(options.max_depth, farthest))
        self.put(self.edge_slider, options.edge)
        if options.stride in _STRIDE_NUMBERS:
            self._stride.selected_index = _STRIDE_NUMBERS.index(options.stride)
        if scene is not None and not picture.preview:
            self.put(self._focal, round(scene.intrinsics.fx, 1))
        self._sky.enabled = has_depth and layer.base.sky is not None
        self._sky.checked = options.sky == "keep"
        self._level.checked = picture.is_level
