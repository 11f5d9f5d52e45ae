"""A cloud made piece by piece is the cloud made at once, in memory and in a file."""

import threading
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from recon.export.binary.threaded_writer import Run, write_runs
from recon.export.formats.ply import Vertices, record_of, vertex_runs
from recon.frames import apply, file_T_cam, rotate
from recon.geometry.depth_edges import connect
from recon.geometry.normals import grid_normals
from recon.geometry.point_cloud import GridCloud
from recon.geometry.unproject import rays_of, unproject
from recon.threads import in_order
from recon.types import Intrinsics

# More pixels than several pieces, and rows that do not divide them.
CAMERA = Intrinsics(300, 310, 401.5, 309.25, width=803, height=611, source="user")
RAYS = rays_of(CAMERA)
NOISE = np.random.default_rng(0)
Z_M = (2 + NOISE.random((611, 803)) + (np.arange(803) > 200)).astype(np.float32)
RGB = NOISE.integers(0, 256, (611, 803, 3)).astype(np.uint8)
SOME = NOISE.random(Z_M.shape) < 0.6
SOME[300:] = False
ALL = np.ones_like(SOME)
TURN = np.array([[0.6, 0, 0.8, 1], [0, 1, 0, -2], [-0.8, 0, 0.6, 0.5], [0, 0, 0, 1.0]])


@pytest.mark.parametrize("keep", [ALL, SOME, ~ALL], ids=["all", "some", "none"])
def test_pieces_are_the_whole(keep: np.ndarray) -> None:
    connections = connect(Z_M, keep, RAYS, 0.04)
    cloud = GridCloud(Z_M, keep, RAYS, RGB, connections)
    whole = cloud.whole()
    assert len(cloud.pieces) > 3 and len(cloud) == len(whole) == keep.sum()
    assert np.array_equal(whole.points, unproject(Z_M, RAYS)[keep])
    assert np.array_equal(whole.rgb, RGB[keep])
    assert np.array_equal(whole.normals, grid_normals(Z_M, RAYS, connections)[keep])


def bytes_of(path: Path, runs: Iterable[Run], threads: int) -> bytes:
    with path.open("wb") as file:
        file.write(b"head")
        write_runs(file, runs, threads)
        file.write(b"tail")
    result = path.read_bytes()
    assert result.startswith(b"head") and result.endswith(b"tail")
    return result[4:-4]


@pytest.mark.parametrize(
    ("keep", "normals", "level"), list(product((ALL, SOME), (True, False), (None, TURN)))
)
@pytest.mark.parametrize("axes", ["y-up", "z-up", "opencv"])
def test_records_are_the_same_whatever_the_way_and_the_threads(
    keep: np.ndarray, normals: bool, level: np.ndarray | None, axes: str, tmp_path: Path
) -> None:
    cloud = GridCloud(Z_M, keep, RAYS, RGB, connect(Z_M, keep, RAYS, 0.04) if normals else None)
    whole, transform = cloud.whole(), file_T_cam(axes, level)  # type: ignore[arg-type]
    record = record_of(cloud)
    path = tmp_path / "records"
    result = [bytes_of(path, vertex_runs(cloud, record, transform), threads) for threads in (1, 2, 5)]
    assert result[0] == result[1] == result[2]
    made = np.frombuffer(result[0], record)
    assert np.array_equal(made["xyz"], apply(transform, whole.points))
    assert np.array_equal(made["rgb"], whole.rgb)
    if normals:
        assert whole.normals is not None
        assert np.array_equal(made["normal"], rotate(transform, whole.normals))
    vertices = Vertices(whole.points, whole.normals, whole.rgb)
    other = np.frombuffer(bytes_of(path, vertex_runs(vertices, record, transform), 2), record)
    assert np.array_equal(other["xyz"], made["xyz"]) and np.array_equal(other["rgb"], made["rgb"])


def test_a_cloud_without_normals_gives_none() -> None:
    cloud = GridCloud(Z_M, ALL, RAYS, RGB)
    assert cloud.whole().normals is None
    with pytest.raises(ValueError, match="no normals"):
        cloud.pieces[0].normals(np.eye(4))


def test_makers_run_ahead_a_little_and_fail_in_order() -> None:
    made: list[int] = []

    def maker(k: int) -> Callable[[], int]:
        def make() -> int:
            made.append(k)
            if k == 50:
                raise OSError("full")
            return k

        return make

    blocks = in_order((maker(k) for k in range(1000)), threads=3)
    assert [next(blocks) for _ in range(10)] == list(range(10))
    assert len(made) <= 14
    with pytest.raises(OSError, match="full"):
        list(blocks)
    assert max(made) <= 54


def test_a_single_block_needs_no_threads() -> None:
    assert list(in_order([threading.get_ident], threads=3)) == [threading.get_ident()]
    assert threading.get_ident() not in in_order([threading.get_ident] * 2, threads=3)
    assert list(in_order([], threads=3)) == []


def test_the_standard_deviation_of_a_pixel_goes_with_its_point() -> None:
    sigma_m = np.float32(0.1) * Z_M
    cloud = GridCloud(Z_M, SOME, RAYS, RGB, sigma_m=sigma_m)
    whole = cloud.whole()
    assert np.array_equal(whole.sigma_m, sigma_m[SOME])
    assert np.array_equal(np.concatenate([piece.sigma_m() for piece in cloud.pieces]), sigma_m[SOME])
    assert np.array_equal(whole.transform(TURN).sigma_m, whole.sigma_m), (
        "a rigid transform changes no distance"
    )
    with pytest.raises(ValueError, match="unknown"):
        GridCloud(Z_M, SOME, RAYS, RGB).pieces[0].sigma_m()
