"""``recon depth --report`` from the command line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from recon import Options, reconstruct
from recon.outputs.depth_report import depth_report
from recon.outputs.depth_statistics import DepthStatistics
from recon_cli.group import recon

SAMPLES = Path(__file__).parents[3] / "sample_data"
PHOTO, DEPTH = SAMPLES / "street.jpg", SAMPLES / "street.depth.png"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, ["depth", *map(str, words)])


def test_the_page_and_its_numbers(tmp_path: Path) -> None:
    report = tmp_path / "report"
    result = run(PHOTO, "--depth", DEPTH, "--report", report, "--json")
    assert result.exit_code == 0, result.output
    outcome: dict[str, Any] = json.loads(result.stdout)
    z_m = np.asarray(Image.open(DEPTH), np.float64) / 1000
    known = z_m[z_m > 0]
    statistics = outcome["statistics"]
    assert statistics["valid"] == pytest.approx(known.size / z_m.size)
    assert statistics["percentiles_m"]["50"] == pytest.approx(np.median(known), rel=1e-5)
    assert statistics["nearest_m"] == pytest.approx(known.min()) and statistics["mean_m"] == pytest.approx(
        known.mean(), rel=1e-5
    )
    assert statistics == json.loads((report / "depth.json").read_text())
    page = (report / "depth.html").read_text("utf-8")
    for text in ("Histogram", "Slices", "Surface", "inferno", "turbo", "50 % nearer than"):
        assert text in page
    # photo, depth, three of the surface, six colour maps
    assert page.count("<img") == 11 and "<script" not in page and "http" not in page
    assert [Path(each["path"]).name for each in outcome["written"]] == ["depth.html", "depth.json"]


def test_with_a_depth_file_and_limits(tmp_path: Path) -> None:
    words = (
        "--depth",
        DEPTH,
        "-o",
        tmp_path / "depth.npy",
        "--report",
        tmp_path,
        "--max-depth",
        "20m",
        "--json",
    )
    outcome = json.loads(run(PHOTO, *words).stdout)
    z_m = np.load(tmp_path / "depth.npy")
    assert outcome["statistics"]["farthest_m"] == pytest.approx(np.nanmax(z_m)) and np.nanmax(z_m) <= 20
    assert outcome["statistics"]["valid"] == pytest.approx(np.isfinite(z_m).mean())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([str(PHOTO)], "Missing option '-o'"),
        (
            [str(PHOTO), str(SAMPLES / "kitchen.jpg"), "--report", "r"],
            "--report describes the depth of one photo",
        ),
        ([str(SAMPLES), "--report", "r"], "--report describes the depth of one photo"),
    ],
)
def test_wrong_usage(words: list[str], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 2 and message in result.output


def test_no_depth_and_existing_pages_are_errors(tmp_path: Path) -> None:
    nothing = run(PHOTO, "--depth", DEPTH, "--report", tmp_path / "new", "--max-depth", "1cm")
    assert nothing.exit_code == 1 and "--max-depth" in nothing.output and not (tmp_path / "new").exists()
    (tmp_path / "depth.json").write_text("{}")
    existing = run(PHOTO, "--depth", DEPTH, "--report", tmp_path)
    assert existing.exit_code == 1 and "--overwrite" in existing.output
    assert (tmp_path / "depth.json").read_text() == "{}"


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    result = run(PHOTO, "--depth", DEPTH, "--report", tmp_path / "new", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert len(json.loads(result.stdout)["would_write"]) == 2 and not (tmp_path / "new").exists()


def test_the_page_shows_the_normals_that_a_model_predicts() -> None:
    scene = reconstruct(PHOTO, Options(depth=DEPTH))
    plain = depth_report(scene, DepthStatistics.of(scene))
    normals = np.zeros((*scene.depth.z_m.shape, 3), np.float32)
    normals[..., 2] = -1
    scene = replace(scene, depth=replace(scene.depth, normals=normals))
    page = depth_report(scene, DepthStatistics.of(scene))
    assert ">normals<" not in plain
    assert ">normals<" in page and page.count("<img") == plain.count("<img") + 1
