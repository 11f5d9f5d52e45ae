"""What is drawn, where it is seen, what a click hits, what is measured."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from viewer_scenes import painted_room, room

from recon.frames import apply, gl_T_cam
from recon.provenance import CalibrationRecord, Provenance
from recon.render.drawable import Drawn, draw_geometry, draw_scene
from recon.render.style import COLOURS, SHOWN_AS, View
from recon.render.view_camera import ViewCamera, photo_camera, preset
from recon.types import Mesh, PointCloud
from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.guides import floor_grid
from recon_viewer.model import commands as c
from recon_viewer.model.measurements import as_csv
from recon_viewer.model.picking import hit
from recon_viewer.model.state import Measured, Pick, State


def test_every_shape_in_every_colour() -> None:
    for shown_as in SHOWN_AS:
        for colours in COLOURS:
            drawn = draw_scene(room(), View(shown_as=shown_as, colours=colours), gl_T_cam, share=(0.0, 1.0))
            assert len(drawn.points) == len(drawn.rgb) > 1000, (shown_as, colours)
            assert drawn.kind == {"cloud": "points", "mesh": "triangles", "wireframe": "lines"}[shown_as]
            if drawn.indices is not None:
                assert drawn.indices.max() < len(drawn.points)


def test_points_have_the_photos_colours_and_pixels() -> None:
    scene = room()
    drawn = draw_scene(scene, View(), gl_T_cam, share=(0.0, 1.0))
    assert drawn.pixels_px is not None
    rows, cols = drawn.pixels_px[:, 1].astype(int), drawn.pixels_px[:, 0].astype(int)
    assert np.array_equal(drawn.rgb, scene.photo.rgb[rows, cols])


def test_masks_paint_what_is_dropped() -> None:
    scene = room()
    near = scene.with_options(replace(scene.options, max_depth=4.0))
    drawn = draw_scene(near, View(colours="masks"), gl_T_cam, share=(0.0, 1.0))
    blue = (drawn.rgb == (70, 120, 255)).all(axis=1)
    assert len(drawn.points) == scene.depth.z_m.size
    assert blue.sum() == near.dropped.too_far and (-drawn.points[blue, 2]).min() >= 4.0


def test_two_layers_share_the_photo_by_the_curtain() -> None:
    state = c.add_scene(
        c.add_scene(State(), room(), name="a"), replace(room(1), photo=room().photo), name="b"
    )
    picture = Painter().paint(c.set_view(state, curtain=0.25))
    first, second = picture.drawn.values()
    assert first.pixels_px is not None and second.pixels_px is not None
    assert first.pixels_px[:, 0].max() < 40 <= second.pixels_px[:, 0].min()


def test_of_three_layers_the_active_one_and_the_first_other_are_side_by_side() -> None:
    state = State()
    for step, name in enumerate("abc"):
        state = c.add_scene(state, replace(room(step), photo=room().photo), name=name)
    first, second, third = (layer.key for layer in state.layers)
    one = Painter().paint(c.set_view(state, curtain=0.25))
    assert one.beside() is None
    picks = Pick(third, (40.0, 60.0), (0.0, 0.0, 2.0)), Pick(third, (90.0, 60.0), (0.0, 0.0, 2.0))
    state = replace(state, measured=(Measured("distance", picks),), pending=picks[:1])
    both = c.set_view(state, curtain=0.25, beside=True)
    for active, keys in ((third, [first, third]), (first, [first, second])):
        whole = Painter().paint(c.activate(both, active))
        pair = whole.beside()
        assert pair is not None and [key for each in pair for key in each.drawn] == keys
        # What was measured is shown where it was.
        counts = [(len(each.readings), len(each.pending)) for each in pair]
        assert counts == [(int(key == third),) * 2 for key in keys]
        # Side by side, nothing is divided by the curtain.
        assert all(
            len(each.drawn[key].points) == room().depth.z_m.size for each, key in zip(pair, keys, strict=True)
        )
    lonely = c.set_visible(c.set_visible(both, first, False), second, False)
    assert Painter().paint(lonely).beside() is None


def test_scenes_of_different_photos_do_not_stand_inside_of_each_other() -> None:
    state = c.add_scene(c.add_scene(State(), room(), name="a"), painted_room(), name="another photo")
    first, second = (layer.key for layer in state.layers)
    for active in (first, second):
        assert set(Painter().paint(c.activate(state, active)).drawn) == {active}
    assert set(Painter().paint(c.set_view(state, beside=True)).drawn) == {first, second}
    # A hidden layer hides no other one; another scene of the same photo is seen with it.
    assert set(Painter().paint(c.set_visible(state, second, False)).drawn) == {first}
    again = c.add_scene(state, replace(room(1), photo=room().photo), name="a with another network")
    assert set(Painter().paint(again).drawn) == {first, again.active}


def test_side_by_side_each_of_two_different_photos_is_seen_as_from_its_own_camera() -> None:
    state = c.add_scene(c.add_scene(State(), room(), name="a"), painted_room(), name="another photo")
    keys = [layer.key for layer in state.layers]
    whole = Painter().paint(c.activate(c.set_view(state, beside=True), keys[0]))
    # The camera of the second photo is 1.5 m higher and looks down by 37 degrees.
    higher = np.array([[1, 0, 0, 0], [0, 0.8, 0.6, 1.5], [0, -0.6, 0.8, 0], [0, 0, 0, 1]])
    whole = replace(whole, poses=whole.poses | {keys[1]: higher @ whole.poses[keys[1]]})
    left, right = (
        photo_camera(whole.scenes[key].intrinsics, whole.poses[key], 2.0, np.array([0.0, 1.0, 0.0]))
        for key in keys
    )
    moved = left.moved(whole.other_view())
    np.testing.assert_allclose(moved.view_T_world, right.view_T_world, atol=1e-6)
    np.testing.assert_allclose(moved.target, right.target, atol=1e-6)
    np.testing.assert_allclose(moved.vertical, higher[:3, 1], atol=1e-6)
    # The view that the active one had goes on, whichever it is.
    whole = replace(whole, state=c.activate(whole.state, keys[1]))
    pair = whole.beside()
    assert pair is not None and [key for one in pair for key in one.drawn] == keys[::-1]
    moved = right.moved(whole.other_view())
    np.testing.assert_allclose(moved.view_T_world, left.view_T_world, atol=1e-6)
    same = c.add_scene(c.add_scene(State(), room(), name="a"), replace(room(1), photo=room().photo), name="b")
    whole = Painter().paint(c.set_view(same, beside=True))
    whole = replace(whole, poses=whole.poses | {keys[1]: higher})
    assert left.moved(whole.other_view()) is left


def test_the_photos_camera_sees_every_point_at_its_pixel() -> None:
    scene = replace(room(), intrinsics=replace(room().intrinsics, cx=70.0, cy=66.0))
    drawn = draw_scene(scene, View(), gl_T_cam, share=(0.0, 1.0))
    camera = photo_camera(scene.intrinsics, gl_T_cam, 3.0)
    seen, ahead = camera.project(drawn.points, 160.0, 120.0)
    assert drawn.pixels_px is not None and np.allclose(seen, drawn.pixels_px, atol=1e-3) and (ahead > 0).all()
    wide, _ = camera.project(drawn.points, 480.0, 240.0)
    assert np.allclose(wide, seen * 2 + [80, 0], atol=2e-3)


def test_a_click_hits_the_front_of_what_is_there() -> None:
    drawn = draw_scene(room(), View(), gl_T_cam, share=(0.0, 1.0))
    camera = photo_camera(room().intrinsics, gl_T_cam, 3.0)
    result = hit(drawn, camera, (333.0, 201.0), (640.0, 480.0))
    assert result is not None and result.pixel_px is not None
    assert np.hypot(result.pixel_px[0] - 333 / 4, result.pixel_px[1] - 201 / 4) < 0.75
    two = Drawn("points", np.array([[0, 0, -5], [0.001, 0, -2]], np.float32), np.zeros((2, 3), np.uint8))
    behind = hit(two, ViewCamera(), (50.0, 50.0), (100.0, 100.0))
    assert behind is not None and behind.index == 1
    assert hit(two, ViewCamera(), (5.0, 5.0), (100.0, 100.0)) is None
    assert hit(two, ViewCamera(eye=(0, 0, -9), target=(0, 0, -12)), (50.0, 50.0), (100.0, 100.0)) is None


def test_orbiting_keeps_the_distance_and_never_tips_over() -> None:
    camera = ViewCamera(eye=(0, 0, 0), target=(0, 0, -3))
    for _ in range(50):
        camera = camera.orbit(0.3, 0.2)
        assert camera.distance_m == pytest.approx(3.0)
        assert camera.axes[1][1] > 0
    assert camera.look_around(0.1, 0.0).eye == camera.eye
    assert camera.dolly(0.5).distance_m == pytest.approx(1.5)
    moved = camera.pan(1.0, 2.0)
    assert np.linalg.norm(np.subtract(moved.eye, camera.eye)) == pytest.approx(5**0.5)
    left = ViewCamera().orbit(0.1, 0.0)
    assert left.eye[0] < 0


@pytest.mark.parametrize("name", ["front", "top", "side", "fit"])
def test_every_usual_view_has_all_of_the_box_in_it(name: str) -> None:
    low, high = np.array([-2.0, -1.0, -6.0]), np.array([3.0, 2.0, -1.0])
    corners = np.array([[(low, high)[at >> k & 1][k] for k in range(3)] for at in range(8)], np.float32)
    seen, ahead = preset(name, low, high).project(corners, 800, 600)
    assert (ahead > 0).all() and (seen >= 0).all() and (seen <= [800, 600]).all()


def test_the_view_from_above_is_a_plan() -> None:
    """A wall does not lean, and the view stays parallel until it is turned."""
    low, high = np.array([-2.0, -1.0, -6.0]), np.array([3.0, 2.0, -1.0])
    top = preset("top", low, high)
    wall = np.array([[3, -1, -6], [3, 2, -6]], np.float32)
    foot, crown = top.project(wall, 800, 600)[0]
    assert np.hypot(*(crown - foot)) < 0.01 * 800
    assert top.forward(0.1 * top.distance_m).span_m == pytest.approx(0.9 * top.span_m)
    assert top.forward(1.0).target == top.target and top.pan(1.0, 0.0).lens == top.lens
    turned = top.in_perspective()
    across = np.array(top.target) + np.array([[1.0, 0, 0], [0, 0, 1.0]])
    for camera in (turned, turned.in_perspective()):
        there = camera.project(across.astype(np.float32), 800, 600)[0]
        assert there == pytest.approx(top.project(across.astype(np.float32), 800, 600)[0], abs=0.05)
    foot, crown = turned.project(wall, 800, 600)[0]
    assert np.hypot(*(crown - foot)) > 0.05 * 800


def test_a_click_from_above_hits_the_table_and_not_the_floor() -> None:
    """Although the eye of a parallel view is so far that both are as good as equally far."""
    low, high = np.array([-2.0, 0.0, -4.0]), np.array([2.0, 2.0, 0.0])
    top = preset("top", low, high)
    points = np.array([[0, 0.7, -2], [0.005, 0, -2]], np.float32)
    drawn = Drawn("points", points, np.zeros((2, 3), np.uint8))
    on_floor = tuple(top.project(points, 800, 600)[0][1])
    result = hit(drawn, top, (float(on_floor[0]), float(on_floor[1])), (800.0, 600.0))
    assert result is not None and result.index == 0


def test_the_floor_grid_has_cells_of_a_metre() -> None:
    lines, cell = floor_grid(np.array([-2.0, 0, -6]), np.array([2.0, 2, -1]), 0.0, np.eye(4))
    assert cell == 1.0 and np.allclose(lines.points[:, 1], 0) and np.allclose(lines.points % 1, 0)
    assert floor_grid(np.zeros(3), np.full(3, 900.0), 0.0, np.eye(4))[1] == 100.0


def test_readings_follow_the_scene_and_become_a_table() -> None:
    state = c.set_tool(c.add_scene(State(), room(), name="a"), "distance")
    assert state.active is not None
    for pixel in ((40.5, 80.5), (120.5, 80.5)):
        state = c.pick(state, Pick(state.active, pixel, (0.0, 0.0, 1.0)))
    painter = Painter()
    before = painter.paint(state).readings[0]
    assert before.value is not None and before.low is not None and "95 %" in before.text
    from recon.constraints import LengthBetween

    known = LengthBetween((40.5, 80.5), (120.5, 80.5), 3 * before.value, 0.01)
    after = painter.paint(c.add_known(state, known)).readings[0]
    assert after.value == pytest.approx(3 * before.value, rel=1e-3)
    rows = list(csv.DictReader(io.StringIO(as_csv([before, after]))))
    assert float(rows[0]["value"]) == pytest.approx(before.value, rel=1e-5) and rows[0]["unit"] == "m"


def test_a_file_without_a_photo_is_measured_without_an_interval() -> None:
    points = np.array([[0, 0, 2], [3, 4, 2]], np.float32)
    state = c.add_geometry(State(), PointCloud(points, np.zeros((2, 3), np.uint8)), name="p.ply")
    state = c.set_tool(state, "distance")
    assert state.active is not None
    for at in points:
        state = c.pick(state, Pick(state.active, None, tuple(float(x) for x in at)))  # type: ignore[arg-type]
    (reading,) = Painter().paint(state).readings
    assert reading.value == pytest.approx(5.0) and "unknown" in reading.text


def test_a_failed_measurement_is_reported_and_the_others_are_shown() -> None:
    state = c.set_tool(c.add_scene(State(), room(), name="a"), "distance")
    assert state.active is not None
    for pixel in ((40.5, 80.5), (400.0, 80.5)):
        state = c.pick(state, Pick(state.active, pixel, (0.0, 0.0, 1.0)))
    with pytest.raises(IndexError):
        room().depth.z_m[0, 400]
    (reading,) = Painter().paint(state).readings
    assert reading.value is None and "outside the photo" in reading.errors


def test_a_problem_is_a_sentence_in_the_picture() -> None:
    from recon.constraints import LengthBetween

    state = c.add_scene(
        State(), replace(room(), provenance=Provenance(calibration=CalibrationRecord(1.0))), name="a"
    )
    picture = Painter().paint(c.add_known(state, LengthBetween((40.5, 80.5), (90.5, 80.5), 1.0, 0.01)))
    assert picture.problem is not None and "again" in picture.problem


def test_thinning_is_even_and_exact_in_number() -> None:
    drawn = draw_scene(room(), View(), gl_T_cam, share=(0.0, 1.0))
    few = drawn.thinned(500)
    assert len(few.points) == len(few.rgb) == 500 and few.of_points == drawn.of_points
    assert abs(few.points.mean(axis=0) - drawn.points.mean(axis=0)).max() < 0.3
    assert drawn.thinned(10**9) is drawn


def test_files_are_drawn_in_every_way() -> None:
    mesh = room().mesh()
    for shape in (room().cloud(), mesh, Mesh(mesh.vertices, mesh.faces)):
        for colours in COLOURS:
            drawn = draw_geometry(shape, View(colours=colours), gl_T_cam)
            assert len(drawn.points) == len(drawn.rgb)
    assert np.array_equal(drawn.points, apply(gl_T_cam, mesh.vertices))


def test_what_is_cropped_is_not_unknown() -> None:
    state = c.add_scene(State(), room(), name="room")
    kept = np.zeros((120, 160), bool)
    kept[:60] = True
    picture = Painter().paint(c.keep_pixels(state, kept))
    assert "50.0 % cropped" in picture.notes and not any("unknown" in note for note in picture.notes)


def test_all_layers_have_the_colours_of_one_legend() -> None:
    near = room()
    far = replace(near, depth=replace(near.depth, z_m=near.depth.z_m * np.float32(1.1)))
    state = c.add_scene(c.add_scene(State(), near, name="near"), far, name="far")
    state = c.set_view(state, colours="depth")
    near_drawn, far_drawn = Painter().paint(state).drawn.values()
    alone = Painter().paint(c.remove_layer(state, state.layers[0].key)).drawn[state.layers[1].key]
    # The active layer, whose legend is shown, keeps its colours; where the other has the same depth, it has the same.
    assert np.array_equal(far_drawn.rgb, alone.rgb)
    # Both contain the floor between 5.6 and 6 m.
    near_m, far_m = -near_drawn.points[:, 2], -far_drawn.points[:, 2]
    common = []
    for depth_m in np.linspace(5.65, 5.95, 50):
        one, other = np.abs(near_m - depth_m).argmin(), np.abs(far_m - depth_m).argmin()
        assert abs(near_m[one] - far_m[other]) < 0.2
        common.append(np.abs(near_drawn.rgb[one].astype(int) - far_drawn.rgb[other]).max())
    assert np.median(common) < 20


def test_errors_and_differences_are_colours_with_a_legend_of_their_own() -> None:
    sure = room()
    log_sigma = np.full_like(sure.depth.z_m, 0.01)
    log_sigma[:, 80:] = 0.1
    doubtful = replace(sure, depth=replace(sure.depth, log_sigma=log_sigma))
    painter, state = Painter(), c.set_view(c.add_scene(State(), doubtful, name="a"), colours="error")
    picture = painter.paint(state)
    (drawn,) = picture.drawn.values()
    left, right = drawn.rgb[drawn.points[:, 0] < -0.5], drawn.rgb[drawn.points[:, 0] > 0.5]
    assert left[:, 2].min() > left[:, 0].max() and right[:, 0].min() > right[:, 2].max()
    depths = painter.paint(c.set_view(state, colours="photo"))
    assert picture.pictures is not None and depths.pictures is not None
    assert not np.array_equal(picture.pictures.depth, depths.pictures.depth)
    farther = replace(sure, depth=replace(sure.depth, z_m=sure.depth.z_m * np.float32(1.1)))
    both = c.set_view(c.add_scene(state, farther, name="b"), colours="difference")
    near, far = painter.paint(both).drawn.values()
    assert (near.rgb[:, 2] > near.rgb[:, 0]).all() and (far.rgb[:, 0] > far.rgb[:, 2]).all()
    # A visible scene of another photo takes no part; alone, the active one has none to differ from.
    unrelated = c.add_scene(both, painted_room(), name="another photo")
    first, second, _ = (layer.key for layer in unrelated.layers)
    three = painter.paint(c.activate(unrelated, second))
    assert list(three.drawn) == [first, second]
    assert np.array_equal(three.drawn[second].rgb, far.rgb)
    for beside in (False, True):
        two = c.set_view(c.activate(c.set_visible(unrelated, second, False), first), beside=beside)
        alone = painter.paint(two)
        assert len(np.unique(alone.drawn[first].rgb)) == 1 and "two visible" in alone.notes[0]


def test_what_no_colour_can_tell_is_grey_and_said() -> None:
    state = c.add_scene(State(), room(), name="a")
    for colours, said in (("error", "errors"), ("error_m", "errors"), ("difference", "two visible scenes")):
        picture = Painter().paint(c.set_view(state, colours=colours))
        (drawn,) = picture.drawn.values()
        assert len(np.unique(drawn.rgb)) == 1 and said in picture.notes[0]


@pytest.mark.parametrize("name", ["front", "top", "side", "fit"])
@pytest.mark.parametrize("size", [(400.0, 900.0), (900.0, 400.0)])
def test_a_standard_view_is_filled_by_the_scene(name: str, size: tuple[float, float]) -> None:
    low, high = np.array([-3.0, -1.5, -6.0]), np.array([3.0, 2.0, 0.0])
    corners = np.array([[(low, high)[at >> k & 1][k] for k in range(3)] for at in range(8)], np.float32)
    seen, ahead = preset(name, low, high, size=size).project(corners, *size)
    assert (ahead > 0).all() and (seen > 0).all() and (seen < size).all()
    assert (np.ptp(seen, axis=0) / size).max() > 0.7
