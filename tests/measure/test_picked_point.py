"""What a picked pixel shows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms import CAMERA, on_floor, on_wall, room_depth, scene_of
from synthetic import with_box

from recon.measure import MeasurementError, distance
from recon.measure.picked_point import point_at
from recon.options import Options
from recon.provenance import ModelRecord

ROOM = scene_of(room_depth())
BOX = scene_of(with_box(room_depth(), slice(30, 60), slice(50, 100), 2.0))


@settings(max_examples=60)
@given(st.floats(0.5, 159.5), st.floats(95.0, 119.5))
def test_between_pixels_a_plane_is_exact(x: float, y: float) -> None:
    assert point_at(ROOM, (x, y), pixel_sigma_px=0.5).z_m == pytest.approx(on_floor(x, y)[2], rel=1e-5)


def test_the_slope_is_that_of_the_surface() -> None:
    for at, truth in (((40.2, 108.7), on_floor), ((101.0, 20.3), on_wall)):
        slope = point_at(ROOM, at, pixel_sigma_px=0.5).slope
        x, y = at
        along_x = np.log(truth(x + 0.01, y)[2] / truth(x - 0.01, y)[2]) / 0.02
        along_y = np.log(truth(x, y + 0.01)[2] / truth(x, y - 0.01)[2]) / 0.02
        assert slope == pytest.approx((along_x, along_y), abs=2e-5)


@pytest.mark.parametrize("at", [(0.0, 0.0), (160.0, 120.0), (0.1, 119.9), (160.0, 0.0)])
def test_the_rim_belongs_to_the_photo(at: tuple[float, float]) -> None:
    point = point_at(ROOM, at, pixel_sigma_px=0.5)
    truth = on_wall(*at) if at[1] < 60 else on_floor(*at)
    assert point.z_m == pytest.approx(truth[2], rel=0.01)


@pytest.mark.parametrize(
    "at", [(-0.1, 5.0), (5.0, 120.1), (1e9, 5.0), (float("nan"), 5.0), (5.0, float("inf"))]
)
def test_positions_outside_of_the_photo_are_refused(at: tuple[float, float]) -> None:
    with pytest.raises(MeasurementError, match=r"outside the photo of 160 x 120 px|is not a position"):
        point_at(ROOM, at, pixel_sigma_px=0.5)


@pytest.mark.parametrize("edge", [0.04, 0.0])
def test_a_depth_edge_is_reported_with_both_depths(edge: float) -> None:
    # The box ends at column 100: its last pixel's centre is 99.5, the wall's first 100.5.
    scene = scene_of(BOX.depth.z_m, options=Options(edge=edge))
    near = point_at(scene, (99.8, 45.0), pixel_sigma_px=0.5)
    assert near.z_m == pytest.approx(2.0) and near.other_z_m == pytest.approx(
        on_wall(100.5, 45.0)[2], rel=0.02
    )
    assert near.warning is not None
    assert "99.8,45 lies on a depth edge" in near.warning and "2 m and" in near.warning
    far = point_at(scene, (100.2, 45.0), pixel_sigma_px=0.5)
    assert far.z_m == pytest.approx(on_wall(100.5, 44.5)[2], rel=0.005) and far.other_z_m == pytest.approx(
        2.0
    )
    warnings = distance(scene, (99.8, 45.0), (120.0, 45.0)).warnings
    assert len(warnings) == 1 and "depth edge" in warnings[0]


def test_beside_the_outline_of_a_network_the_object_is_measured() -> None:
    # It saw every third pixel of each row and column.
    details = {"processing_width": 54, "processing_height": 40}
    coarse = replace(BOX, provenance=replace(BOX.provenance, model=ModelRecord("network", details=details)))
    beside = point_at(coarse, (102.5, 45.0), pixel_sigma_px=0.5)
    assert beside.z_m == pytest.approx(2.0) and beside.pixel_px == (102.5, 45.0)
    assert beside.other_z_m == pytest.approx(on_wall(102.5, 44.5)[2], rel=0.005)
    assert beside.warning is not None and "the nearer is used" in beside.warning
    assert point_at(coarse, (104.0, 45.0), pixel_sigma_px=0.5).z_m == pytest.approx(
        on_wall(104.0, 45.0)[2], rel=0.005
    )
    assert point_at(BOX, (102.5, 45.0), pixel_sigma_px=0.5).warning is None


def test_inside_a_surface_and_at_a_crease_there_is_no_warning() -> None:
    assert point_at(BOX, (75.0, 45.0), pixel_sigma_px=0.5).warning is None
    below = ROOM.depth.z_m[:, 80].argmax()
    for y in range(int(below) - 3, int(below) + 4):
        assert point_at(ROOM, (80.0, float(y)), pixel_sigma_px=0.5).warning is None


def test_imprecise_picking_may_hit_an_edge_at_a_larger_distance() -> None:
    at = (95.5, 45.0)
    assert point_at(BOX, at, pixel_sigma_px=0.5).warning is None
    assert point_at(BOX, at, pixel_sigma_px=3.0).warning is not None


def test_nothing_is_interpolated_across_an_edge() -> None:
    depths = {round(point_at(BOX, (x, 45.0), pixel_sigma_px=0.5).z_m, 1) for x in np.arange(98.6, 101.4, 0.1)}
    assert depths == {2.0, round(float(on_wall(100.5, 45.0)[2]), 1)}


def test_a_pixel_without_depth_names_the_nearest_with_one() -> None:
    valid = np.ones((120, 160), bool)
    valid[40:60, 30:80] = False
    scene = scene_of(room_depth(), valid=valid)
    with pytest.raises(MeasurementError) as caught:
        distance(scene, (33.5, 50.5), (10.0, 10.0))
    assert "33.5,50.5: it has no depth" in str(caught.value)
    assert "29.5,50.5, at a distance of 4.0 px" in str(caught.value)
    with pytest.raises(MeasurementError, match="no pixel of the photo has a usable depth"):
        point_at(scene_of(room_depth(), valid=np.zeros((120, 160), bool)), (5.0, 5.0), pixel_sigma_px=0.5)


def test_sky_is_called_so() -> None:
    sky = np.zeros((120, 160), bool)
    sky[:20] = True
    scene = scene_of(room_depth(), sky=sky)
    with pytest.raises(
        MeasurementError, match=r"it shows the sky; the nearest pixel with a depth is 80\.5,20\.5"
    ):
        point_at(scene, (80.5, 3.5), pixel_sigma_px=0.5)


def test_a_photo_of_one_pixel_can_be_asked() -> None:
    camera = CAMERA.resized(width=1, height=1)
    scene = scene_of(np.full((1, 1), 3.0), camera=camera)
    assert point_at(scene, (0.5, 0.5), pixel_sigma_px=0.5).z_m == pytest.approx(3.0, rel=1e-12)
