"""``recon features`` from the command line."""

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from recon_cli.group import recon

PHOTO = Path(__file__).parents[3] / "sample_data" / "kitchen.jpg"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(recon, ["features", *map(str, words)])


def test_the_page_the_shapes_and_the_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "features"
    result = run(PHOTO, "--model", "preview", "-o", folder, "--json")
    assert result.exit_code == 0, result.output
    values = json.loads((folder / "features.json").read_text())
    assert values["model"] == "preview" and len(values["features"]) > 8
    assert [each["name"] for each in values["features"]] == [
        each["name"] for each in json.loads(result.stdout)["features"]
    ]
    pictures = [each["picture"] for each in values["features"]]
    page = (folder / "index.html").read_text("utf-8")
    # One of the photo.
    assert page.count("<img") == 1 + len(pictures) and "<script" not in page and "http" not in page
    assert np.ptp(np.asarray(Image.open(folder / pictures[0]))) > 100
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["features.json", "index.html", *pictures]
    )
    again = run(PHOTO, "--model", "preview", "-o", folder)
    assert again.exit_code == 1 and "exist" in again.stderr


def test_depth_from_a_file_has_no_layers(tmp_path: Path) -> None:
    result = run(PHOTO, "--model", "photo", "-o", tmp_path / "features")
    assert result.exit_code == 1 and "contains no usable depth map" in result.stderr
    assert not (tmp_path / "features").exists()
    assert run(PHOTO, "--model", "preview").exit_code == 2
