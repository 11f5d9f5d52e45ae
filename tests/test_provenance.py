import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rooms import MODEL, room_depth, scene_of

from recon import scene_file
from recon.errors import SceneFileError
from recon.provenance import CalibrationRecord, CropRecord, KeptRecord, Provenance
from recon.scene import Scene

WRITTEN = {
    "generator": "recon 0.1.0",
    "photo": {"file": "room.jpg", "width_px": 1152, "height_px": 864},
    "model": {"name": "measured", "revision": None, "file": "d.png", "unit_m": 0.001, "stored_width": 640},
    "focal": {
        "fx_px": 865.3326122228232,
        "fy_px": 865.3326122228232,
        "cx_px": 576.0,
        "cy_px": 432.0,
        "fov_x_deg": 67.29864829924222,
        "source": "exif",
        "sets_depth": False,
        "sigma": None,
    },
    "error_model": {
        "estimator": "m",
        "scale": 0.2,
        "smooth": 0.4,
        "reach": 0.3333,
        "local": 0.0,
        "photos": 30,
        "source": "a test",
    },
    "calibration": {
        "kind": "metric",
        "scale": 1.5,
        "shift": 0.0,
        "covariance": [[0.25, 0.0], [0.0, 0.0]],
        "max_depth_m": None,
        "scale_interval": 0.6,
        "reference": "1 length",
        "focal_sigma": None,
        "constraints": [{"constraint": "--length 1,2:3,4=1.5m", "off": 0.5, "used": True}],
    },
    "scale_interval": 0.6,
}
"""A scene file's, in the order of the file."""
BY_THE_VIEWER = {
    "kept": {"pixels": 1200},
    "crop": {"low_m": [-0.5, 0.0, -3.0], "high_m": [0.5, 2.0, -1.0]},
    "viewer": {"measured": [], "view": {"grid": False}},
}


@pytest.mark.parametrize(
    "values",
    [
        WRITTEN,
        {**WRITTEN, **BY_THE_VIEWER},
        {**WRITTEN, "error_model": None, "calibration": None, "scale_interval": None},
        {**WRITTEN, "of a later version": {"x": [1, {"y": 2}]}},
    ],
)
def test_a_file_s_provenance_is_written_again_byte_for_byte(values: dict[str, Any]) -> None:
    text = json.dumps(values)
    assert json.dumps(Provenance.from_dict(json.loads(text)).as_dict()) == text


def test_what_a_file_says_is_found_by_name() -> None:
    result = Provenance.from_dict(WRITTEN | BY_THE_VIEWER)
    assert result.model is not None and (result.model.unit_m, result.model.stored_width) == (0.001, 640)
    assert result.model.seen_pixels is None
    seen = {"name": "preview", "processing_width": 256, "processing_height": 192}
    model = Provenance.from_dict({"model": seen}).model
    assert model is not None and model.seen_pixels == 256 * 192
    assert result.model_name == "measured" and result.photo is not None and result.photo.file == "room.jpg"
    assert result.focal is not None and result.focal.sets_depth is False and result.focal.sigma is None
    assert result.error_model == replace(MODEL, scale=0.2, smooth=0.4, reach=0.3333, local=0.0, photos=30)
    assert result.calibration == CalibrationRecord(
        1.5, 0.0, ((0.25, 0.0), (0.0, 0.0)), "1 length", 0.6, None, has_constraints=True
    )
    assert result.kept == KeptRecord(1200)
    assert result.crop == CropRecord((-0.5, 0.0, -3.0), (0.5, 2.0, -1.0))
    assert result.viewer == BY_THE_VIEWER["viewer"]


def test_what_a_file_of_before_does_not_say_is_none() -> None:
    result = Provenance.from_dict({"model": {"name": "preview"}, "calibration": {"scale": 2.0}})
    assert result.calibration == CalibrationRecord(2.0) and result.calibration.covariance is None
    assert result.focal is result.photo is result.generator is result.error_model is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "preview"},
        {"model": {"name": "preview", "processing_width": "wide"}},
        {"model": {"name": "preview", "processing_width": -256, "processing_height": 192}},
        {"focal": [1, 2]},
        {"photo": {"file": "a.jpg"}},
        {"calibration": {"shift": 0.0}},
        {"calibration": {"scale": 1.0, "covariance": [1, 2]}},
        {"error_model": {"scale": 1.0}},
    ],
)
def test_what_is_none_makes_a_damaged_scene(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = scene_of(room_depth()).save(tmp_path / "scene.npz")
    arrays, metadata = scene_file.read_arrays(path)
    scene_file.write_arrays(path, arrays, {**metadata, "provenance": wrong})
    with pytest.raises(SceneFileError, match="damaged"):
        Scene.load(path)
