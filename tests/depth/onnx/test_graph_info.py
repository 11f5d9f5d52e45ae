"""The description in an ONNX file, and files that are none."""

import json
from pathlib import Path

import pytest

from recon.compare.compare_models import compare_models
from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.onnx.export import Exported
from recon.depth.onnx.graph_info import KEY, GraphInfo, read_info
from recon.depth.onnx.onnx_file import OnnxFile
from recon.errors import ModelUnavailable

INFO = GraphInfo("m", "relative", 98, 70, "bicubic", "pad", (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
VERSION = b"\x08\x0a"


def _field(number: int, data: bytes) -> bytes:
    length, rest = b"", len(data)
    while rest > 0x7F:
        length, rest = length + bytes([rest & 0x7F | 0x80]), rest >> 7
    return bytes([number << 3 | 2]) + length + bytes([rest]) + data


def _file(path: Path, text: str, key: str = KEY) -> Path:
    """A file with a description, and a network that is not even looked at."""
    entry = _field(1, key.encode()) + _field(2, text.encode())
    path.write_bytes(VERSION + _field(7, b"\xff" * 300) + _field(14, entry))
    return path


def test_a_description_comes_back(tmp_path: Path, exported_relative: tuple[Path, Exported]) -> None:
    assert read_info(_file(tmp_path / "a.onnx", INFO.as_text())) == INFO
    real = read_info(exported_relative[0])
    assert (real.output, real.width, real.height, real.fit) == ("relative", 98, 70, "pad")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "was not written by"),
        (b"not an ONNX file at all", "is not an ONNX file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "is not an ONNX file"),
        (VERSION + b"\x3a\xff\xff\xff\x7f" + b"x", "cut off"),
        (VERSION + b"\x3a" + b"\xff" * 10, "is not an ONNX file"),
        (VERSION, "was not written by `recon models export`"),
    ],
)
def test_other_files_are_refused_in_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=message):
        registry.create(f"onnx:{path}", RunOptions())


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"width": 10**9},
        {"output": "magic"},
        {"deviation": [0, 1, 1]},
        {"aspect": 0.0},
        {"mean": [0, 1]},
        {"unknown": 1},
        {"format": "recon-onnx-2"},
    ],
)
def test_a_wrong_description_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    text = json.dumps({**json.loads(INFO.as_text()), **change})
    with pytest.raises(ModelUnavailable, match="its description cannot be used"):
        read_info(_file(tmp_path / "a.onnx", text))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(ModelUnavailable, match="cannot be read"):
            read_info(path)


def test_a_damaged_network_is_found_when_it_is_loaded(tmp_path: Path) -> None:
    from recon.journal import Journal
    from recon.photo.read import read_photo

    path = _file(tmp_path / "a.onnx", INFO.as_text())
    photo = read_photo(Path(__file__).parents[3] / "sample_data" / "street.jpg")
    with pytest.raises(ModelUnavailable, match=r"onnxruntime cannot use this file"):
        OnnxFile(f"onnx:{path}", path, RunOptions()).estimate(photo, focal_px=None, journal=Journal())


def test_the_licence_goes_with_the_file(tmp_path: Path) -> None:
    from dataclasses import replace

    free = replace(INFO, licence="Apache-2.0", commercial=True)
    path = _file(tmp_path / "a.onnx", free.as_text())
    assert registry.licence_of(f"onnx:{path}") == ("Apache-2.0", True)
    assert registry.create(f"onnx:{path}", RunOptions(commercial_only=True)).name == f"onnx:{path}"
    closed = _file(tmp_path / "b.onnx", replace(free, licence="research only", commercial=False).as_text())
    with pytest.raises(ModelUnavailable, match=r"may not be used commercially \(research only\)"):
        registry.create(f"onnx:{closed}", RunOptions(commercial_only=True))


def test_a_device_that_onnxruntime_cannot_use(exported_relative: tuple[Path, Exported]) -> None:
    estimator = registry.create(f"onnx:{exported_relative[0]}", RunOptions(device="mps"))
    from recon.journal import Journal
    from recon.photo.read import read_photo

    photo = read_photo(Path(__file__).parents[3] / "sample_data" / "street.jpg")
    with pytest.raises(ModelUnavailable, match="--device mps"):
        estimator.estimate(photo, focal_px=None, journal=Journal())


def test_a_comparison_takes_exported_files(exported_preview: tuple[Path, Exported]) -> None:
    from recon.journal import Journal
    from recon.options import Options
    from recon.photo.read import read_photo

    photo = read_photo(Path(__file__).parents[3] / "sample_data" / "living_room.jpg")
    comparison = compare_models(photo, ["preview", f"onnx:{exported_preview[0]}"], Options(), Journal())
    column = comparison["onnx:preview.onnx"]
    assert column.aligned is not None and column.aligned.abs_rel < 1e-2 and column.commercial is True
