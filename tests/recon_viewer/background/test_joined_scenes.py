"""Scenes of several photos in the viewer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from viewer_scenes import FLOOR_M, hall
from waiting import settled

from recon import join
from recon.join import joined_file
from recon.join.joined_scene import JoinedScene
from recon.join.joint_errors import OF_PHOTO
from recon.join.posed_view import PosedView
from recon.options import Options
from recon_cli.group import recon
from recon_viewer.background.joined_scenes import opened_joined
from recon_viewer.controller import Controller
from recon_viewer.drawing.across_photos import FilesOnce, distance_across
from recon_viewer.drawing.frame import Painter
from recon_viewer.model import commands as c
from recon_viewer.model.measurements import Reading, on_ray, read
from recon_viewer.model.state import Pick, State

_APART_M = 0.5


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    """The hall from two places, side by side: it looks the same from both."""
    one = hall()
    to_the_right = np.eye(4)
    to_the_right[0, 3] = _APART_M
    views = tuple(
        PosedView(one.photo, one.intrinsics, place, one.depth, one.sky) for place in (np.eye(4), to_the_right)
    )
    path = tmp_path / "joined.npz"
    errors = 1e-4 * np.eye(2 * OF_PHOTO).reshape(2, OF_PHOTO, 2, OF_PHOTO)
    joined_file.save(JoinedScene(views, (one.provenance,) * 2, errors=errors, poses_counted=True), path)
    return path


def test_it_opens_as_one_upright_cloud_with_all_cameras(joined: Path) -> None:
    cloud, cameras = opened_joined(joined)
    places = np.array([each.cam_T_own[:3, 3] for each in cameras])
    assert np.linalg.norm(places[1] - places[0]) == pytest.approx(_APART_M)
    # The floor is at height 0: y is down in the frame of a cloud.
    assert places[:, 1] == pytest.approx(-FLOOR_M, abs=0.02)
    assert abs(np.percentile(cloud.points[:, 1], 99)) < 0.02


def test_it_is_measured_across_photos(joined: Path) -> None:
    controller = Controller()
    try:
        controller.open(joined)
        settled(controller)
        (layer,) = controller.state.layers
        assert len(layer.cameras) == 2 and layer.geometry is not None, controller.message
        controller.use("distance")
        for camera in layer.cameras:
            x, y, z = (float(value) for value in camera.cam_T_own[:3, 3])
            controller.pick(Pick(layer.key, None, (x, y, z)))
        settled(controller)
        (reading,) = controller.readings
        assert reading.value == pytest.approx(_APART_M)
    finally:
        controller.close()


def test_a_distance_has_the_interval_of_the_photos_that_show_it(joined: Path) -> None:
    cloud, cameras = opened_joined(joined)
    state = c.set_tool(c.add_geometry(State(), cloud, name="j", source=joined, cameras=cameras), "distance")
    key, scene = state.active, joined_file.load(joined)
    assert key is not None

    def at(photo: int, pixel: tuple[float, float]) -> Pick:
        view, place = scene.views[photo], cameras[photo].cam_T_own
        z_m = float(view.depth.z_m[int(pixel[1]), int(pixel[0])])
        x, y, z = place[:3, :3] @ np.array(on_ray(view.intrinsics, pixel, z_m)) + place[:3, 3]
        return Pick(key, None, (float(x), float(y), float(z)))

    def read_of(*picks: Pick) -> Reading:
        measured = c.pick(c.pick(state, picks[0]), picks[1]).measured[0]
        assert state.layer is not None
        return read(measured, None, np.eye(4), across=distance_across(measured, state.layer, FilesOnce()))

    a, b = (60.5, 300.5), (560.5, 320.5)
    left, right = at(0, a), at(1, b)
    told = join.distance(scene, (0, a), (1, b))
    found = read_of(left, right)
    assert found.value == pytest.approx(told.value, rel=0.01) and found.low is not None
    assert found.low < told.value < found.high  # type: ignore[operator]
    # Behind both cameras, and in front of what they show, no photo knows the depth.
    for hidden in ((0.0, 0.0, -5.0), (0.0, -FLOOR_M, 0.3)):
        assert "unknown" in read_of(left, replace(right, point_cam=hidden)).text
    # Joined again with other poses, or gone, the file no longer belongs to the cloud.
    moved = replace(scene.views[1], world_T_cam=scene.views[1].world_T_cam @ np.diag([1.0, 1, 1, 1]))
    moved.world_T_cam[0, 3] *= 1.03
    joined_file.save(replace(scene, views=(scene.views[0], moved)), joined, overwrite=True)
    assert "unknown" in read_of(left, right).text
    joined.unlink()
    assert "unknown" in read_of(left, right).text


def test_each_camera_is_drawn(joined: Path) -> None:
    cloud, cameras = opened_joined(joined)
    counts = []
    for shown in (cameras, cameras[:1], ()):
        state = c.set_view(c.add_geometry(State(), cloud, name="joined", cameras=shown), frustum=True)
        counts.append(len(Painter().paint(state).frusta.ends))
    assert counts[0] == 2 * counts[1] > counts[2] == 0


def test_a_damaged_file_is_reported(joined: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(joined.read_bytes()[:-2000])
    controller = Controller()
    try:
        controller.open(damaged)
        settled(controller)
        assert not controller.state.layers and controller.is_problem
        assert "damaged.npz" in controller.message
    finally:
        controller.close()


def test_the_command_takes_it(joined: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("recon_viewer.background.window_check.has_display", lambda: False)
    done = CliRunner().invoke(recon, ["view", str(joined)])
    # It gets as far as any file where there is no display.
    assert done.exit_code == 1 and "display" in done.stderr and "several photos" not in done.stderr


def test_it_is_not_turned_where_the_options_say_so(joined: Path, tmp_path: Path) -> None:
    scene = joined_file.load(joined)
    joined_file.save(replace(scene, options=Options(level=False)), tmp_path / "a.npz")
    _, cameras = opened_joined(tmp_path / "a.npz")
    assert cameras[0].cam_T_own == pytest.approx(np.eye(4), abs=1e-9)
