"""``recon depth --augment --uncertainty``: the standard deviation as a map of its own, and a wider one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from recon.scene import Scene
from recon_cli.group import recon

SAMPLES = Path(__file__).parents[3] / "sample_data"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, list(map(str, words)))


def test_the_map_beside_the_depth_and_a_wider_one(tmp_path: Path) -> None:
    """One run of the preview network plain, and one augmented."""
    sigma: dict[str, np.ndarray] = {}
    for name, more in (("plain", ()), ("flip", ("--augment", "flip"))):
        path = tmp_path / f"{name}.npz"
        words = (SAMPLES / "kitchen.jpg", "--model", "preview", *more, "-o", path, "--stride", "8")
        assert run("build", *words).exit_code == 0
        scene = Scene.load(path)
        assert scene.depth.log_sigma is not None
        sigma[name] = scene.depth.log_sigma[scene.depth.valid]
        result = run("measure", path, "--from", "300,300", "--to", "700,500", "--json")
        length: dict[str, Any] = json.loads(result.stdout)["measurements"][0]
        assert length["high"] > length["low"]
    assert (sigma["flip"] >= sigma["plain"]).mean() > 0.6 and sigma["flip"].mean() > sigma["plain"].mean()

    depth = tmp_path / "depth.npy"
    words = (SAMPLES / "kitchen.jpg", "--model", "preview", "-o", depth, "-o", tmp_path / "all.npz")
    result = run("depth", *words, "--uncertainty", "--json")
    sigma_m, both = np.load(tmp_path / "depth.sigma.npy"), np.load(tmp_path / "all.npz")
    np.testing.assert_array_equal(sigma_m[both["valid"]], both["sigma_m"][both["valid"]])
    written = [Path(each["path"]).name for each in json.loads(result.stdout)["written"]]
    assert written == ["depth.npy", "depth.sigma.npy", "all.npz"]
    assert run("depth", *words[:-2], "--uncertainty").exit_code == 1  # the files exist


def test_depth_without_a_standard_deviation_is_a_warning_and_cannot_be_augmented(tmp_path: Path) -> None:
    depth = ("--depth", SAMPLES / "kitchen.depth.png")
    result = run("depth", SAMPLES / "kitchen.jpg", *depth, "-o", tmp_path / "a.npy", "--uncertainty")
    assert result.exit_code == 0 and "--uncertainty has no effect" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy"]
    result = run("depth", SAMPLES / "kitchen.jpg", *depth, "-o", tmp_path / "b.npy", "--augment", "flip")
    assert result.exit_code == 1 and "comes from a file: omit --augment" in result.stderr
    assert not (tmp_path / "b.npy").exists()


@pytest.mark.parametrize("wrong", ["flop", "flip,", ""])
def test_an_unknown_way_is_a_usage_error(wrong: str, tmp_path: Path) -> None:
    result = run("depth", SAMPLES / "kitchen.jpg", "-o", tmp_path / "a.npy", "--augment", wrong)
    assert result.exit_code == 2 and "is not one or several of flip, scales" in result.stderr
