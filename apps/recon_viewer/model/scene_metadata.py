"""What a saved scene keeps of the viewer: measurements and how it was shown, in the scene file's provenance."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from recon.render.style import View
from recon.scene import Scene
from recon.strict_json import as_kind
from recon_viewer.model.state import POINTS_NEEDED, Measured, Pick, State

_SHOWN = ("shown_as", "colours", "colormap", "point_size_px", "light", "grid", "axes", "frustum", "labels")
"""Of the view: what belongs to the scene, and not to the person who looks at it."""


@dataclass(frozen=True)
class _SavedPick:
    pixel_px: tuple[float, float] | None
    point_cam: tuple[float, float, float]
    sigma_px: float


@dataclass(frozen=True)
class _Saved:
    tool: str
    picks: tuple[_SavedPick, ...]
    name: str = ""


def with_viewer(scene: Scene, state: State) -> Scene:
    """The active layer's scene with its measurements and the way it is shown, to be saved.

    Focal length, known sizes and the crop box need nothing: the scene's own numbers have followed them.
    """
    key = state.active
    measured = [
        {
            "tool": one.tool,
            "name": one.name,
            "picks": [{"pixel_px": p.pixel_px, "point_cam": p.point_cam, "sigma_px": p.sigma_px} for p in one.picks],
        }
        for one in state.measured
        if all(pick.layer == key for pick in one.picks)
    ]  # fmt: skip
    shown = {name: value for name, value in asdict(state.view).items() if name in _SHOWN}
    saved_view = {"measured": measured, "view": shown}
    return replace(scene, provenance=replace(scene.provenance, viewer=saved_view))


def without_viewer(scene: Scene) -> tuple[Scene, Mapping[str, Any]]:
    """The scene as other programs see it, and what ``with_viewer`` has put in; empty where that was nothing."""
    saved_view = scene.provenance.viewer
    return replace(scene, provenance=replace(scene.provenance, viewer=None)), saved_view or {}


def measured_from(saved_view: Mapping[str, Any], key: int) -> tuple[Measured, ...]:
    """The measurements, of the layer with that key now.

    Raises:
        ValueError: It is not what ``with_viewer`` writes.
    """
    try:
        saved = as_kind(tuple[_Saved, ...], saved_view.get("measured", []), "measured")
    except ValueError as error:
        raise ValueError(f"its measurements cannot be read ({error})") from error
    return tuple(
        _measured(one.tool, [Pick(key, p.pixel_px, p.point_cam, p.sigma_px) for p in one.picks], one.name)
        for one in saved
    )


def view_from(saved_view: Mapping[str, Any], view: View) -> View:
    """The view with what was saved of it; what is unknown or of another kind stays as it is."""
    saved = saved_view.get("view")
    if not isinstance(saved, Mapping):
        return view
    for name in _SHOWN:
        with suppress(ValueError):
            view = replace(
                view, **{name: getattr(as_kind(View, {name: saved[name]} if name in saved else {}), name)}
            )
    return view


def _measured(tool: Any, picks: list[Pick], name: str) -> Measured:
    needed = POINTS_NEEDED.get(tool, 0)
    if needed == 0 or (len(picks) < 2 if needed is None else len(picks) != needed):
        raise ValueError(f"it holds a measurement of {tool!r} between {len(picks)} points")
    return Measured(tool, tuple(picks), name)
