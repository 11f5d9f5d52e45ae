"""Exported networks: the preview, and tiny random ones."""

from pathlib import Path

import pytest

from recon.depth.onnx.export import Exported, export

SIDES = (98, 70)
"""Width and height of the input of the tiny Depth Anything."""


@pytest.fixture(scope="session")
def exported_preview(tmp_path_factory: pytest.TempPathFactory, one_trace: None) -> tuple[Path, Exported]:
    path = tmp_path_factory.mktemp("onnx") / "preview.onnx"
    return path, export("preview", path)


@pytest.fixture(scope="session")
def exported_relative(
    tmp_path_factory: pytest.TempPathFactory, relative_folder: Path
) -> tuple[Path, Exported]:
    path = tmp_path_factory.mktemp("onnx") / "relative.onnx"
    return path, export(f"hf:{relative_folder}", path, size=SIDES)


@pytest.fixture(scope="session")
def exported_pro(tmp_path_factory: pytest.TempPathFactory, depthpro_folder: Path) -> tuple[Path, Exported]:
    path = tmp_path_factory.mktemp("onnx") / "pro.onnx"
    return path, export(f"hf:{depthpro_folder}", path)
