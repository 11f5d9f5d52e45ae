"""What a saved scene keeps of the viewer: measurements and how it was shown, in the scene file's provenance."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from recon.render.style import COLOURS, SHOWN_AS, View
from recon.scene import Scene
from recon_viewer.model.state import POINTS_NEEDED, Measured, Pick, State

_SHOWN = ("shown_as", "colours", "colormap", "point_size_px", "light", "grid", "axes", "frustum", "labels")
"""Of the view: what belongs to the scene, and not to the person who looks at it."""


def with_viewer(scene: Scene, state: State) -> Scene:
    """The active layer's scene with its measurements and the way it is shown, to be saved.

    Focal length, known lengths and the crop box need nothing: the scene's own numbers have followed them.
    """
    key = state.active
    measured = [
        {
            "tool": one.tool,
            "picks": [{"pixel_px": p.pixel_px, "point_cam": p.point_cam, "sigma_px": p.sigma_px} for p in one.picks],
        }
        for one in state.measured
        if all(pick.layer == key for pick in one.picks)
    ]  # fmt: skip
    shown = {name: value for name, value in asdict(state.view).items() if name in _SHOWN}
    told = {"measured": measured, "view": shown}
    return replace(scene, provenance=replace(scene.provenance, viewer=told))


def without_viewer(scene: Scene) -> tuple[Scene, Mapping[str, Any]]:
    """The scene as other programs see it, and what ``with_viewer`` has put in; empty where that was nothing."""
    told = scene.provenance.viewer
    return replace(scene, provenance=replace(scene.provenance, viewer=None)), told or {}


def measured_from(told: Mapping[str, Any], key: int) -> tuple[Measured, ...]:
    """The measurements, of the layer with that key now.

    Raises:
        ValueError: It is not what ``with_viewer`` writes.
    """
    try:
        return tuple(
            _measured(one["tool"], [_pick(pick, key) for pick in one["picks"]])
            for one in told.get("measured", ())
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its measurements cannot be read ({error!r})") from error


def view_from(told: Mapping[str, Any], view: View) -> View:
    """The view with what was saved of it; what is unknown or of another kind stays as it is."""
    saved = told.get("view")
    if not isinstance(saved, Mapping):
        return view
    kinds = {field.name: type(getattr(View(), field.name)) for field in fields(View)}
    good = {name: saved[name] for name in _SHOWN if name in saved and type(saved[name]) is kinds[name]}
    if good.get("shown_as", SHOWN_AS[0]) not in SHOWN_AS or good.get("colours", COLOURS[0]) not in COLOURS:
        return view
    return replace(view, **good)


def _measured(tool: Any, picks: list[Pick]) -> Measured:
    needed = POINTS_NEEDED.get(tool, 0)
    if needed == 0 or (len(picks) < 2 if needed is None else len(picks) != needed):
        raise ValueError(f"it holds a measurement of {tool!r} between {len(picks)} points")
    return Measured(tool, tuple(picks))


def _pick(told: Mapping[str, Any], key: int) -> Pick:
    pixel = told["pixel_px"]
    x, y, z = (float(value) for value in told["point_cam"])
    at = None if pixel is None else (float(pixel[0]), float(pixel[1]))
    return Pick(key, at, (x, y, z), float(told["sigma_px"]))
