"""``recon features`` from the command line."""

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from recon.depth.nets.layer_features import Feature
from recon.outputs.features_page import write_features
from recon.types import Photo
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
    for part in ("Encoder layers", "Encoder: feature maps", "Decoder"):
        assert f"<h2>{part}</h2>" in page and f"<h2>{part}, run 2</h2>" in page
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


def test_the_files_name_no_folder_of_this_machine(tmp_path: Path) -> None:
    feature = Feature("up2", "map", (1, 3, 4, 4), np.zeros((4, 4, 3), np.uint8))
    photo = Photo(np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "private" / "net").mkdir(parents=True)
    write_features([feature], photo, f"hf:{tmp_path}/private/net", tmp_path, overwrite=False)
    for name in ("index.html", "features.json"):
        text = (tmp_path / name).read_text("utf-8")
        assert "hf:net" in text and "private" not in text
