"""Sparse measured depth: lines of x,y,depth, and COLMAP models."""

from pathlib import Path

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, with_box

import recon
from recon.depth.sparse_points import SparsePoints
from recon.errors import DepthFileError
from recon.journal import Journal
from recon.types import DepthEstimate, MetricDepth, Photo, RelativeDepth

Z = with_box(floor_and_wall(wall_m=10.0), slice(30, 90), slice(50, 100), 2.0)
PHOTO = Photo(rgb=np.zeros((*Z.shape, 3), np.uint8), path="photo.jpg")
RNG = np.random.default_rng(0)
ROWS, COLS = RNG.integers(2, 118, 400), RNG.integers(2, 158, 400)


class Fake:
    name = "fake"
    gives = "relative"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        inverse = ((1 / Z + 0.05) / 0.02).astype(np.float32)
        return DepthEstimate(depth=RelativeDepth(inverse, np.ones(Z.shape, bool)), model="fake")


def depth_of(path: Path, unit_m: float | None = None) -> MetricDepth:
    result = SparsePoints(path, unit_m).estimate(PHOTO, focal_px=None, journal=Journal()).depth
    assert isinstance(result, MetricDepth)
    return result


def test_lines_of_positions_and_depth(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text(
        "x,y,depth,name\n10.5,20.5,3.25,a\n\n10.9,20.1,2.5,nearer\n-4,3,1,outside\n30,40,-1,behind\n"
    )
    depth = depth_of(path)
    assert depth.valid.sum() == 1 and depth.z_m[20, 10] == 2.5
    assert depth_of(path, 0.5).z_m[20, 10] == 1.25


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no points"),
        ("x,y,z\n", "no points"),
        ("1,2\n", "line 1: expected x,y,depth"),
        ("x,y,z\n1,2,3\n1,b,3\n", "line 3"),
        ("500,2,3\n", "none of its 1 points"),
        ("5,2,nan\n", "none of its 1 points"),
    ],
)
def test_invalid_lines_are_reported(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(DepthFileError, match=says):
        depth_of(path)


def test_points_bring_relative_depth_to_metres(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    lines = [f"{c + 0.5},{r + 0.5},{Z[r, c]}" for r, c in zip(ROWS, COLS, strict=True)]
    path.write_text("\n".join(lines))
    scene = recon.reconstruct(PHOTO, estimator=Fake(), reference=str(path), focal_px=CAMERA.fx)  # type: ignore[arg-type]
    assert np.median(np.abs(scene.depth.z_m / Z - 1)) < 1e-3


def colmap_model(folder: Path, name: str = "photo.jpg") -> Path:
    """A COLMAP text model with one picture twice the photo's size, its camera turned and moved in the world."""
    folder.mkdir()
    k = CAMERA.resized(width=2 * CAMERA.width, height=2 * CAMERA.height)
    (folder / "cameras.txt").write_text(f"1 PINHOLE {k.width} {k.height} {k.fx} {k.fy} {k.cx} {k.cy}\n")
    half = np.radians(30) / 2
    turn = np.array(
        [[np.cos(2 * half), 0, np.sin(2 * half)], [0, 1, 0], [-np.sin(2 * half), 0, np.cos(2 * half)]]
    )
    shift = np.array([0.3, -0.2, 1.5])
    seen, points = [], []
    for index, (r, c) in enumerate(zip(ROWS, COLS, strict=True), start=1):
        x, y = c + 0.5, r + 0.5
        cam = np.array([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, 1]) * Z[r, c]
        world = turn.T @ (cam - shift)
        seen.append(f"{2 * x} {2 * y} {index}")
        points.append(f"{index} {world[0]} {world[1]} {world[2]} 0 0 0 0.1 1 {index - 1}")
    pose = f"{np.cos(half)} 0 {np.sin(half)} 0 {shift[0]} {shift[1]} {shift[2]}"
    (folder / "images.txt").write_text(f"1 {pose} 1 frames/{name}\n{' '.join(seen)}\n")
    (folder / "points3D.txt").write_text("\n".join(points) + "\n")
    return folder


def test_a_colmap_model_is_a_reference(tmp_path: Path) -> None:
    pytest.importorskip("pycolmap")
    folder = colmap_model(tmp_path / "sparse")
    assert SparsePoints.reads(folder)
    depth = depth_of(folder)
    rows, cols = np.nonzero(depth.valid)
    assert len(rows) > 350 and np.allclose(depth.z_m[rows, cols], Z[rows, cols], rtol=1e-4)
    scene = recon.reconstruct(PHOTO, estimator=Fake(), reference=str(folder), focal_px=CAMERA.fx)  # type: ignore[arg-type]
    assert np.median(np.abs(scene.depth.z_m / Z - 1)) < 1e-3


def test_a_colmap_model_that_is_damaged_or_lacks_this_photo_is_reported(tmp_path: Path) -> None:
    pytest.importorskip("pycolmap")
    with pytest.raises(DepthFileError, match=r"no image named photo\.jpg among its 1 images"):
        depth_of(colmap_model(tmp_path / "other", "street.jpg"))
    broken = colmap_model(tmp_path / "broken")
    (broken / "images.txt").write_text("nonsense\n")
    with pytest.raises(DepthFileError, match=r"COLMAP model|no image"):
        depth_of(broken)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_of_a_spreadsheet_loses_no_point(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text("10.5,20.5,3\n11.5,21.5,4\n", encoding=encoding)
    assert np.count_nonzero(depth_of(path).valid) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"caf\xe9,1,2\n", "not text in UTF-8"),
        (b"1,2,3\n" + b"4" * 200_000 + b",1,1\n", "line [12]: expected x,y,depth"),
        (b"nan,1,1\n1e300,1,1\n1,1,1e300\n", "none of its 3 points|line 1"),
        (b"1,2,3\n1\n", "line 2"),
    ],
)
def test_a_hostile_csv_is_a_short_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "points.csv").write_bytes(content)
    with pytest.raises(DepthFileError, match=says) as caught:
        depth_of(tmp_path / "points.csv")
    assert len(str(caught.value)) < 300


@pytest.mark.slow
def test_a_hostile_colmap_model_is_a_sentence(tmp_path: Path) -> None:
    pycolmap = pytest.importorskip("pycolmap")
    binary = tmp_path / "binary"
    binary.mkdir()
    pycolmap.Reconstruction(str(colmap_model(tmp_path / "text"))).write_binary(str(binary))
    assert depth_of(binary).valid.any()
    many = (1 << 40).to_bytes(8, "little")
    whole = {name: (binary / name).read_bytes() for name in ("cameras.bin", "images.bin", "points3D.bin")}
    for name, data in (
        ("images.bin", many + whole["images.bin"][8:]),
        ("points3D.bin", many + whole["points3D.bin"][8:]),
        ("points3D.bin", bytes(8)),
        ("cameras.bin", whole["cameras.bin"][:16] + bytes(16) + whole["cameras.bin"][32:]),
    ):
        (binary / name).write_bytes(data)
        with pytest.raises(DepthFileError, match="cannot be read as a COLMAP model: "):
            depth_of(binary)
        (binary / name).write_bytes(whole[name])
