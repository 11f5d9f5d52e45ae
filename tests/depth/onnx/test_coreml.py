"""A Core ML package has the inputs and outputs of the network; it cannot be run here."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recon_cli.group import recon


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, ["models", "export", *map(str, words)])


def spec_of(path: Path) -> "object":
    from coremltools.proto import Model_pb2

    spec = Model_pb2.Model()
    spec.ParseFromString((path / "Data/com.apple.CoreML/model.mlmodel").read_bytes())
    return spec


@pytest.mark.slow
def test_the_preview_is_converted(tmp_path: Path) -> None:
    pytest.importorskip("coremltools", reason="coremltools is for Linux on x86-64 and macOS")
    path = tmp_path / "preview.mlpackage"
    result = run("preview", "-o", path, "--precision", "fp16", "--json")  # as docs/onnx.md does
    assert result.exit_code == 0, result.output
    outcome = json.loads(result.stdout)
    files = {str(each.relative_to(path)) for each in path.rglob("*") if each.is_file()}
    data = "Data/com.apple.CoreML"
    assert files == {"Manifest.json", f"{data}/model.mlmodel", f"{data}/weights/weight.bin"}
    written = sum((path / each).stat().st_size for each in files)
    assert outcome["written"] == [{"path": str(path), "bytes": written}]
    assert any("Core ML runs on macOS and iOS only" in each["message"] for each in outcome["entries"])
    spec = spec_of(path)
    shapes = {each.name: list(each.type.multiArrayType.shape) for each in spec.description.input}  # type: ignore[attr-defined]
    assert shapes.pop("close")[:2] == [1, 3]
    maps = ["log_inverse", "sky", "variance"]
    assert [each.name for each in spec.description.output] == [*maps, *(f"close_{each}" for each in maps)]  # type: ignore[attr-defined]
    about = json.loads(spec.description.metadata.userDefined["recon"])  # type: ignore[attr-defined]
    assert shapes == {"pixels": [1, 3, about["height"], about["width"]], "focal": [1], "known": [1]}
    assert (about["model"], about["precision"]) == ("preview", "fp16")
    assert (about["width"], about["height"]) == (outcome["width"], outcome["height"])
    for folder in (tmp_path, Path(__file__).parents[3], Path(sys.prefix)):
        assert all(str(folder).encode() not in (path / each).read_bytes() for each in files)
    refused = run("preview", "-o", path)
    assert refused.exit_code == 1 and "--overwrite" in refused.output


@pytest.mark.slow
def test_depth_anything_is_converted(relative_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("coremltools", reason="coremltools is for Linux on x86-64 and macOS")
    result = run(f"hf:{relative_folder}", "-o", tmp_path / "net.mlpackage", "--size", "70")
    assert result.exit_code == 0, result.output
    description = spec_of(tmp_path / "net.mlpackage").description  # type: ignore[attr-defined]
    assert [list(each.type.multiArrayType.shape) for each in description.input] == [[1, 3, 70, 98]]
    assert [each.name for each in description.output] == ["depth"]


def test_what_cannot_be_converted_is_one_sentence(
    relative_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coremltools = pytest.importorskip("coremltools", reason="coremltools is for Linux on x86-64 and macOS")

    def refuse(*arguments: object, **named: object) -> None:
        raise NotImplementedError("PyTorch convert function for op 'new' not implemented.\nmore")

    monkeypatch.setattr(coremltools, "convert", refuse)
    result = run(f"hf:{relative_folder}", "-o", tmp_path / "x.mlpackage", "--size", "98x70")
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert f"cannot convert hf:{relative_folder} from torch" in " ".join(result.output.split())
    assert "'new' not implemented." in result.output and "more" not in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--precision", "int8"), "fp32 or fp16, not int8"), ((), 'pip install "recon[coreml]"')],
)
def test_wrong_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.setitem(sys.modules, "coremltools", None)
    result = run("preview", "-o", tmp_path / "x.mlpackage", *words)
    assert result.exit_code == 1 and message in result.output
    assert list(tmp_path.iterdir()) == []
