"""Arrays as Open3D's geometry and materials."""

import numpy as np
import pytest
from viewer_scenes import room

from recon.frames import gl_T_cam
from recon.render.drawable import draw_scene
from recon.render.style import View

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")


def test_a_texture_comes_out_in_the_photos_colours() -> None:
    from recon_viewer.drawing.open3d_geometry import material

    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    held = np.asarray(material("triangles", texture=np.repeat(values[..., None], 3, axis=2)).albedo_img)
    share = held[..., 0].astype(np.float64) / 255
    # IEC 61966-2-1, as the renderer decodes every texture.
    shown = 255 * np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    assert np.abs(shown - values).max() < 1.2


def test_large_photos_are_textures_that_a_driver_takes() -> None:
    from recon_viewer.drawing.open3d_geometry import material

    held = material("triangles", texture=np.zeros((10, 9000, 3), np.uint8)).albedo_img
    assert np.asarray(held).shape == (5, 4096, 3)


def test_a_textured_mesh_has_white_vertices_and_coordinates_from_the_bottom_up() -> None:
    from recon_viewer.drawing.open3d_geometry import triangles

    drawn = draw_scene(room(), View(shown_as="mesh"), gl_T_cam, share=(0.0, 1.0))
    made = triangles(drawn)
    assert drawn.uv is not None and drawn.indices is not None
    assert (made.vertex.colors.numpy() == 1).all()
    at = made.vertex.texture_uvs.numpy()
    assert np.allclose(at, np.stack([drawn.uv[:, 0], 1 - drawn.uv[:, 1]], axis=1))
    assert "texture_uvs" not in made.triangle, "which takes twice the memory"
