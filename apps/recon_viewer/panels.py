"""The controls at the right: layers, how it is shown, what is kept, what is measured."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui

from recon.depthpicture import COLORMAPS
from recon_viewer import commands
from recon_viewer.controller import Controller
from recon_viewer.picture import Picture
from recon_viewer.state import COLOURS, SHOWN_AS, TOOLS, Layer, View

_FARTHEST_M = 30.0
_EDGE_MOST = 0.2
_STRIDES = ("every pixel", "every 2nd", "every 3rd", "every 4th", "every 6th", "every 8th")
_STRIDE_NUMBERS = (1, 2, 3, 4, 6, 8)


class Panel:
    """All controls; ``show`` sets them to a picture's state without firing them."""

    def __init__(
        self, window: Any, controller: Controller, act: Callable[[str], None], done: Callable[[], None]
    ) -> None:
        """``done`` is called after a control was used that does not go on wanting the keys."""
        self._controller, self._act, self._done = controller, act, done
        em = window.theme.font_size
        self._em = em
        self.widget = gui.ScrollableVert(0.25 * em, gui.Margins(0.5 * em, 0.5 * em, 0.8 * em, 0.5 * em))
        self._quiet = False
        self._put_values: dict[int, float] = {}
        self._keys: list[int] = []
        self._shown_key: int | None = None
        self._layers()
        self._showing()
        self._keeping()
        self._measuring()
        window.add_child(self.widget)

    def show(self, picture: Picture) -> None:
        """Sets every control to what is now."""
        self._quiet = True
        try:
            state = picture.state
            self._shown_key = state.active
            self._keys = [layer.key for layer in state.layers]
            self._list.set_items([("" if one.visible else "(hidden) ") + one.name for one in state.layers])
            if state.active in self._keys:
                self._list.selected_index = self._keys.index(state.active)
            layer = state.layer
            self._visible.checked = layer is not None and layer.visible
            self._curtain.enabled = (
                sum(1 for one in state.layers if one.visible and one.base is not None) == 2
            )
            self._show_view(state.view)
            self._show_layer(layer, picture)
            self._tool.selected_index = TOOLS.index(state.tool)
            self._readings.set_items([f"{one.name}: {one.text}" for one in picture.readings])
        finally:
            self._quiet = False

    def _group(self, title: str, *, open_: bool = True) -> Any:
        group = gui.CollapsableVert(title, 0.3 * self._em, gui.Margins(0.6 * self._em, 0, 0, 0.5 * self._em))
        group.set_is_open(open_)
        self.widget.add_child(group)
        return group

    def _rows(self, group: Any) -> Any:
        """Two columns: what is set, and its control."""
        rows = gui.VGrid(2, 0.3 * self._em, gui.Margins(0, 0.2 * self._em, 0, 0.2 * self._em))
        group.add_child(rows)
        return rows

    def _row(self, group: Any, text: str, widget: Any, tip: str) -> Any:
        """A label and its control, which fires nothing while ``show`` sets it."""
        widget.tooltip = tip
        label = gui.Label(text)
        label.tooltip = tip
        group.add_child(label)
        group.add_child(widget)
        return widget

    def _heard(self, on_value: Callable[[Any], None]) -> Callable[..., None]:
        def heard(*values: Any) -> None:
            if not self._quiet:
                on_value(values[-1])
                self._done()

        return heard

    def _slid(self, widget: Any, on_value: Callable[[float], None]) -> None:
        """As ``_heard`` for numbers: Open3D rounds them to float32, and tells of that as if the user had moved."""

        def heard(value: float) -> None:
            put = self._put_values.get(id(widget))
            # What is shown may lag behind what was just opened: then nobody can have moved it.
            lagging = self._shown_key != self._controller.state.active
            if not (self._quiet or lagging) and (put is None or abs(value - put) > 1e-5 * max(1.0, abs(put))):
                on_value(float(value))

        widget.set_on_value_changed(heard)

    def _put(self, widget: Any, value: float) -> None:
        """Sets a number without its being heard."""
        self._put_values[id(widget)] = value
        widget.double_value = value

    def _button(self, group: Any, text: str, name: str, tip: str) -> None:
        button = gui.Button(text)
        button.tooltip = tip
        button.vertical_padding_em = 0
        button.horizontal_padding_em = 0.4
        button.set_on_clicked(lambda: self._act(name))
        group.add_child(button)

    def _layers(self) -> None:
        group = self._group("Layers")
        self._list = gui.ListView()
        self._list.set_max_visible_items(4)
        self._list.tooltip = "What is open; controls and tools act on the selected one"
        self._list.set_on_selection_changed(self._selected)
        group.add_child(self._list)
        row = gui.Horiz(0.4 * self._em)
        self._visible = gui.Checkbox("visible")
        self._visible.set_on_checked(self._heard(self._set_visible))
        row.add_child(self._visible)
        self._button(row, "Close", "close-layer", "Closes the selected layer")
        self._button(row, "Run again...", "run-again", "Another model looks at the photo; one more layer")
        group.add_child(row)
        rows = self._rows(group)
        self._curtain = gui.Slider(gui.Slider.DOUBLE)
        self._curtain.set_limits(0.0, 1.0)
        self._slid(self._curtain, lambda value: self._controller.view(curtain=value))
        self._row(
            rows, "compare", self._curtain, "Two scenes of one photo: the first left, the second right of it"
        )

    def _showing(self) -> None:
        group = self._group("Show")
        rows = self._rows(group)
        self._shape = gui.Combobox()
        for text in ("points", "mesh", "wireframe"):
            self._shape.add_item(text)
        self._row(rows, "as", self._shape, "Points, triangles, or the sides of triangles (P, M, W)")
        self._shape.set_on_selection_changed(
            self._heard(lambda at: self._controller.view(shown_as=SHOWN_AS[at]))
        )
        self._colours = gui.Combobox()
        for text in ("the photo's", "depth", "normals", "what is dropped"):
            self._colours.add_item(text)
        self._colours.set_on_selection_changed(
            self._heard(lambda at: self._controller.view(colours=COLOURS[at]))
        )
        tip = "Of what is dropped: red at depth edges, blue beyond the greatest depth (C)"
        self._row(rows, "colours", self._colours, tip)
        self._map = gui.Combobox()
        for text in COLORMAPS:
            self._map.add_item(text)
        self._map.set_on_selection_changed(
            self._heard(lambda at: self._controller.view(colormap=COLORMAPS[at]))
        )
        self._row(rows, "colour map", self._map, "Of depth; the legend stands beside the depth map")
        self._size = gui.Slider(gui.Slider.INT)
        self._size.set_limits(1, 12)
        self._size.set_on_value_changed(
            self._heard(lambda value: self._controller.view(point_size_px=float(value)))
        )
        self._row(rows, "point size", self._size, "px of the screen (+ and -)")
        self._switches: dict[str, Any] = {}
        names = ("grid", "axes", "frustum", "labels", "light", "dark")
        words = {"grid": "floor grid", "frustum": "photo's camera", "light": "lamps", "dark": "dark"}
        grid = gui.VGrid(3, 0.3 * self._em)
        for name in names:
            box = gui.Checkbox(words.get(name, name))
            box.set_on_checked(self._switch(name))
            self._switches[name] = box
            grid.add_child(box)
        group.add_child(grid)
        looks = gui.Horiz(0.25 * self._em)
        for text, name, tip in (
            ("Photo", "photo-camera", "Through the photo's camera (1)"),
            ("Front", "front", "From the front (2)"),
            ("Top", "top", "From above (3)"),
            ("Side", "side", "From the side (4)"),
            ("Fit", "fit", "All of it (F)"),
        ):
            self._button(looks, text, name, tip)
        group.add_child(looks)

    def _keeping(self) -> None:
        group = self._group("Keep")
        rows = self._rows(group)
        self._depth = gui.Slider(gui.Slider.DOUBLE)
        self._depth.set_limits(0.1, _FARTHEST_M)
        self._put(self._depth, _FARTHEST_M)
        self._slid(self._depth, self._set_depth)
        self._row(rows, "up to (m)", self._depth, "What is farther is dropped; at the right end nothing is")
        self._edge = gui.Slider(gui.Slider.DOUBLE)
        self._edge.set_limits(0.0, _EDGE_MOST)
        self._slid(self._edge, lambda value: self._option("edge", edge=round(value, 4)))
        self._row(
            rows, "depth edges", self._edge, "Cut where the depth steps by more than this share; 0: nowhere"
        )
        self._stride = gui.Combobox()
        for text in _STRIDES:
            self._stride.add_item(text)
        self._stride.set_on_selection_changed(
            self._heard(lambda at: self._option(None, stride=_STRIDE_NUMBERS[at]))
        )
        self._row(rows, "thin", self._stride, "How many of the photo's pixels become points")
        self._focal = gui.NumberEdit(gui.NumberEdit.DOUBLE)
        self._focal.decimal_precision = 1
        self._focal.set_limits(1, 1e6)
        self._slid(self._focal, self._set_focal)
        tip = "Focal length, px of the photo; Depth Pro's metres follow it"
        self._row(rows, "focal (px)", self._focal, tip)
        row = gui.Horiz(0.5 * self._em)
        self._sky = gui.Checkbox("keep sky")
        self._sky.tooltip = "As a backdrop behind the farthest point; its distance is made up"
        self._sky.set_on_checked(self._heard(lambda on: self._option(None, sky="keep" if on else "drop")))
        self._level = gui.Checkbox("stand upright")
        self._level.tooltip = "Finds gravity from floor and walls, and puts the floor at height 0"
        self._level.set_on_checked(self._heard(lambda on: self._option(None, level=bool(on))))
        row.add_child(self._sky)
        row.add_child(self._level)
        group.add_child(row)
        row = gui.Horiz(0.25 * self._em)
        self._button(row, "Undo", "undo", "Ctrl+Z")
        self._button(row, "Redo", "redo", "Ctrl+Y")
        self._button(row, "Crop to view box...", "crop", "Keeps what lies in a box of metres")
        group.add_child(row)

    def _measuring(self) -> None:
        group = self._group("Measure")
        rows = self._rows(group)
        self._tool = gui.Combobox()
        for name in TOOLS:
            self._tool.add_item({"look": "look around", "known length": "this length is ..."}.get(name, name))
        self._tool.set_on_selection_changed(self._heard(lambda at: self._controller.use(TOOLS[at])))
        self._row(rows, "a click", self._tool, "What clicks in the view or on the photo measure")
        self._readings = gui.ListView()
        self._readings.set_max_visible_items(5)
        self._readings.tooltip = "Select one to read what its interval counts"
        self._readings.set_on_selection_changed(self._told)
        group.add_child(self._readings)
        self._note = gui.Label("")
        group.add_child(self._note)
        row = gui.Horiz(0.25 * self._em)
        self._button(row, "Copy", "copy", "Puts the list on the clipboard (Ctrl+C)")
        self._button(row, "CSV...", "csv", "Saves the list as a table")
        self._button(row, "Remove", "remove-measured", "Removes the selected one, or all of them")
        group.add_child(row)

    @property
    def selected_reading(self) -> int | None:
        """Of the list of measurements."""
        at = self._readings.selected_index
        return at if 0 <= at < len(self._controller.state.measured) else None

    def _told(self, text: str, double: bool) -> None:
        from textwrap import fill

        at, readings = self._readings.selected_index, self._controller.picture.readings
        if 0 <= at < len(readings):
            self._note.text = fill(readings[at].errors, 46)

    def _selected(self, text: str, double: bool) -> None:
        at = self._list.selected_index
        if not self._quiet and 0 <= at < len(self._keys):
            key = self._keys[at]
            self._controller.do(lambda state: commands.activate(state, key))
            self._done()

    def _set_visible(self, on: bool) -> None:
        key = self._controller.state.active
        if key is not None:
            self._controller.do(lambda state: commands.set_visible(state, key, bool(on)))

    def _switch(self, name: str) -> Callable[..., None]:
        return self._heard(lambda on: self._controller.view(**{name: bool(on)}))

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
        self._put(self._curtain, view.curtain)
        for name, box in self._switches.items():
            box.checked = bool(getattr(view, name))

    def _show_layer(self, layer: Layer | None, picture: Picture) -> None:
        has_depth = layer is not None and layer.base is not None
        for widget in (self._depth, self._edge, self._stride, self._focal, self._sky, self._level):
            widget.enabled = has_depth
        if layer is None or layer.base is None:
            return
        options, scene = layer.options, picture.scenes.get(layer.key)
        depth = layer.base.depth
        known = depth.z_m[::7, ::7][depth.valid[::7, ::7]]
        farthest = float(known.max()) * 1.05 if known.size else _FARTHEST_M
        self._depth.set_limits(min(0.1, farthest / 10), farthest)
        self._put(self._depth, farthest if options.max_depth is None else min(options.max_depth, farthest))
        self._put(self._edge, options.edge)
        if options.stride in _STRIDE_NUMBERS:
            self._stride.selected_index = _STRIDE_NUMBERS.index(options.stride)
        if scene is not None and not picture.preview:
            self._put(self._focal, round(scene.intrinsics.fx, 1))
        self._sky.enabled = has_depth and layer.base.sky is not None
        self._sky.checked = options.sky == "keep"
        self._level.checked = options.level
