"""The GPU benchmark, tried on the CPU with small networks: recon's results are those of transformers."""

import pytest

pytest.importorskip("torch")
from tools.bench import gpu


def test_it_runs_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--device", "cpu", "--tiny", "--passes", "1", "--only", "depthpro", "dav2-small"]
    gpu.main([*words, "--ways", "transformers-fp32", "recon-fp32"])
    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if "fp32" in line]
    assert [(line[0].strip("| "), line[1]) for line in lines] == [
        (model, way) for model in ("depthpro", "dav2-small") for way in ("transformers-fp32", "recon-fp32")
    ]
    assert all(float(line[2]) > 0 for line in lines)
    assert all(float(line[4]) < 1e-5 for line in lines[1::2])


def test_without_a_gpu_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit):
        gpu.main([])
    assert "there is no GPU here" in capsys.readouterr().err
