"""A file of several photos in Blender: each camera shows its photo."""

from pathlib import Path

import numpy as np
from PIL import Image

from recon import join
from recon.blender.find_blender import scene_script
from recon.options import Options
from recon.provenance import Provenance
from tools.sequences.walk import walk


def test_every_camera_shows_its_photo(ask, bpy_python: Path, tmp_path: Path) -> None:
    views = walk(3, seed=3, width=160, height=120).views
    scene = join.JoinedScene(views, (Provenance(),) * 3, options=Options(voxel=0.03))
    join.save(scene, tmp_path / "a.glb")
    seen = ask(bpy_python, "look_through_cameras.py", scene_script(), tmp_path / "a.glb", tmp_path)
    assert seen["cameras"] == [view.photo.name for view in views]
    for view in views:
        with Image.open(tmp_path / f"{view.photo.name}.png") as opened:
            picture = np.asarray(opened.convert("RGBA"), float)
        covered = picture[..., 3] > 250
        error = picture[covered][:, :3] - view.photo.rgb[covered]
        assert covered.mean() > 0.9
        assert -10 * np.log10(np.mean(error**2) / 255**2) > 25
