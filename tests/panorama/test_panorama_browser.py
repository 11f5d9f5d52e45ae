"""The page of a panorama in a real browser: the view from the middle."""

import numpy as np
import pytest
from browser import browse
from click.testing import CliRunner
from PIL import Image

from recon_cli.commands.build import build

__all__ = ["browse"]
pytestmark = pytest.mark.browser
FRUSTUM = (245, 158, 11)


def test_the_mark_of_the_camera_is_not_in_the_way_when_one_looks_around(browse, tmp_path):
    Image.new("RGB", (256, 128), (90, 110, 130)).save(tmp_path / "pano.png")
    np.save(tmp_path / "range.npy", np.full((128, 256), 2.0, np.float32))
    words = [
        tmp_path / "pano.png",
        "--panorama",
        "--depth",
        tmp_path / "range.npy",
        "-o",
        tmp_path / "a.html",
    ]
    done = CliRunner().invoke(build, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    look = [
        ["key", "h"],
        ["drag", 100, 120, 210, 122],
        ["wait", 700],
        ["screenshot", str(tmp_path / "a.png")],
    ]
    result = browse(tmp_path / "a.html", look)
    assert result["problem"] is None and result["errors"] == []
    shown = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"), int)
    assert not (np.abs(shown - FRUSTUM).max(axis=-1) < 40).any()
