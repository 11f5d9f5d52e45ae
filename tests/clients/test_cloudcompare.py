"""What CloudCompare loads: counts, lengths and colours. Debian's build opens neither PCD nor LAS."""

from dataclasses import replace

import numpy as np
import pytest

from recon.frames import apply, file_T_cam


@pytest.mark.parametrize("name", ["a.ply", "mesh.ply", "a.xyz", "a.obj", "a.stl"])
def test_counts_lengths_and_colours(name, scene, cloudcompare, tmp_path):
    coarse = replace(scene, options=replace(scene.options, stride=6))
    shape = "mesh" if "mesh" in name else None
    coarse.save(tmp_path / name, shape=shape)
    seen = cloudcompare(tmp_path / name)
    mesh, cloud = coarse.mesh(), coarse.cloud()
    is_cloud = name in ("a.ply", "a.xyz")
    expected = apply(file_T_cam("y-up"), cloud.points if is_cloud else mesh.vertices)
    assert np.allclose(seen[:, :3].min(axis=0), expected.min(axis=0), atol=1e-5)
    assert np.allclose(seen[:, :3].max(axis=0), expected.max(axis=0), atol=1e-5)
    if name != "a.stl":
        assert len(seen) == len(expected)
    if name in ("a.ply", "a.xyz", "mesh.ply"):
        rgb = cloud.rgb if is_cloud else mesh.rgb
        assert np.array_equal(seen[:, 3:6], rgb)


def test_the_standard_deviation_of_the_depth_is_a_scalar_field(scene, cloudcompare, tmp_path):
    coarse = replace(scene, options=replace(scene.options, stride=6, uncertainty=True))
    unsure = replace(coarse.depth, log_sigma=np.full_like(coarse.depth.z_m, 0.05))
    coarse = replace(coarse, depth=unsure)
    coarse.save(tmp_path / "a.ply")
    seen = cloudcompare(tmp_path / "a.ply")
    expected = 0.05 * coarse.cloud().points[:, 2]
    assert np.allclose(seen[:, 6], expected, rtol=1e-5)
