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


@pytest.mark.parametrize(("model", "package"), [("da3-metric-large", None), ("moge2-vitl", "moge")])
def test_networks_that_transformers_lacks_run_without_a_gpu(
    model: str, package: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if package is not None:
        pytest.importorskip(
            package, reason="the authors' package dlr-moge is missing (./dev test installs it)"
        )
    gpu.main(
        ["--device", "cpu", "--tiny", "--passes", "1", "--only", model, "--ways", "recon-fp32", "recon-fp16"]
    )
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.strip().splitlines()[2:]]
    assert [row[:2] for row in rows] == [[model, "recon-fp32"], [model, "recon-fp16"]]
    assert 0 < float(rows[1][4]) < 0.01


def test_without_a_gpu_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit):
        gpu.main([])
    assert "there is no GPU here" in capsys.readouterr().err
