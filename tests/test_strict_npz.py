"""What hostile numpy files do to their one reader."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recon.strict_npz import open_npz, read_npy


def npy_of(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def said(shape: object, descr: object = "<f4") -> str:
    return str({"descr": descr, "fortran_order": False, "shape": shape})


def test_arrays_come_back_as_numpy_reads_them(tmp_path: Path) -> None:
    arrays = {
        "a": np.arange(12, dtype=np.float32).reshape(3, 4),
        "fortran": np.asfortranarray(np.arange(12).reshape(3, 4)),
        "text": np.array("päth"),
        "nothing": np.zeros((0, 3)),
        "number": np.array(7.5),
        "records": np.zeros(2, [("x", "<f4"), ("n", "u1")]),
    }
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
        with open_npz(tmp_path / "a.npz") as archive:
            assert archive.names == tuple(arrays)
            for name, expected in arrays.items():
                assert archive.header(name).shape == expected.shape
                result = archive.read(name)
                assert np.array_equal(result, expected) and result.dtype == expected.dtype
                assert result.flags.writeable
    np.save(tmp_path / "b.npy", arrays["fortran"])
    assert np.array_equal(read_npy(tmp_path / "b.npy"), arrays["fortran"])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not that of a numpy array"),
        (b"PK\x03\x04", "rename it to .npz"),
        (npy_of("-" * 4000 + "1"), "not that of a numpy array"),
        (npy_of("{[]: 1}"), "not that of a numpy array"),
        (npy_of(said((10**20,))), "more than the limit of"),
        (npy_of(said((-1,))), "not that of a numpy array|has the shape"),
        (npy_of(said((1 << 20,))), "promises 4,194,304 bytes"),
        (npy_of(said((3,)), b"\0" * 5), "cut off after 5 of 12|promises"),
        (npy_of(said((1,), "|O"), b"\0" * 8), "pickled"),
        (npy_of(said((1,) * 40), b"\0" * 4), "has the shape"),
        (npy_of(" " * 5000 + said((1,)), b"\0" * 4), "not that of a numpy array"),
    ],
)
def test_what_is_no_array_or_too_large_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(ValueError, match=says):
        read_npy(tmp_path / "a.npy")


def archive_of(path: Path, method: int, data: bytes) -> bytearray:
    with zipfile.ZipFile(path, "w", method) as package:
        package.writestr("depth.npy", data)
    return bytearray(path.read_bytes())


def read_all(path: Path, **limit: Any) -> None:
    with open_npz(path, **limit) as archive:
        for name in archive.names:
            archive.read(name)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_damage_of_every_compression_is_a_sentence(tmp_path: Path, method: int) -> None:
    path, file = tmp_path / "a.npz", io.BytesIO()
    np.save(file, np.random.default_rng(0).normal(size=(20, 20)))
    whole = archive_of(path, method, file.getvalue())
    read_all(path)
    refused = 0
    for at in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        try:
            read_all(path)
        except ValueError:
            refused += 1
    assert refused > len(whole) // 14  # most of its bytes are data, of which there is a checksum
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(encrypted)
    with pytest.raises(ValueError, match="encrypted"):
        read_all(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    archive_of(path, zipfile.ZIP_DEFLATED, npy_of(said((1 << 24,)), bytes(4 << 24)))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"67 MB, more than the limit of 1$"):
        read_all(path, most_bytes=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    with zipfile.ZipFile(path, "w") as package:
        for number in range(1101):
            package.writestr(f"{number}.npy", b"")
    with pytest.raises(ValueError, match="more than 1100 arrays"):
        read_all(path)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(1))
    with open_npz(tmp_path / "a.npz") as archive, pytest.raises(ValueError, match="no array 'y'"):
        archive.header("y")
