"""What goes out of the viewer with a scene, and comes back."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from viewer_scenes import room
from waiting import settled

from recon.render.style import View
from recon.scene import Scene
from recon_viewer.controller import Controller
from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.markers import tag_texts
from recon_viewer.model import commands as c
from recon_viewer.model import scene_metadata
from recon_viewer.model.measurements import as_csv, as_text
from recon_viewer.model.state import Measured, Pick, State


def measured_room() -> State:
    state = c.add_scene(State(), room(), name="room")
    for pixel in ((40.5, 80.5), (120.5, 80.5)):
        assert state.active is not None
        state = c.pick(
            c.set_tool(state, "distance") if not state.pending else state,
            Pick(state.active, pixel, (0, 0, 1)),
        )
    return c.set_view(state, shown_as="mesh", point_size_px=5.0, dark=False)  # fmt: skip


def test_a_saved_scene_comes_back_with_measurements_and_view(tmp_path: Path) -> None:
    state = measured_room()
    state = c.name_measured(state, 0, "  the   table ")
    scene_metadata.with_viewer(room(), state).save(tmp_path / "a.npz")
    scene, saved = scene_metadata.without_viewer(Scene.load(tmp_path / "a.npz"))
    assert scene.provenance.viewer is None
    (one,) = scene_metadata.measured_from(saved, 7)
    assert one.name == "the table"
    assert one.tool == "distance" and [pick.layer for pick in one.picks] == [7, 7]
    assert [pick.pixel_px for pick in one.picks] == [pick.pixel_px for pick in state.measured[0].picks]
    view = scene_metadata.view_from(saved, View())
    # Dark or light is the person's, not the scene's.
    assert (view.shown_as, view.point_size_px, view.dark) == ("mesh", 5.0, True)


def test_a_scene_that_was_saved_before_names_has_none() -> None:
    saved = scene_metadata.with_viewer(room(), measured_room()).provenance.viewer
    assert saved is not None
    older = [{key: one for key, one in each.items() if key != "name"} for each in saved["measured"]]
    (one,) = scene_metadata.measured_from({"measured": older}, 1)
    assert one.name == ""


def test_a_name_is_one_line_and_ends_somewhere() -> None:
    state = measured_room()
    assert c.name_measured(state, 0, "") is state and c.name_measured(state, 3, "x") is state
    named = c.name_measured(state, 0, "a\nb" + 100 * "c")
    assert named.measured[0].name.startswith("a b") and len(named.measured[0].name) == 60
    assert c.name_measured(named, 0, "").measured == state.measured


def test_names_are_in_the_list_the_view_and_the_table() -> None:
    (plain,) = Painter().paint(measured_room()).readings
    (named,) = Painter().paint(c.name_measured(measured_room(), 0, "table, left")).readings
    assert plain.title == "distance" and named.title == "table, left" and named.value == plain.value
    assert as_text([named]).startswith("table, left\t")
    assert [text for _, text in tag_texts([plain, named])] == [plain.text, f"table, left: {plain.text}"]
    (row,) = csv.DictReader(io.StringIO(as_csv([named])))
    assert row["quantity"] == "distance" and row["name"] == "table, left"


def test_a_scene_of_the_command_line_brings_nothing() -> None:
    saved = scene_metadata.without_viewer(room())[1]
    assert (
        saved == {}
        and scene_metadata.measured_from(saved, 1) == ()
        and scene_metadata.view_from(saved, View()) == View()
    )


def test_what_was_saved_damaged_is_refused_or_left_out() -> None:
    with pytest.raises(ValueError, match="between 1 points"):
        pick = {"pixel_px": None, "point_cam": [0, 0, 1], "sigma_px": 1.0}
        scene_metadata.measured_from({"measured": [{"tool": "distance", "picks": [pick]}]}, 1)
    with pytest.raises(ValueError, match="cannot be read"):
        scene_metadata.measured_from({"measured": [{"tool": "distance"}]}, 1)
    assert scene_metadata.view_from({"view": {"shown_as": "cubes", "grid": False}}, View()) == replace(
        View(), grid=False
    )
    assert scene_metadata.view_from({"view": {"point_size_px": "x", "grid": False}}, View()) == replace(
        View(), grid=False
    )


def test_the_viewer_saves_and_opens_again_with_everything(tmp_path: Path) -> None:
    first = Controller()
    first.add_scene(room(), "room")
    key = settled(first).state.active
    assert key is not None
    picks = (Pick(key, (40.5, 80.5), (0, 0, 1)), Pick(key, (120.5, 80.5), (0, 0, 1)))
    first.do(lambda state: replace(state, measured=(Measured("distance", picks),)))
    first.do(lambda state: c.set_options(state, edge=0.11))
    first.view(colours="depth")
    value = settled(first).picture.readings[0].value
    first.errands.export(tmp_path / "room.npz")
    settled(first).close()
    second = Controller()
    second.open(tmp_path / "room.npz")
    settled(second)
    layer = second.state.layer
    assert layer is not None and layer.options.edge == 0.11 and second.state.view.colours == "depth"
    assert [one.value for one in second.picture.readings] == pytest.approx([value])
    second.close()
