"""Known answers in scenes whose geometry is exact."""

from dataclasses import replace

import numpy as np
import pytest
from rooms import EXACT, HEIGHT_M, PITCH_DEG, UP_CAM, WALL_M, on_floor, on_wall, room_depth, scene_of
from synthetic import floor_and_wall, with_box

from recon.measure import (
    Assumptions,
    MeasurementError,
    angle,
    area,
    distance,
    from_camera,
    height_above_floor,
    plane,
    polyline,
)
from recon.measure.floor import floor_support
from recon.options import Options

ROOM = scene_of(room_depth())
A, B, C = (30.2, 100.7), (131.0, 110.0), (90.5, 20.5)
P, Q, R = on_floor(*A), on_floor(*B), on_wall(*C)
PATCH = [(40.0, 10.0), (120.0, 12.0), (115.0, 40.0), (45.0, 38.0)]


def test_distance_and_its_level_and_upright_parts() -> None:
    result = distance(ROOM, A, C)
    assert result.value == pytest.approx(np.linalg.norm(R - P), rel=1e-4)
    risen = (R - P) @ UP_CAM
    assert result.parts["vertical"].value == pytest.approx(risen, abs=0.01) and risen > 0.5
    assert result.parts["horizontal"].value == pytest.approx(np.linalg.norm(R - P - risen * UP_CAM), abs=0.01)
    assert distance(ROOM, C, A).parts["vertical"].value == pytest.approx(-risen, abs=0.01)
    assert np.array(result.details["points_cam_m"]) == pytest.approx(np.array([P, R]), rel=1e-4)


def test_polyline_is_the_sum_of_its_segments() -> None:
    result = polyline(ROOM, [A, B, C])
    lengths = [np.linalg.norm(Q - P), np.linalg.norm(R - Q)]
    assert [part.value for part in result.parts.values()] == pytest.approx(lengths, rel=1e-4)
    assert result.value == pytest.approx(sum(lengths), rel=1e-4)
    two = polyline(ROOM, [A, C])
    assert (two.value, two.sigma) == pytest.approx((distance(ROOM, A, C).value, distance(ROOM, A, C).sigma))


def test_distance_from_the_camera_is_along_the_ray() -> None:
    result = from_camera(ROOM, A)
    assert result.value == pytest.approx(np.linalg.norm(P), rel=1e-4)
    assert result.details["z_m"] == pytest.approx(P[2], rel=1e-4)


def test_angle_in_space() -> None:
    assert angle(ROOM, A, B, C).value == pytest.approx(
        np.degrees(np.arccos((P - Q) @ (R - Q) / np.linalg.norm(P - Q) / np.linalg.norm(R - Q))), abs=0.01
    )
    # Down the wall, then along the floor: a right angle, however the picture shows it.
    foot_row = float(ROOM.depth.z_m[:, 80].argmax())
    square = angle(ROOM, (80.0, 10.0), (80.0, foot_row), (80.0, 115.0))
    assert square.value == pytest.approx(90.0, abs=1.0) and square.unit == "deg"


def test_area_of_a_patch_of_the_wall() -> None:
    corners = np.array([on_wall(*corner) for corner in PATCH])
    across = np.cross(corners[2] - corners[0], corners[3] - corners[1])
    result = area(ROOM, PATCH)
    assert result.value == pytest.approx(np.linalg.norm(across) / 2, rel=1e-4)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    assert [result.parts[f"side {k}"].value for k in range(1, 5)] == pytest.approx(sides, rel=1e-4)
    assert result.parts["perimeter"].value == pytest.approx(sides.sum(), rel=1e-4)
    assert result.details["rms_m"] < 1e-4 and result.details["on_plane"] == 1.0 and result.warnings == ()
    reversed_order = area(ROOM, PATCH[::-1])
    assert reversed_order.value == pytest.approx(result.value, rel=1e-6)


def test_corners_may_lie_on_edges_and_holes() -> None:
    z_m = with_box(room_depth(), slice(30, 60), slice(50, 100), 2.0)
    valid = np.ones(z_m.shape, bool)
    valid[30, 50:100] = valid[59, 50:100] = False
    outline = [(50.0, 30.0), (100.0, 30.0), (100.0, 60.0), (50.0, 60.0)]
    result = area(scene_of(z_m, valid=valid), outline)
    assert result.value == pytest.approx(50 * 30 * (2.0 / 200.0) ** 2, rel=1e-5)


def test_objects_in_front_of_a_plane_do_not_change_it() -> None:
    z_m = with_box(room_depth(), slice(15, 25), slice(60, 90), 2.0)
    assert area(scene_of(z_m), PATCH).value == pytest.approx(area(ROOM, PATCH).value, rel=1e-4)
    half = area(scene_of(with_box(room_depth(), slice(0, 60), slice(40, 75), 2.0)), PATCH)
    assert half.value == pytest.approx(area(ROOM, PATCH).value, rel=1e-4)
    assert len(half.warnings) == 1 and "not flat" in half.warnings[0]


