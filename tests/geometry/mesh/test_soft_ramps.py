"""Wide ramps between two surfaces are found and cut; surfaces that recede are not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recon.geometry.mesh.from_depth import mesh_from_depth
from recon.geometry.mesh.soft_ramps import soft_ramps
from recon.geometry.surface import surface_of
from recon.types import Intrinsics, MetricDepth

WIDTH, HEIGHT, SEEN = 320, 240, 96 * 72
"""A cell of the network's map is 6.7 px wide."""
CAMERA = Intrinsics.from_fov(60.0, width=WIDTH, height=HEIGHT, source="user")
ALL = np.ones((HEIGHT, WIDTH), np.bool_)
NEAR, FAR = 2.0, 8.0
U, V = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)


def ramp(start: int, stop: int) -> NDArray[np.float32]:
    """A wall at ``NEAR`` and one at ``FAR`` with a smooth transition in between, which is no surface."""
    share = np.clip((U - start) / (stop - start), 0, 1)
    return np.exp(np.log(NEAR) + (3 * share**2 - 2 * share**3) * np.log(FAR / NEAR)).astype(np.float32)


def plane(*normal: float) -> NDArray[np.float32]:
    """Depth of a plane through (0, 0, 5), m."""
    x, y = (U - CAMERA.cx) / CAMERA.fx, (V - CAMERA.cy) / CAMERA.fy
    return (5 * normal[2] / (normal[0] * x + normal[1] * y + normal[2])).astype(np.float32)


def corridor() -> NDArray[np.float32]:
    """The floor 1.5 m below the camera, and a wall 1 m to the left, to an end at 40 m."""
    x, y = (U - CAMERA.cx) / CAMERA.fx, (V - CAMERA.cy) / CAMERA.fy
    floor, wall = 1.5 / np.maximum(y, 1e-6), 1.0 / np.maximum(-x, 1e-6)
    return np.minimum(np.minimum(floor, wall), 40).astype(np.float32)


def test_the_middle_of_a_ramp_is_found_and_the_surfaces_are_not() -> None:
    for z_m in (ramp(130, 180), ramp(190, 140)):
        found = soft_ramps(z_m, ALL, CAMERA.fx, SEEN)
        assert found[20:-20, 150:165].all()
        assert not found[:, :115].any() and not found[:, 205:].any()


def test_a_ramp_from_top_to_bottom_is_found_as_well() -> None:
    upright = ramp(90, 140)[:, :HEIGHT].T.copy()
    found = soft_ramps(upright, np.ones(upright.shape, np.bool_), CAMERA.fx, 72 * 72)
    assert found[105:125, 10:-10].all() and not found[:70].any() and not found[160:].any()


@pytest.mark.parametrize(
    "z_m",
    [
        plane(0, 0, 1),
        plane(0.7, 0, 0.7),
        plane(0.2, 0.6, 0.6),
        corridor(),
        ramp(100, 101)[:, ::-1].clip(2, 2.5),
    ],
    ids=["wall", "slope", "steep", "corridor", "small step"],
)
def test_surfaces_that_recede_are_no_ramps(z_m: NDArray[np.float32]) -> None:
    assert not soft_ramps(np.ascontiguousarray(z_m), ALL, CAMERA.fx, SEEN).any()


def test_pixels_without_depth_are_no_ramps() -> None:
    known = ALL.copy()
    known[:, 150:] = False
    z_m = np.where(known, ramp(130, 180), np.float32(np.nan))
    found = soft_ramps(z_m, known, CAMERA.fx, SEEN)
    assert not found[~known].any() and not found.any(), "the far end is not seen"
    assert not soft_ramps(z_m, np.zeros_like(known), CAMERA.fx, SEEN).any()


def test_where_the_network_saw_every_pixel_nothing_is_a_ramp() -> None:
    assert not soft_ramps(ramp(130, 180), ALL, CAMERA.fx, WIDTH * HEIGHT).any()


def steepest_step_m(seen_pixels: int | None, fill: bool = False) -> tuple[float, float]:
    """Of the mesh of a ramp: the area of the picture that it covers, px, and the depth between near and far, m."""
    surface = surface_of(MetricDepth(ramp(130, 180), ALL), None, CAMERA, edge=0.04)
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    mesh = mesh_from_depth(surface, rgb, CAMERA, edge=0.04, fill=fill, seen_pixels=seen_pixels)
    assert mesh.uv is not None
    a, b, c = (mesh.uv[mesh.faces[:, k]] * (WIDTH, HEIGHT) for k in range(3))
    area = np.abs(np.cross(b - a, c - a)) / 2
    z = mesh.vertices[mesh.faces][..., 2]
    middle = (z > 2.5).all(axis=1) & (z < 6.0).all(axis=1)
    return float(area.sum()), float(area[middle].sum())


def test_a_mesh_has_no_triangles_in_the_middle_of_a_ramp_and_no_holes() -> None:
    whole, middle = steepest_step_m(SEEN)
    assert middle < 0.02 * WIDTH * HEIGHT and whole == pytest.approx(WIDTH * HEIGHT, rel=1e-4)
    _, kept = steepest_step_m(None)
    assert kept > 3 * middle and kept > 0.06 * WIDTH * HEIGHT, "depth that no network made is kept as it is"
