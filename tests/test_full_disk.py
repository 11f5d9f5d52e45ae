"""A disk that fills while a file is written, in every format: an error, the old file kept, nothing left behind.

The limit of a process on the size of its files does to a writer what a full disk does: the system takes a part of the
bytes and refuses the rest.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from recon.depth_map.write import write_depth
from recon.errors import ExportError
from recon.export.registry import format_for, formats, save
from recon.render.film import write_film, write_still
from recon.scene_file import write_arrays
from recon.types import MetricDepth

resource = pytest.importorskip("resource", reason="limits of POSIX")
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="no such limit on macOS")

SHAPES = [(suffix, shape) for suffix, form in formats().items() for shape in form.shapes]
PARTS = (0.02, 0.5, 0.97)
"""How much of the largest file the disk takes."""


@contextmanager
def disk_that_takes(count: int) -> Iterator[None]:
    """No file may become larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder: Path) -> dict[Path, bytes]:
    """Of all files below a folder, hidden ones too."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(write: Callable[[Path], object], folder: Path, name: str) -> None:
    """Writes once well, then on a disk that is full earlier or later; what was there must still be there."""
    path = folder / name
    write(path)
    whole = contents(folder)
    largest = max(map(len, whole.values()))
    for part in PARTS:
        with disk_that_takes(max(1, int(largest * part))), pytest.raises(ExportError, match="disk is full"):
            write(path)
        assert contents(folder) == whole and not list(folder.glob(".*"))


@pytest.mark.parametrize(("suffix", "shape"), SHAPES)
def test_scenes(suffix: str, shape: str, make_content: Callable, tmp_path: Path) -> None:
    form, _ = format_for(tmp_path / f"a{suffix}", shape)
    content = make_content(shape)
    check(lambda path: save(content, path, form), tmp_path, f"a{suffix}")


@pytest.mark.parametrize("name", ["a.png", "a.exr", "a.npy", "a.npz", "a.tif", "a.jpg", "colours.png"])
def test_depth_maps(name: str, tmp_path: Path) -> None:
    z_m = np.random.default_rng(0).uniform(1, 9, (120, 160)).astype(np.float32)
    depth = MetricDepth(z_m, np.ones(z_m.shape, bool))
    colormap = "viridis" if name == "colours.png" else None
    check(lambda path: write_depth(path, depth, colormap=colormap, overwrite=True), tmp_path, name)


def test_scene_files(tmp_path: Path) -> None:
    check(lambda path: write_arrays(path, {"z_m": np.zeros((50, 50))}, {}), tmp_path, "a.npz")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.mp4", "a.mkv", "folder"])
def test_pictures_and_films(name: str, tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    if name.endswith((".mp4", ".mkv")):
        pytest.importorskip("av")
    if name.endswith((".png", ".jpg")):
        check(lambda path: write_still(path, pictures[0]), tmp_path, name)
    else:
        check(lambda path: write_film(path, iter(pictures), 25, len(pictures)), tmp_path, name)
