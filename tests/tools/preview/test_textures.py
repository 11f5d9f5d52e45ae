"""Unit meshes and textures: what the renderer relies on."""

import numpy as np
import pytest

from tools.preview.meshes import unit_meshes
from tools.preview.textures import LEVELS, SIZE, TextureBank, sample, texture_bank


@pytest.mark.parametrize("name", sorted(unit_meshes()))
def test_meshes_fill_the_unit_cube_with_sound_triangles(name: str) -> None:
    mesh = unit_meshes()[name]
    assert np.abs(mesh.vertices).max() <= 0.501
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
    assert mesh.triangles.min() >= 0 and mesh.triangles.max() < len(mesh.vertices)


@pytest.mark.parametrize("name", ["box", "cushion", "sphere", "cylinder"])
def test_normals_point_outwards(name: str) -> None:
    mesh = unit_meshes()[name]
    inner = (mesh.vertices * mesh.normals).sum(1)
    assert (inner > -1e-6).all() and inner.mean() > 0.2


def test_coarse_levels_are_means_of_the_fine_ones() -> None:
    bank = texture_bank()
    for texture in bank.texels[::17]:
        fine = texture[: SIZE * SIZE].astype(float).mean(0)
        np.testing.assert_allclose(texture[-1], fine, atol=LEVELS)  # each level rounds


def _ramp() -> TextureBank:
    """A bank of one texture whose finest level is a ramp along u."""
    u = np.tile(np.arange(SIZE, dtype=np.uint8), (SIZE, 1))
    fine = np.repeat(u.reshape(-1, 1), 3, 1)
    rest = np.zeros((sum((SIZE >> k) ** 2 for k in range(1, LEVELS)), 3), np.uint8)
    return TextureBank(np.concatenate([fine, rest])[None], {"ramp": [0]}, np.array([False]))


def test_sampling_is_bilinear_at_texel_centres_and_wraps() -> None:
    bank, zero = _ramp(), np.zeros(3, int)
    u = (np.array([10.0, 10.5, 10.0 + SIZE]) + 0.5) / SIZE
    value = sample(bank, zero, u, np.full(3, 0.3), np.zeros(3))
    np.testing.assert_allclose(value[:, 0] * 255, [10, 10.5, 10], atol=1e-3)
    coarse = sample(bank, zero[:1], u[:1], np.array([0.3]), np.array([3.0]))
    assert coarse.max() == 0  # taken from another level