@pytest.mark.parametrize(
    "outline, offset_m, surface, tilt_deg",
    [(PATCH, WALL_M, "wall", 0.0), ([(20.0, 95.0), (140.0, 95.0), (80.0, 118.0)], HEIGHT_M, "floor", 90.0)],
)
def test_planes(outline: list[tuple[float, float]], offset_m: float, surface: str, tilt_deg: float) -> None:
    result = plane(ROOM, outline, Assumptions(depth_sigma=0.001))
    assert result.value == pytest.approx(offset_m, rel=1e-3)
    pitch = np.radians(PITCH_DEG)
    # Towards the camera; in the gl frame y is up and z backward.
    truth = {"floor": [0, np.cos(pitch), -np.sin(pitch)], "wall": [0, np.sin(pitch), np.cos(pitch)]}[surface]
    assert result.details["normal_gl"] == pytest.approx(truth, abs=2e-3)
    assert result.parts["tilt"].value == pytest.approx(tilt_deg, abs=0.3)
    assert 0 < result.details["normal_sigma_deg"] < 1


def test_pixels_of_a_coarse_depth_map_count_once() -> None:
    def sure(stored_width: int) -> float:
        model = {"name": "measured", "stored_width": stored_width}
        result = plane(scene_of(room_depth(), {"model": model}), PATCH, Assumptions(depth_sigma=0.02))
        assert result.sigma is not None
        return result.sigma

    # 144 samples of a patch of 80 x 30 px, or about 10 where a stored pixel is 20 px wide.
    assert 3 < sure(8) / sure(160) < 7


def test_height_above_the_floor() -> None:
    result = height_above_floor(ROOM, C)
    assert result.value == pytest.approx(HEIGHT_M + R @ UP_CAM, abs=0.01)
    assert result.details["camera_height_m"] == pytest.approx(HEIGHT_M, abs=0.005)
    assert height_above_floor(ROOM, A).value == pytest.approx(0.0, abs=0.003)
    assert any("the lowest visible horizontal surface" in text for text in result.not_included)


def test_a_surface_that_is_far_from_horizontal_is_no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    floor, levelling = floor_support(ROOM)

    def turned(deg: float) -> None:
        c, s = np.cos(np.radians(deg)), np.sin(np.radians(deg))
        up = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ levelling.up_cam
        monkeypatch.setattr(
            "recon.measure.surfaces.floor_support", lambda _: (floor, replace(levelling, up_cam=tuple(up)))
        )

    turned(20)
    assert any("is tilted by 20" in text for text in height_above_floor(ROOM, C).warnings)
    turned(40)
    with pytest.raises(MeasurementError, match=r"no floor was found.* tilted by 40°"):
        height_above_floor(ROOM, C)


def test_height_needs_a_floor_and_gravity() -> None:
    flat = scene_of(np.full((120, 160), 2.0))
    with pytest.raises(MeasurementError, match="gravity could not be estimated"):
        height_above_floor(flat, (80.0, 60.0))
    assert distance(flat, (10.0, 10.0), (20.0, 10.0)).parts == {}
    assert plane(flat, [(10.0, 10.0), (90.0, 10.0), (90.0, 90.0)]).parts == {}


def test_nonsense_is_refused() -> None:
    with pytest.raises(MeasurementError, match="twice in a row"):
        distance(ROOM, A, A)
    with pytest.raises(MeasurementError, match="at least two positions, got 1"):
        polyline(ROOM, [A])
    with pytest.raises(MeasurementError, match="at least three corners, got 2"):
        area(ROOM, [A, B])
    with pytest.raises(MeasurementError, match="sides of the outline cross"):
        area(ROOM, [(10.0, 10.0), (50.0, 50.0), (50.0, 10.0), (10.0, 50.0)])
    with pytest.raises(MeasurementError, match="contains 1 pixels with a depth, but a plane needs 12"):
        plane(ROOM, [(10.0, 10.0), (11.0, 10.0), (11.0, 11.0), (10.0, 11.0)])
    level_floor = floor_and_wall(wall_m=1000.0)
    with pytest.raises(MeasurementError, match=r"80,5 does not meet the plane"):
        area(scene_of(level_floor, valid=level_floor < 20), [(5.0, 119.0), (155.0, 119.0), (80.0, 5.0)])
    with pytest.raises(ValueError, match="pixel_sigma_px must be 0 or more"):
        Assumptions(pixel_sigma_px=-1)


def test_options_of_export_do_not_change_what_is_measured() -> None:
    exported = scene_of(room_depth(), EXACT, options=Options(stride=4, max_depth=1.0, edge=0.0, level=True))
    assert distance(exported, A, C).value == pytest.approx(distance(ROOM, A, C).value)


def test_units() -> None:
    result = area(ROOM, PATCH)
    feet = result.in_unit("ft")
    assert feet.value == pytest.approx(result.value / 0.3048**2) and feet.unit == "ft2"
    assert feet.parts["perimeter"].value == pytest.approx(result.parts["perimeter"].value / 0.3048)
    assert (
        feet.low is not None and result.low is not None and feet.low == pytest.approx(result.low / 0.3048**2)
    )
    corner = angle(ROOM, A, B, C)
    assert corner.in_unit("in").value == corner.value


def test_a_floor_that_the_depth_bends_gets_advice_that_helps() -> None:
    """Gravity is of the photo's lines and of surfaces together: its floor may be nowhere in the depth."""
    scene = scene_of(room_depth())
    vars(scene)["gravity"] = replace(scene.gravity, camera_height_m=10 * HEIGHT_M)
    with pytest.raises(MeasurementError, match="measure a distance between two points instead"):
        height_above_floor(scene, C)
