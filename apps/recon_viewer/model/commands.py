"""User commands as pure functions from one state to the next."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Rectangle
from recon.errors import ReconError
from recon.options import Options
from recon.scene import Scene
from recon.types import Mesh, PointCloud
from recon_viewer.model.known_sizes import KNOWN
from recon_viewer.model.state import POINTS_NEEDED, Box, JoinedCamera, Layer, Measured, Pick, State, Tool

_MOST_LETTERS = 60
"""Of the name of a measurement."""


class RefusedError(ReconError):
    """The command is not possible in the current state; the message says why."""


def add_scene(state: State, scene: Scene, *, name: str, source: Path | None = None) -> State:
    """Adds a layer and makes it active."""
    return _add(state, Layer(_next_key(state), name, base=scene, source=source, options=scene.options))


def add_geometry(
    state: State,
    geometry: PointCloud | Mesh,
    *,
    name: str,
    source: Path | None = None,
    cameras: tuple[JoinedCamera, ...] = (),
) -> State:
    """Adds a layer for a geometry file without a photo, or for a scene of several."""
    return _add(state, Layer(_next_key(state), name, geometry=geometry, cameras=cameras, source=source))


def remove_layer(state: State, key: int) -> State:
    """Removes a layer and its measurements."""
    layers = tuple(layer for layer in state.layers if layer.key != key)
    active = state.active if state.active != key else (layers[-1].key if layers else None)
    measured = tuple(one for one in state.measured if all(pick.layer != key for pick in one.picks))
    pending = tuple(pick for pick in state.pending if pick.layer != key)
    return replace(state, layers=layers, active=active, measured=measured, pending=pending)


def activate(state: State, key: int) -> State:
    """Makes a layer active for panels and tools."""
    if state.by_key(key) is None or key == state.active:
        return state
    return replace(state, active=key, pending=())


def set_visible(state: State, key: int, visible: bool) -> State:
    """Shows or hides a layer."""
    layer = state.by_key(key)
    return state if layer is None else state.with_layer(replace(layer, visible=visible))


def set_options(state: State, **changes: Any) -> State:
    """Changes options of the active layer: edge, max_depth, sky, stride, voxel, level, faces, fill.

    Raises:
        RefusedError: A value is out of range, or the layer has no depth.
    """
    layer = _scene_layer(state)
    if changes.get("faces") is not None and "error" not in changes:
        changes["error"] = None
    try:
        options = replace(layer.options, **changes)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    return state if options == layer.options else state.with_layer(replace(layer, options=options))


def set_focal(state: State, focal_px: float | None) -> State:
    """Sets the focal length of the active layer, px; None: restore the original.

    Raises:
        RefusedError: The value is not positive, or the layer has no depth.
    """
    layer = _scene_layer(state)
    if focal_px is not None and not 1 <= focal_px < 1e7:
        raise RefusedError(f"the focal length must be at least 1 px, got {focal_px:g}")
    return state.with_layer(replace(layer, focal_px=focal_px))


def add_known(state: State, known: Constraint) -> State:
    """Adds a known size to the active layer, which rescales it. A length between the same points is replaced.

    Raises:
        RefusedError: The layer has no depth, or has a known camera height already.
    """
    layer = _scene_layer(state)
    if known in layer.known:
        raise RefusedError("this is known already")
    if isinstance(known, CameraHeight) and any(isinstance(one, CameraHeight) for one in layer.known):
        raise RefusedError("the camera height is known already: remove it first, under Scale in the controls")
    left = tuple(one for one in layer.known if not _same_ends(one, known))
    return state.with_layer(replace(layer, known=(*left, known), unused=layer.unused & set(left)))


def _same_ends(one: Constraint, other: Constraint) -> bool:
    lengths = [each for each in (one, other) if isinstance(each, LengthBetween)]
    ends = {frozenset((each.a_px, each.b_px)) for each in lengths}
    return len(lengths) == 2 and len(ends) == 1


def use_known(state: State, known: Constraint, used: bool) -> State:
    """Fits the active layer with or without one of its known sizes, which stays in the list.

    Raises:
        RefusedError: The layer has no depth.
    """
    layer = _scene_layer(state)
    unused = layer.unused - {known} if used else layer.unused | {known}
    return state if unused == layer.unused else state.with_layer(replace(layer, unused=unused))


def remove_known(state: State, known: Constraint | None = None) -> State:
    """Removes one of the known sizes of the active layer, or all of them."""
    layer = _scene_layer(state)
    left = () if known is None else tuple(one for one in layer.known if one != known)
    return state.with_layer(replace(layer, known=left, unused=layer.unused & set(left)))


def set_crop(state: State, box: Box | None) -> State:
    """Crops to a box; None removes all crops, including rectangles.

    Raises:
        RefusedError: The layer has no depth.
    """
    layer = _scene_layer(state)
    return state.with_layer(replace(layer, crop=box, kept=layer.kept if box is not None else None))


def keep_pixels(state: State, kept: NDArray[np.bool_]) -> State:
    """Crops to the given pixels, (H, W), in addition to earlier crops.

    Raises:
        RefusedError: None of them has valid depth, or the layer has no depth.
    """
    layer = _scene_layer(state)
    assert layer.base is not None
    left = kept if layer.kept is None else kept & layer.kept
    if not (left & layer.base.depth.valid).any():
        raise RefusedError("the rectangle is empty: drag it over a part of the scene")
    return state.with_layer(replace(layer, kept=left))


def set_tool(state: State, tool: Tool) -> State:
    """Selects the tool for clicks; cancels an unfinished measurement.

    A known length starts with the distance that was measured last, if that is one of the active layer's photo.
    """
    last = state.measured[-1] if tool == "known length" and state.measured else None
    ends = last.picks if last is not None and last.tool == "distance" else ()
    usable = all(pick.pixel_px is not None and pick.layer == state.active for pick in ends)
    return replace(state, tool=tool, pending=ends if usable else ())


def pick(state: State, picked: Pick) -> State:
    """Handles a click with the current tool; the last required point finishes the measurement.

    Raises:
        RefusedError: The points are in different layers.
    """
    if POINTS_NEEDED[state.tool] == 0:
        return state
    if any(one.layer != picked.layer for one in state.pending):
        raise RefusedError("all points of a measurement must be in one layer")
    if state.pending and state.pending[-1] == picked:
        return state
    needed, pending = POINTS_NEEDED[state.tool], (*state.pending, picked)
    if needed is not None and state.tool in KNOWN:
        # The value is asked for first; a further click starts again.
        return replace(state, pending=pending if len(pending) <= needed else (picked,))
    if len(pending) != needed:
        return replace(state, pending=pending)
    return replace(state, pending=(), measured=(*state.measured, Measured(state.tool, pending)))


def finish(state: State) -> State:
    """Ends a polyline; drops it if it has too few points."""
    if state.tool == "polyline" and len(state.pending) >= 2:
        done = Measured("polyline", state.pending)
        return replace(state, pending=(), measured=(*state.measured, done))
    return state if not state.pending else replace(state, pending=())


def remove_measured(state: State, index: int) -> State:
    """Removes one measurement."""
    if not 0 <= index < len(state.measured):
        return state
    return replace(state, measured=state.measured[:index] + state.measured[index + 1 :])


def name_measured(state: State, index: int, name: str) -> State:
    """Names one measurement; an empty name removes it."""
    name = " ".join(name.split())[:_MOST_LETTERS]
    if not 0 <= index < len(state.measured) or state.measured[index].name == name:
        return state
    named = replace(state.measured[index], name=name)
    return replace(state, measured=(*state.measured[:index], named, *state.measured[index + 1 :]))


def clear_measured(state: State) -> State:
    """Removes all measurements."""
    return replace(state, measured=(), pending=())


def set_view(state: State, **changes: Any) -> State:
    """Changes display settings."""
    return replace(state, view=replace(state.view, **changes))


def run_again_options(layer: Layer, **changes: Any) -> Options:
    """Options for re-running a model, including the focal length and known sizes set in the viewer.

    Raises:
        RefusedError: The layer was not opened from a photo, or the options are mutually exclusive.
    """
    if not layer.can_run_again:
        raise RefusedError(f"{layer.name} was not opened from a photo; open the photo to run a model")
    given, placed = layer.options, [one for one in layer.used if not isinstance(one, CameraHeight)]
    if given.has_lens and (placed or layer.focal_px is not None):
        raise RefusedError(
            "lengths and a focal length set in the undistorted photo do not apply to the photo that a model runs on: "
            "give them on the command line, in pixels of the photo as it was taken"
        )
    stated = _stated(layer)
    if layer.focal_px is not None:
        stated |= {"focal_px": layer.focal_px, "focal_35mm": None, "fov": None, "intrinsics": None}
    try:
        return replace(given, **{**stated, **changes})
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _stated(layer: Layer) -> dict[str, Any]:
    """The known sizes that are used, as options."""
    options, stated = layer.options, dict[str, Any]()
    for name, kind in (("length", LengthBetween), ("at", DistanceAt), ("rectangle", Rectangle)):
        stated[name] = (*getattr(options, name), *(one for one in layer.used if isinstance(one, kind)))
    height = next((one for one in layer.used if isinstance(one, CameraHeight)), options.camera_height)
    return {**stated, "camera_height": height}


def _scene_layer(state: State) -> Layer:
    layer = state.layer
    if layer is None:
        raise RefusedError("open a photo or a scene first")
    if layer.base is None:
        raise RefusedError(
            f"{layer.name} contains geometry without photo and depth; open the photo, or a scene file (.npz)"
        )
    return layer


def _next_key(state: State) -> int:
    # Keys only increase, since undo may restore removed layers.
    global _last_key
    _last_key = max([_last_key, *(layer.key for layer in state.layers)]) + 1
    return _last_key


_last_key = 0


def _add(state: State, layer: Layer) -> State:
    return replace(state, layers=(*state.layers, layer), active=layer.key, pending=())
