"""What the sliders do to a scene: the same as the command line's options would."""

from dataclasses import replace

import numpy as np
from viewer_scenes import room

from recon.geometry.unproject import project
from recon.provenance import FocalRecord, Provenance
from recon_viewer.model import commands as c
from recon_viewer.model.layer_scene import Adjuster, coarse, refocused
from recon_viewer.model.state import Box, Layer, State


def layer_of(**changes: object) -> Layer:
    layer = c.add_scene(State(), room(), name="room").layer
    assert layer is not None
    return replace(layer, **changes)  # type: ignore[arg-type]


def test_another_focal_length_moves_metres_only_where_they_came_from_it() -> None:
    scene = room()
    focal = 2 * scene.intrinsics.fx
    moved = refocused(scene, focal)
    assert moved.intrinsics.fx == focal and moved.intrinsics.source == "user"
    assert np.array_equal(moved.depth.z_m, scene.depth.z_m)
    follows = replace(scene, provenance=Provenance(focal=FocalRecord(sets_depth=True)))
    assert np.allclose(refocused(follows, focal).depth.z_m, 2 * scene.depth.z_m)


def test_the_preview_lies_exactly_on_the_scene() -> None:
    scene = room()
    small = coarse(scene, 2000)
    assert small.depth.z_m.size < scene.depth.z_m.size / 4
    points = small.with_options(replace(small.options, edge=0.0)).cloud().points
    seen = project(points, scene.intrinsics)
    assert np.allclose(seen % 1, 0.5, atol=1e-3)
    rows, cols = seen[:, 1].astype(int), seen[:, 0].astype(int)
    assert np.allclose(points[:, 2], scene.depth.z_m[rows, cols])


def test_only_what_changed_is_made_again() -> None:
    adjuster, layer = Adjuster(), layer_of()
    first = adjuster.scene_of(layer)
    assert adjuster.scene_of(layer) is first and first.dropped.kept
    assert adjuster.scene_of(replace(layer, visible=False)) is first
    thinned = adjuster.scene_of(replace(layer, options=replace(layer.options, stride=2)))
    assert thinned is not first and thinned.depth is first.depth
    assert thinned.surface is first.surface


def test_the_crop_box_keeps_what_lies_in_it() -> None:
    adjuster = Adjuster()
    layer = layer_of(crop=Box((-0.5, -9.0, -9.0), (0.5, 9.0, 9.0)))
    kept = adjuster.scene_of(layer)
    assert 0 < kept.depth.valid.sum() < room().depth.valid.sum()
    upright = adjuster.upright_T_cam(layer)
    points = kept.with_options(replace(kept.options, edge=0.0)).cloud().points
    x = points @ upright[0, :3] + upright[0, 3]
    assert x.min() >= -0.5001 and x.max() <= 0.5001
    assert kept.provenance.crop is not None and kept.provenance.crop.low_m[0] == -0.5
