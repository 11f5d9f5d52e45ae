"""The one reader: what recon wrote comes back as it was, and nothing heavy is imported to describe a file."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from both_readers import agreeing, points_of
from click.testing import CliRunner

from recon.errors import SceneFileError
from recon.export.registry import formats, save
from recon.file_info import FileInfo, describe, is_geometry, read_geometry
from recon.frames import FILE_AXES, Axes
from recon.types import Mesh, PointCloud
from recon_cli.group import recon

OURS = [
    (suffix, shape, axes)
    for suffix, form in formats().items()
    for shape in form.shapes
    # An .xyz has no place to say which axes it has.
    for axes in ([form.fixed_axes or "y-up"] if form.fixed_axes or suffix == ".xyz" else FILE_AXES)
    if is_geometry(Path(f"a{suffix}")) and suffix != ".html"
]


@pytest.mark.parametrize(("suffix", "shape", "axes"), OURS)
def test_what_recon_wrote_comes_back(
    suffix: str, shape: str, axes: Axes, make_content: Any, tmp_path: Path
) -> None:
    content = make_content(shape, axes=axes)
    save(content, tmp_path / f"mein raum{suffix}", formats()[suffix])
    _, read, notes = agreeing(tmp_path / f"mein raum{suffix}", axes, atol=1e-4)
    written = content.geometry
    expected = written.vertices if isinstance(written, Mesh) else written.points
    points = points_of(read)
    assert type(read) is type(written) and not notes
    assert np.allclose(
        [points.min(axis=0), points.max(axis=0)], [expected.min(axis=0), expected.max(axis=0)], atol=1e-4
    )
    if suffix != ".stl":
        assert read.rgb is not None
        # JPEG textures of noise keep the mean.
        assert abs(float(read.rgb.mean()) - float(content.photo.rgb.mean())) < 6 and read.rgb.std() > 30
    if isinstance(read, Mesh) and isinstance(written, Mesh):
        assert len(read.faces) == len(written.faces) and read.normals is not None
        assert (read.normals[:, 2] < 0).all(), "the faces look at the camera"


def test_what_holds_no_geometry_is_refused(make_content: Any, tmp_path: Path) -> None:
    for name, words in (
        ("a.html", "open it in a browser"),
        ("a.jpg", "contains no geometry"),
        ("a.ply", "does not exist"),
    ):
        with pytest.raises(SceneFileError, match=words):
            read_geometry(tmp_path / name)
    (tmp_path / "a.ply").write_text("ply\nformat ascii 1.0\nelement vertex 0\nend_header\n")
    with pytest.raises(SceneFileError, match="neither points nor triangles"):
        read_geometry(tmp_path / "a.ply")


def test_to_describe_a_file_nothing_heavy_is_imported(make_content: Any, tmp_path: Path) -> None:
    heavy = "trimesh laspy pxr open3d torch"
    for suffix in (".ply", ".glb", ".obj", ".stl", ".las", ".usdc"):
        shape = "cloud" if suffix == ".las" else "mesh"
        save(make_content(shape), tmp_path / f"a{suffix}", formats()[suffix])
    program = (
        "import sys; from pathlib import Path; from recon.file_info import describe\n"
        f"for path in Path({str(tmp_path)!r}).glob('a.*'):\n"
        "    if path.suffix != '.jpg' and path.suffix != '.mtl': describe(path)\n"
        f"print([name for name in {heavy!r}.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.ply").write_bytes(
        b"ply\nformat ascii 1.0\ncomment \x1b]0;owned\x07 \x1b]52;c;AAAA\x07 x\ry\nelement vertex 1\n"
        b"property float x\nproperty float y\nproperty float z\nend_header\n0 0 0\n"
    )
    shown = CliRunner().invoke(recon, ["info", str(tmp_path / "a.ply")])
    assert shown.exit_code == 0 and r"\x1b]0;owned\x07" in shown.output
    assert not set(shown.output) & {"\x1b", "\x07", "\r"}


def test_units_are_claimed_where_they_are_known_alone() -> None:
    known = FileInfo(Path("a"), "", 0, 1, low=(0, 0, 0), high=(1, 2, 3), unit="m")
    assert dict(known.rows())["extent"] == "x 1.000 m, y 2.000 m, z 3.000 m"
    assert dict(replace(known, unit=None).rows())["extent"] == "x 1.000, y 2.000, z 3.000"
    rough = replace(known, provenance={"scale_interval": 0.4})
    assert dict(rough.rows())["extent"] == "x 1.0 m, y 2.0 m, z 3.0 m"
    assert rough.as_dict()["size"] == [1, 2, 3]
    assert known.as_dict()["unit"] == "m" and replace(known, unit=None).as_dict()["unit"] is None


def test_a_cloud_without_colours_is_grey(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("0 0 0\n1 1 1\n")
    shape, _ = read_geometry(tmp_path / "a.xyz")
    assert isinstance(shape, PointCloud) and shape.rgb.tolist() == [[190] * 3] * 2
    assert describe(tmp_path / "a.xyz").colours == "none"
