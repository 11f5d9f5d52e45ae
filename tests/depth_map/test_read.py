"""Depth files: ugly ones first."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recon.depth_map.read import read_depth
from recon.errors import DepthFileError

RAMP_M = np.linspace(0.5, 8, 48, dtype=np.float32).reshape(6, 8)


def save_exr(path: Path, channels: dict[str, np.ndarray]) -> Path:
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, channels) as file:
        file.write(str(path))
    return path


def saved(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


def test_what_is_not_a_depth_file(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.png", tmp_path / "text.tif"
    empty.write_bytes(b"")
    text.write_text("no picture")
    truncated = tmp_path / "truncated.png"
    whole = saved(tmp_path / "whole.png", np.full((64, 64), 1000, np.uint16)).read_bytes()
    truncated.write_bytes(whole[: len(whole) // 2])
    for path in (empty, text, truncated):
        with pytest.raises(DepthFileError, match="cannot be read as an image"):
            read_depth(path)
    with pytest.raises(DepthFileError, match="does not exist"):
        read_depth(tmp_path / "none.png")
    with pytest.raises(DepthFileError, match="does not exist"):
        (tmp_path / "folder.npy").mkdir()
        read_depth(tmp_path / "folder.npy")
    with pytest.raises(DepthFileError, match="expected a depth file"):
        read_depth(tmp_path / "depth.jpg")


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA"])
def test_an_8_bit_picture_of_depth_is_refused(tmp_path: Path, mode: str) -> None:
    Image.new("L", (8, 6), 100).convert(mode).save(tmp_path / "shades.png")
    with pytest.raises(DepthFileError, match="8-bit visualisation of depth"):
        read_depth(tmp_path / "shades.png")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_coloured_picture_of_depth_is_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (8, 6)).save(tmp_path / "colours.png")
    with pytest.raises(DepthFileError, match="one channel of depth"):
        read_depth(tmp_path / "colours.png")


def test_a_png_is_in_millimetres_by_default(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.png", np.array([[0, 1000], [2500, 65534]], np.uint16))
    file = read_depth(path)
    np.testing.assert_allclose(file.z_m, [[0.0, 1.0], [2.5, 65.534]])
    np.testing.assert_array_equal(file.valid, [[False, True], [True, True]])
    assert file.unit_m == 0.001
    np.testing.assert_allclose(read_depth(path, 1 / 256).z_m[1, 0], 2500 / 256)


def test_the_largest_number_of_a_sensor_s_file_is_no_depth(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.png", np.array([[1000, 65535]], np.uint16))
    np.testing.assert_array_equal(read_depth(path).valid, [[True, False]])


def test_float_files_are_in_metres_and_bit_exact(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", RAMP_M)
    np.save(tmp_path / "half.npy", RAMP_M.astype(np.float16))
    paths = [
        saved(tmp_path / "d.tiff", RAMP_M),
        tmp_path / "d.npy",
        save_exr(tmp_path / "d.exr", {"Z": RAMP_M}),
    ]
    for path in paths:
        file = read_depth(path)
        np.testing.assert_array_equal(file.z_m, RAMP_M)
        assert file.z_m.dtype == np.float32 and file.valid.all() and file.unit_m == 1
    np.testing.assert_allclose(read_depth(tmp_path / "half.npy").z_m, RAMP_M, rtol=1e-3)
    np.testing.assert_allclose(read_depth(paths[0], 0.01).z_m, RAMP_M * 0.01, rtol=1e-6)


def test_a_16_bit_tiff_of_either_byte_order_is_in_millimetres(tmp_path: Path) -> None:
    saved(tmp_path / "little.tif", np.array([[1500, 3000]], np.uint16))
    np.testing.assert_allclose(read_depth(tmp_path / "little.tif").z_m, [[1.5, 3.0]])
    # A minimal big-endian TIFF: width 2, height 1, 16 bits, one strip, black is zero.
    tags = [
        (256, 3, 2),
        (257, 3, 1),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 0),
        (278, 3, 1),
        (279, 4, 4),
    ]
    strip_at = 8 + 2 + 12 * len(tags) + 4
    body = struct.pack(">2sHIH", b"MM", 42, 8, len(tags))
    for tag, kind, value in tags:
        stored = strip_at if tag == 273 else value
        body += struct.pack(">HHI", tag, kind, 1) + (
            struct.pack(">HH", stored, 0) if kind == 3 else struct.pack(">I", stored)
        )
    (tmp_path / "big.tif").write_bytes(body + struct.pack(">IHH", 0, 1500, 3000))
    np.testing.assert_allclose(read_depth(tmp_path / "big.tif").z_m, [[1.5, 3.0]])


def test_what_no_sensor_measures_is_not_valid(tmp_path: Path) -> None:
    np.save(
        tmp_path / "d.npy", np.array([[0, np.nan, np.inf], [-np.inf, -1, 1e10], [2, 3, 1e-3]], np.float32)
    )
    file = read_depth(tmp_path / "d.npy")
    np.testing.assert_array_equal(file.valid, [[0, 0, 0], [0, 0, 0], [1, 1, 1]])
    assert np.isfinite(file.z_m).all()
    np.save(tmp_path / "none.npy", np.zeros((3, 4), np.float32))
    with pytest.raises(DepthFileError, match="no pixel has a depth"):
        read_depth(tmp_path / "none.npy")


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((4, 5, 3), np.float32), r"\(H, W\)"),
        (np.zeros(7, np.float32), r"\(H, W\)"),
        (np.zeros((0, 5), np.float32), r"\(H, W\)"),
        (np.zeros((4, 5), np.uint8), "16 bits or more"),
        (np.zeros((4, 5), bool), "16 bits or more"),
        (np.zeros((4, 5), np.complex64), "16 bits or more"),
        (np.array([[{}]], object), "cannot be read"),
    ],
)
def test_arrays_that_are_not_depth(tmp_path: Path, array: np.ndarray, complaint: str) -> None:
    np.save(tmp_path / "d.npy", array)
    with pytest.raises(DepthFileError, match=complaint):
        read_depth(tmp_path / "d.npy")


def test_damaged_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", RAMP_M)
    whole = (tmp_path / "d.npy").read_bytes()
    for name, content in (
        ("cut.npy", whole[:-20]),
        ("empty.npy", b""),
        ("bad.npz", b"PK\x03\x04bad"),
        ("e.npz", b""),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DepthFileError, match="cannot be read"):
            read_depth(tmp_path / name)
    header = json.dumps({"descr": "<f4", "fortran_order": False, "shape": [10**7, 10**7]}).replace(
        "false", "False"
    )
    header = header.replace("[", "(").replace("]", ")").ljust(117) + "\n"
    (tmp_path / "huge.npy").write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
    )
    with pytest.raises(DepthFileError, match=r"memory|cannot be read"):
        read_depth(tmp_path / "huge.npy")


def test_the_keys_of_an_archive_and_its_mask(tmp_path: Path) -> None:
    valid = RAMP_M > 2
    np.savez(tmp_path / "d.npz", z_m=RAMP_M * 2, depth_m=RAMP_M, valid=valid)
    file = read_depth(tmp_path / "d.npz")
    assert "depth_m" in file.source
    np.testing.assert_array_equal(file.valid, valid)
    np.testing.assert_array_equal(file.z_m[valid], RAMP_M[valid])
    np.savez(tmp_path / "other.npz", near=RAMP_M, far=RAMP_M)
    with pytest.raises(DepthFileError, match="depth_m, depth or z_m, got near, far"):
        read_depth(tmp_path / "other.npz")
    np.savez(tmp_path / "mask.npz", depth=RAMP_M, valid=valid[:2])
    with pytest.raises(DepthFileError, match="'valid'"):
        read_depth(tmp_path / "mask.npz")
    (tmp_path / "d.npz").rename(tmp_path / "renamed.npy")
    with pytest.raises(DepthFileError, match="npz"):
        read_depth(tmp_path / "renamed.npy")


@pytest.mark.parametrize(
    "names", [("Z",), ("Y",), ("R",), ("ViewLayer.Depth.Z",), ("V",), ("R", "G", "B"), ("B", "G", "R", "Z")]
)
def test_exr_channels(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = save_exr(tmp_path / "d.exr", {name: RAMP_M for name in names})
    np.testing.assert_array_equal(read_depth(path).z_m, RAMP_M)


def test_exr_refusals(tmp_path: Path, capfd: Any) -> None:
    path = save_exr(tmp_path / "rgb.exr", {"R": RAMP_M, "G": RAMP_M * 2, "B": RAMP_M})
    with pytest.raises(DepthFileError, match="one channel of depth"):
        read_depth(path)
    (tmp_path / "cut.exr").write_bytes(path.read_bytes()[:-40])
    (tmp_path / "no.exr").write_bytes(b"no picture")
    for name in ("cut.exr", "no.exr"):
        with pytest.raises(DepthFileError, match="cannot be read"):
            read_depth(tmp_path / name)
    assert capfd.readouterr().out == "", "stdout belongs to the application"


@pytest.mark.parametrize("key", ["arr_0", "depth_map", "prediction"])
@pytest.mark.parametrize("axes", [(), (0,), (2,), (0, 1), (0, 3)])
def test_the_only_map_of_an_archive_is_taken_and_named(
    tmp_path: Path, key: str, axes: tuple[int, ...]
) -> None:
    others = {
        "K": np.eye(3),
        "confidence": RAMP_M,
        "rgb": np.zeros((6, 8, 3), np.uint8),
        "name": np.array("x"),
    }
    np.savez(tmp_path / "d.npz", **{key: np.expand_dims(RAMP_M, axes)}, **others)
    file = read_depth(tmp_path / "d.npz")
    assert key in file.source
    np.testing.assert_array_equal(file.z_m, RAMP_M)
    np.save(tmp_path / "d.npy", np.expand_dims(RAMP_M, axes))
    np.testing.assert_array_equal(read_depth(tmp_path / "d.npy").z_m, RAMP_M)


def test_a_mask_by_another_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", depth=RAMP_M, valid_mask=RAMP_M < 4)
    np.testing.assert_array_equal(read_depth(tmp_path / "d.npz").valid, RAMP_M < 4)


@pytest.mark.parametrize("code", [65504.0, 65535.0, 1e10, np.inf])
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_codes_of_nothing_in_files_of_floats(tmp_path: Path, kind: Any, code: float) -> None:
    with np.errstate(over="ignore"):
        np.save(tmp_path / "d.npy", np.where(RAMP_M < 4, RAMP_M, code).astype(kind))
    np.testing.assert_array_equal(read_depth(tmp_path / "d.npy").valid, RAMP_M < 4)


def test_depth_along_the_other_direction_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", -RAMP_M)
    with pytest.raises(DepthFileError, match="All its values are negative, as along the -z of OpenGL"):
        read_depth(tmp_path / "d.npy")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_pfm_is_in_metres_and_begins_at_the_bottom(tmp_path: Path, order: str) -> None:
    head = f"Pf\n8 6\n{-1.0 if order == '<' else 1.0}\n".encode()
    (tmp_path / "d.pfm").write_bytes(head + RAMP_M[::-1].astype(f"{order}f4").tobytes())
    file = read_depth(tmp_path / "d.pfm")
    np.testing.assert_array_equal(file.z_m, RAMP_M)
    assert (file.unit_m, file.source) == (1.0, "float PFM")


@pytest.mark.parametrize("most", [65535, 10_000, 8191])
def test_a_pgm_is_in_millimetres_whatever_its_largest_number(tmp_path: Path, most: int) -> None:
    stored = np.rint(RAMP_M * 1000).astype(">u2")
    (tmp_path / "d.pgm").write_bytes(f"P5\n8 6\n{most}\n".encode() + stored.tobytes())
    file = read_depth(tmp_path / "d.pgm")
    np.testing.assert_allclose(file.z_m, stored / 1000, rtol=1e-6)
    assert (file.unit_m, file.source) == (0.001, "integer PGM")


@pytest.mark.parametrize("key", ["disparity", "inverse_depth", "confidence"])
def test_a_map_of_something_else_is_not_taken_for_depth(tmp_path: Path, key: str) -> None:
    np.savez(tmp_path / "d.npz", **{key: RAMP_M})
    with pytest.raises(DepthFileError, match=f"got {key}"):
        read_depth(tmp_path / "d.npz")


@pytest.mark.parametrize("yes", [1, 255])
def test_a_mask_of_numbers(tmp_path: Path, yes: int) -> None:
    valid = RAMP_M > 2
    np.savez(tmp_path / "d.npz", depth=RAMP_M, valid=(valid * yes).astype(np.uint8)[None])
    np.testing.assert_array_equal(read_depth(tmp_path / "d.npz").valid, valid)
    np.savez(tmp_path / "odd.npz", depth=RAMP_M, valid=np.where(valid, 7, 3).astype(np.uint8))
    with pytest.raises(DepthFileError, match="0 and 1"):
        read_depth(tmp_path / "odd.npz")


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_tiffs_of_every_number_are_turned_as_their_photo(
    tmp_path: Path, dtype: type, orientation: int
) -> None:
    upright = np.arange(1, 49).reshape(6, 8).astype(dtype)
    stored = np.ascontiguousarray(np.rot90(upright, {1: 0, 3: 2, 6: 1}[orientation]))
    bits = stored.dtype.itemsize * 8
    tags = [(256, stored.shape[1]), (257, stored.shape[0]), (258, bits), (259, 1), (262, 1), (273, 0)]
    tags += [(274, orientation), (277, 1), (278, stored.shape[0]), (279, stored.nbytes)]
    tags += [(339, 3 if stored.dtype.kind == "f" else 1)]
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, start if tag == 273 else value) for tag, value in tags)
    header = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    (tmp_path / "d.tif").write_bytes(header + stored.tobytes())
    np.testing.assert_allclose(read_depth(tmp_path / "d.tif", 1).z_m, upright)


def test_every_sensor_png_of_the_shared_data_reads(shared_data: Path) -> None:
    pairs = json.loads((shared_data / "rgbd" / "pairs.json").read_text())
    for name, pair in pairs.items():
        file = read_depth(shared_data / "rgbd" / pair["depth"], 1 / pair["depth_units_per_metre"])
        assert 0.3 < np.median(file.z_m[file.valid]) < 60, name
