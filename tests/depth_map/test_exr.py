"""Which channel of an EXR file is depth, and where its values lie."""

from pathlib import Path

import numpy as np
import pytest

from recon.depth_map.read import read_depth
from recon.errors import DepthFileError

DEPTH_M = np.linspace(2, 4, 48, dtype=np.float32).reshape(6, 8)
OTHER = np.full((6, 8), 0.9, np.float32)
COLOURS = {f"Combined.{name}": DEPTH_M * k for k, name in enumerate("RGBA", 5)}
Layers = dict[str, np.ndarray]


def saved(path: Path, *parts: Layers, names: tuple[str, ...] = (), **header: object) -> Path:
    import OpenEXR

    common = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    if names:
        made = [OpenEXR.Part(dict(common), part, name) for part, name in zip(parts, names, strict=True)]
        with OpenEXR.File(made) as file:
            file.write(str(path))
    else:
        with OpenEXR.File(common, parts[0]) as file:
            file.write(str(path))
    return path


def vector(layer: str, names: str = "XYZ") -> Layers:
    return {f"{layer}.{name}": OTHER * k for k, name in enumerate(names, 1)}


@pytest.mark.parametrize(
    ("depth", "others"),
    [
        ("ViewLayer.Depth.Z", vector("ViewLayer.Normal")),
        ("ViewLayer.Depth.Z", vector("ViewLayer.Position") | vector("ViewLayer.Vector", "XYZW")),
        ("Depth.V", {f"Image.{name}": OTHER for name in "RGBA"}),
        ("Depth.V", {name: OTHER for name in "RGB"}),
        ("depth.Y", {"Y": OTHER}),
        ("Z", vector("N") | vector("P")),
        ("depth", {name: OTHER for name in "RGB"}),
        ("ViewLayer.Z", {f"ViewLayer.{name}": OTHER for name in "RGB"}),
        ("Mask.Depth.Z", {"Mask.Combined.R": OTHER}),
        ("Pz", {name: OTHER for name in "RGB"}),
        ("depth.Z", {"depth_confidence.Z": OTHER, "disparity.Z": OTHER}),
        ("ViewLayer.Depth.left.Z", vector("ViewLayer.Normal.left")),
        ("ViewLayer.Depth.Z", {"ViewLayer.Denoising Depth.Z": OTHER, "ViewLayer.Mist.Z": OTHER}),
    ],
)
def test_depth_is_found_by_its_layer(tmp_path: Path, depth: str, others: Layers) -> None:
    file = read_depth(saved(tmp_path / "d.exr", others | {depth: DEPTH_M}))
    assert depth in file.source
    np.testing.assert_array_equal(file.z_m, DEPTH_M)


@pytest.mark.parametrize(
    "channels",
    [
        vector("N"),
        vector("ViewLayer.Normal"),
        vector("ViewLayer.Vector", "XYZW"),
        {"X": OTHER, "Y": DEPTH_M, "Z": OTHER},
        {"Normal.Z": OTHER},
        {"ViewLayer.Position.Z": OTHER, "R": OTHER, "G": OTHER, "B": OTHER},
        {"Y": DEPTH_M, "RY": OTHER, "BY": OTHER},
        {"Image.R": OTHER, "Image.G": OTHER, "Image.B": OTHER, "Shadow.V": OTHER},
        {"Depth.R": DEPTH_M, "Depth.G": OTHER, "Depth.B": OTHER},
        {"A": OTHER},
        {"depth.confidence": OTHER},
        {"disparity.R": OTHER},
        {"InverseDepth.Z": OTHER},
        {"facing_ratio": OTHER},
    ],
)
def test_what_is_not_depth_is_refused_with_the_channels(tmp_path: Path, channels: Layers) -> None:
    path = saved(tmp_path / "d.exr", channels)
    with pytest.raises(DepthFileError, match="one channel of depth") as refused:
        read_depth(path)
    assert all(name in str(refused.value) for name in channels)


def test_two_different_depths_are_a_question_and_two_equal_ones_are_not(tmp_path: Path) -> None:
    names = ("A.Depth.Z", "Shadow.Depth.Z")  # names of layers may be any words
    path = saved(tmp_path / "d.exr", {names[0]: DEPTH_M, names[1]: DEPTH_M * 2})
    with pytest.raises(DepthFileError, match=r"several channels .*Shadow\.Depth\.Z"):
        read_depth(path)
    same = saved(tmp_path / "same.exr", dict.fromkeys(names, DEPTH_M))
    np.testing.assert_array_equal(read_depth(same).z_m, DEPTH_M)


@pytest.mark.parametrize("channel", ["Z", "V", "Y", "depth.Z"])
def test_a_part_of_depth_behind_one_of_colours(tmp_path: Path, channel: str) -> None:
    rgb = {name: OTHER for name in "RGB"}
    path = saved(tmp_path / "d.exr", rgb, {channel: DEPTH_M}, names=("rgb", "depth"))
    np.testing.assert_array_equal(read_depth(path).z_m, DEPTH_M)
    normals = saved(tmp_path / "n.exr", rgb, {"X": OTHER, "Y": OTHER, "Z": OTHER}, names=("rgb", "normals"))
    with pytest.raises(DepthFileError, match="normals: Z"):
        read_depth(normals)


def window(left: int, top: int, right: int, bottom: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([left, top], np.int32), np.array([right, bottom], np.int32)


def test_a_smaller_data_window_is_placed_and_a_larger_one_is_cut(tmp_path: Path) -> None:
    small = saved(
        tmp_path / "small.exr",
        {"Z": DEPTH_M},
        dataWindow=window(3, 2, 10, 7),
        displayWindow=window(0, 0, 15, 11),
    )
    file = read_depth(small)
    expected = np.zeros((12, 16), np.float32)
    expected[2:8, 3:11] = DEPTH_M
    np.testing.assert_array_equal(file.z_m, expected)
    np.testing.assert_array_equal(file.valid, expected > 0)
    large = saved(
        tmp_path / "large.exr",
        {"Z": DEPTH_M},
        dataWindow=window(-2, -1, 5, 4),
        displayWindow=window(0, 0, 3, 2),
    )
    np.testing.assert_array_equal(read_depth(large).z_m, DEPTH_M[1:4, 2:6])
    apart = saved(
        tmp_path / "apart.exr",
        {"Z": DEPTH_M},
        dataWindow=window(20, 20, 27, 25),
        displayWindow=window(0, 0, 3, 2),
    )
    with pytest.raises(DepthFileError, match="display window"):
        read_depth(apart)
