"""``recon models export`` from the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recon_cli.group import recon


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, ["models", "export", *map(str, words)])


@pytest.mark.slow
def test_an_export_says_what_it_wrote_and_how_it_differs(tmp_path: Path, relative_folder: Path) -> None:
    path, name = tmp_path / "small.onnx", f"hf:{relative_folder}"
    result = run(name, "-o", path, "--size", "70", "--json")
    assert result.exit_code == 0, result.output
    outcome = json.loads(result.stdout)
    assert (outcome["width"], outcome["height"]) == (98, 70)
    assert outcome["written"] == [{"path": str(path), "bytes": path.stat().st_size}]
    assert all(each["largest"] < 1e-3 for each in outcome["differences"])
    said = [entry["message"] for entry in outcome["entries"]]
    assert any("largest difference to torch in fp32, depth" in each for each in said)
    refused = run(name, "-o", path)
    assert refused.exit_code == 1 and "--overwrite" in refused.output


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["preview", "-o", "x.pt"], 1, "must end in .onnx"),
        (["preview", "-o", "no/such/x.onnx"], 1, "does not exist"),
        (["preview"], 2, "Missing option"),
        (["preview", "-o", "x.onnx", "--size", "0x"], 2, "686x518"),
        (["preview", "-o", "x.onnx", "--size", "9" * 5000], 2, "686x518"),
        (["preview", "-o", "x.onnx", "--size", "50x50"], 1, "multiples of 32"),
        (["preview", "-o", "x.onnx", "--precision", "fp8"], 2, "fp8"),
        (["da3-metric-large", "-o", "x.onnx", "--offline"], 1, "da3-metric-large cannot be exported"),
        (["depthpro", "-o", "x.onnx", "--offline"], 1, "recon models pull depthpro"),
    ],
)
def test_wrong_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == code and message in result.output
    assert list(tmp_path.iterdir()) == []
