"""``recon compare`` from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recon_cli.group import recon

SAMPLES = Path(__file__).parents[3] / "sample_data"
PHOTO, DEPTH = SAMPLES / "street.jpg", SAMPLES / "street.depth.png"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, ["compare", *map(str, words)])


def output_of(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def test_preview_and_measured_depth_of_a_sample(tmp_path: Path) -> None:
    report = tmp_path / "report"
    result = run(PHOTO, "--model", "preview", "--depth", DEPTH, "-o", report, "--json")
    assert result.exit_code == 0, result.output
    outcome = output_of(result)
    assert outcome["ok"] and outcome["reference"] == "measured" and outcome["failed"] == []
    preview = outcome["columns"][1]
    assert preview["size_px"][0] % 32 == preview["size_px"][1] % 32 == 0
    assert 0 < preview["aligned"]["abs_rel"] < 0.5 and preview["commercial_use"] is True
    assert preview["cost"]["memory_bytes"] is None or preview["cost"]["memory_bytes"] > 0
    values = json.loads((report / "compare.json").read_text())
    assert values["columns"] == outcome["columns"]
    page = (report / "compare.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>") and "street.jpg" in page and str(SAMPLES) not in page


def test_a_model_that_is_not_here_is_a_row_and_the_exit_code_is_1(tmp_path: Path) -> None:
    words = ("--model", "preview", "--model", "depthpro", "--depth", DEPTH, "-o", tmp_path)
    result = run(PHOTO, *words, "--offline", "--json")
    assert result.exit_code == 1
    outcome = output_of(result)
    assert outcome["ok"] is False and [each["name"] for each in outcome["failed"]] == ["depthpro"]
    page = (tmp_path / "compare.html").read_text("utf-8")
    assert "could not run: The weights of depthpro are not on this machine" in page
    assert "Apple ML Research" in page


def test_existing_pages_are_kept_without_overwrite(tmp_path: Path) -> None:
    (tmp_path / "compare.html").write_text("mine")
    words = (PHOTO, "--model", "preview", "--depth", DEPTH, "-o", tmp_path)
    refused = run(*words)
    assert refused.exit_code == 1 and "--overwrite" in refused.output
    assert (tmp_path / "compare.html").read_text() == "mine"
    assert run(*words, "--overwrite", "-q").exit_code == 0
    assert (tmp_path / "compare.html").read_text("utf-8").startswith("<!DOCTYPE")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "preview"], "at least two depth maps"),
        (["--model", "preview", "--depth", str(DEPTH), "--slice", "5000,2"], "outside the photo"),
        (["--model", "preview", "--depth", str(DEPTH), "--slice", "5"], "expected X,Y"),
        (["--model", "preview", "--depth", str(DEPTH), "--colormap", "rainbow"], "is not one of"),
    ],
)
def test_wrong_usage(tmp_path: Path, words: list[str], message: str) -> None:
    result = run(PHOTO, *words, "-o", tmp_path / "new")
    assert result.exit_code == 2 and message in result.output
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("photo", "words", "message"),
    [
        (SAMPLES / "none.jpg", ["--model", "preview", "--depth", str(DEPTH)], "none.jpg"),
        (PHOTO, ["--model", "preview", "--depth", str(PHOTO)], "street.jpg"),
        (
            PHOTO,
            ["--model", "preview", "--model", "x", "--reference", "nothing.png"],
            "--reference nothing.png",
        ),
        (PHOTO, ["--model", "depthpro", "--model", "dav2-small", "--offline"], "none of the models can run"),
    ],
)
def test_what_cannot_be_used_is_named_and_no_folder_is_left(
    tmp_path: Path, photo: Path, words: list[str], message: str
) -> None:
    result = run(photo, *words, "-o", tmp_path / "new")
    assert result.exit_code == 1 and message in result.output
    assert not (tmp_path / "new").exists()
