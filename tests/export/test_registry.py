"""The table of formats: found by suffix, refused with a sentence."""

import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recon.errors import ExportError
from recon.export.registry import format_for, formats, save
from recon.types import PointCloud


def test_every_format_names_itself():
    assert {".glb", ".obj", ".pcd", ".ply", ".stl", ".xyz"} <= set(formats())
    for suffix, form in formats().items():
        assert form.suffix == suffix == suffix.lower()
        assert form.name
        assert form.shapes
        assert form.instead or len(form.shapes) == 2, f"{suffix} refuses a shape without saying what to do"


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("scene.ply", None, "cloud"),
        ("SCENE.PLY", "mesh", "mesh"),
        ("Scene.Textured.PLY", None, "mesh"),
        ("a.b.glb", None, "mesh"),
        ("scene.xyz", "cloud", "cloud"),
    ],
)
def test_suffix_and_shape(name, shape, expected):
    form, chosen = format_for(Path(name), shape)
    assert form.suffix == (".textured.ply" if "Textured" in name else Path(name).suffix.lower())
    assert chosen == expected


@pytest.mark.parametrize("name", ["scene.max", "scene", ".ply"])
def test_unknown_suffix_names_those_there_are(name):
    with pytest.raises(ExportError) as refused:
        format_for(Path(name), others=(".npz",))
    for suffix in [*formats(), ".npz"]:
        assert suffix in str(refused.value)


@pytest.mark.parametrize(
    ("name", "shape", "instead"),
    [
        ("a.xyz", "mesh", ".ply"),
        ("a.pcd", "mesh", ".ply"),
        ("a.glb", "cloud", ".ply"),
        ("a.stl", "cloud", ".ply"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused_with_what_to_take(name, shape, instead):
    with pytest.raises(ExportError, match=shape) as refused:
        format_for(Path(name), shape)
    assert instead in str(refused.value)


@pytest.mark.parametrize("suffix", sorted(formats()))
def test_every_format_is_saved_where_names_have_spaces_and_umlauts(suffix, make_content, tmp_path):
    folder = tmp_path / "Meine Räume 部屋"
    folder.mkdir()
    path = folder / f"Küche 1 {suffix}"
    form, shape = format_for(path)
    save(make_content(shape), path, form)
    files = form.files(path, shape)
    assert set(folder.rglob("*")) >= set(files)
    assert {file.name for file in folder.iterdir()} == {file.name for file in files if file.parent == folder}
    assert all(file.stat().st_size > 0 for file in files)


def test_writing_needs_the_memory_of_a_block_not_of_the_scene(make_content, tmp_path):
    content = make_content("cloud")
    # Many times the few blocks that are made ahead.
    points = np.tile(content.geometry.points, (8000, 1))
    cloud = PointCloud(points, np.tile(content.geometry.rgb, (8000, 1)), points)
    path = tmp_path / "a.ply"
    tracemalloc.start()
    try:
        save(replace(content, geometry=cloud), path, formats()[".ply"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < path.stat().st_size / 5


def test_the_table_loads_nothing_heavy():
    code = (
        "import sys; from recon.export.registry import formats; formats(); "
        "heavy = ('torch', 'open3d', 'trimesh', 'cv2', 'PIL', 'OpenEXR', 'laspy', 'pxr'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
