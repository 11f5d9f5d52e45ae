"""What MeshLab's engine sees: counts, lengths, colours, normals, texture coordinates."""

from dataclasses import replace

import numpy as np
import pytest

from recon.frames import apply, file_T_cam

NAMES = ["a.ply", "mesh.ply", "a.textured.ply", "a.splat.ply", "a.obj", "a.stl", "a.glb"]


@pytest.fixture(scope="module")
def coarse(scene):
    return replace(scene, options=replace(scene.options, stride=6))


@pytest.fixture(scope="module")
def opened(coarse, ask, meshlab_python, tmp_path_factory):
    """What one start of MeshLab sees in each file."""
    folder = tmp_path_factory.mktemp("opened")
    for name in NAMES:
        coarse.save(folder / name, shape="mesh" if "mesh" in name else None)
    seen = ask(meshlab_python, "measure_in_meshlab.py", *(folder / name for name in NAMES))
    return dict(zip(NAMES, seen, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_counts_lengths_and_colours(name, coarse, opened):
    seen = opened[name]
    is_cloud = name in ("a.ply", "a.splat.ply")
    mesh, cloud = coarse.mesh(), coarse.cloud()
    points = cloud.points if is_cloud else mesh.vertices
    expected = apply(file_T_cam("opencv" if "splat" in name else "y-up"), points)
    assert np.allclose(seen["low"], expected.min(axis=0), atol=1e-5)
    assert np.allclose(seen["high"], expected.max(axis=0), atol=1e-5)
    assert seen["faces"] == (0 if is_cloud else len(mesh.faces))
    if name != "a.stl":  # MeshLab joins the corners of an STL's triangles
        assert seen["points"] == len(points)
    if name in ("a.ply", "mesh.ply"):
        assert seen["first_rgb"] == (cloud.rgb if is_cloud else mesh.rgb)[0].tolist()
        normals = cloud.normals if is_cloud else mesh.normals
        assert np.allclose(seen["first_normal"], apply(file_T_cam("y-up"), normals[:1])[0], atol=1e-5)
    assert seen["has_texture"] == (name in ("a.textured.ply", "a.obj", "a.glb"))
    if name == "a.textured.ply":
        assert seen["first_rgb"] is None, "MeshLab would multiply colours with the texture"
