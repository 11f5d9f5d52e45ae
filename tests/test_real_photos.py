"""The main job on every real photo with the embedded model: a scene of every one, the right way up and finite."""

import json
from pathlib import Path

import numpy as np
import pytest

import recon

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def photos() -> list[str]:
    if not DATA.is_dir():
        return ["none"]
    pairs = json.loads((DATA / "rgbd" / "pairs.json").read_text())
    result = [f"rgbd/{pair['rgb']}" for pair in pairs.values()]
    return sorted(result + [f"photos/{path.name}" for path in (DATA / "photos").iterdir()])


@pytest.mark.parametrize("name", photos())
def test_every_photo_becomes_a_scene(name: str, shared_data: Path, tmp_path: Path) -> None:
    scene = recon.reconstruct(shared_data / name, model="preview", stride=4)
    path = scene.save(tmp_path / "scene.ply")
    cloud = scene.cloud()
    height, width = scene.photo.rgb[::4, ::4].shape[:2]
    assert 0.15 * height * width < len(cloud.points) <= height * width
    assert np.isfinite(cloud.points).all() and cloud.points[:, 2].min() > 0
    middle = float(np.median(cloud.points[:, 2]))
    assert 0.1 < middle < 10_000, "metres of a thing on a table to a mountain"
    assert path.stat().st_size >= 27 * len(cloud.points)
