"""What the status line says of a picture."""

from collections.abc import Mapping

from recon.render.drawable import Drawn
from recon.scene import Scene
from recon_viewer.model.state import State


def scene_notes(
    state: State, drawn: Mapping[int, Drawn], scenes: Mapping[int, Scene], whole: Mapping[int, Scene]
) -> list[str]:
    """How much of the active layer is drawn, what is dropped and why, and where depth and focal length are from.

    Args:
        state: What is shown.
        drawn: The layers, uncut, by key.
        scenes: Those with a photo, maybe as a preview.
        whole: The same, never a preview.
    """
    notes: list[str] = []
    layer = state.layer
    if layer is None:
        return notes
    shown = drawn.get(layer.key)
    if shown is not None:
        what = {"points": "points", "triangles": "vertices", "lines": "vertices"}[shown.kind]
        notes.append(f"{shown.of_points:,} {what}")
        if shown.kind == "points" and len(shown.points) > state.view.most_points:
            notes.append(f"{state.view.most_points:,} of them drawn")
    scene, now = scenes.get(layer.key), whole.get(layer.key)
    if scene is None or now is None:
        return notes
    total, dropped = scene.depth.valid.size, scene.dropped
    # What the user has cut off is not unknown; the counts of a preview are of its own pixels.
    assert layer.base is not None
    cropped = round(float(layer.base.depth.valid.mean() - now.depth.valid.mean()) * total)
    for count, why in (
        (max(dropped.unknown - cropped, 0), "unknown"),
        (cropped, "cropped"),
        (dropped.sky, "sky"),
        (dropped.too_far, "too far"),
        (dropped.flying, "at depth edges"),
    ):
        if count:
            notes.append(f"{100 * count / total:.1f} % {why}")
    model = scene.provenance.model_name
    if model:
        notes.append(
            "measured depth"
            if model == "measured"
            else f"model {model}" + (" (rough)" if scene.provenance.is_rough else "")
        )
    notes.append(f"focal {now.intrinsics.fx:.0f} px ({now.intrinsics.source})")
    return notes
