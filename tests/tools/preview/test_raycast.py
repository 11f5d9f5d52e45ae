"""The two packages that cast rays answer the same."""

import importlib

import numpy as np
import pytest

pytest.importorskip("open3d", reason="Open3D and its system libraries", exc_type=ImportError)
pytest.importorskip("embreex", reason="embreex has wheels for Linux on x86-64 alone")

from tools.preview import raycast
from tools.preview.camera import camera_at, pinhole_rays
from tools.preview.compose import compose


@pytest.mark.parametrize("kind", ["room", "street"])
def test_embreex_gives_the_hits_of_open3d(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    construction = importlib.import_module("embreex.mesh_construction")
    core = importlib.import_module("embreex.rtcore_scene")
    geometry = compose(3, kind).geometry()
    rays = pinhole_rays(camera_at(np.array([0, 1.5, 0.0]), 0.3, -0.1, 0, 0.8), 64, 48)
    first = raycast.Raycaster(geometry)
    monkeypatch.setattr(raycast, "o3d", None)
    monkeypatch.setattr(raycast, "TriangleMesh", construction.TriangleMesh, raising=False)
    monkeypatch.setattr(raycast, "EmbreeScene", core.EmbreeScene, raising=False)
    second = raycast.Raycaster(geometry)
    monkeypatch.undo()
    a, b = first.cast(rays), second.cast(rays)
    same = a.triangle == b.triangle  # a ray through an edge may take either of its triangles
    assert same.mean() > 0.999 and np.isfinite(a.t).any()
    np.testing.assert_allclose(a.t, b.t, rtol=1e-5)
    np.testing.assert_allclose(a.uv[same], b.uv[same], atol=1e-4)
    np.testing.assert_allclose(a.normal[same], b.normal[same], atol=1e-4)
    ahead = (rays[:, :3], 4 * rays[:, 3:])
    assert (first.blocked(*ahead) == second.blocked(*ahead)).mean() > 0.999
