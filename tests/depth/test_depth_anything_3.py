"""Depth Anything 3 metric, against the authors' own network with random weights."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from recon.depth import registry
from recon.depth.depth_anything import DEVIATION, MEAN
from recon.depth.depth_anything_3 import load, resized
from recon.depth.estimator import RunOptions
from recon.depth.hub.checkpoint_cache import Snapshot
from recon.depth.nets.depth_anything_3 import Any3Config
from recon.errors import ModelUnavailable
from recon.types import MetricDepth

from .conftest import KeepingJournal, noise_photo

pytestmark = pytest.mark.usefixtures("one_thread")
SIZES: dict[str, Any] = {
    "net": {"name": "vits", "out_layers": [1, 3, 4, 6]},
    "head": {"features": 32, "out_channels": [16, 24, 32, 40]},
}
REFERENCE = Path(sys.prefix) / "depth-anything-3"
"""Where ``./dev test`` puts the authors' package."""


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as the authors' classes write it, an input, and what they make of it."""
    folder = tmp_path_factory.mktemp("da3")
    if not (REFERENCE / "depth_anything_3").is_dir():
        pytest.skip("the authors' package depth-anything-3 is missing (./dev test installs it)")
    program = Path(__file__).with_name("depth_anything_3_reference.py")
    subprocess.run(
        [sys.executable, str(program), str(REFERENCE), str(folder), json.dumps(SIZES)],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.mark.slow
def test_the_network_is_the_authors(reference: Path) -> None:
    model = load(Snapshot(reference))
    with torch.inference_mode():
        for name in ("square", "wide", "tall"):
            theirs = load_file(reference / f"{name}.test")
            ours = model(theirs["pixels"])
            for mine, their in ((ours.depth, theirs["depth"]), (ours.sky, theirs["sky"])):
                assert mine.shape == their.shape and float(their.std()) > 1e-3
                torch.testing.assert_close(mine, their, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1600, 1200), (300, 200), (504, 378), (1000, 77)])
def test_the_picture_is_resized_as_the_authors_do(size: tuple[int, int]) -> None:
    """Their two steps, written again from ``input_processor.py`` of the package."""
    rgb = noise_photo(width=size[0], height=size[1]).rgb
    scale = 504 / max(size)
    first = [round(side * scale) for side in size]
    theirs = cv2.resize(rgb, first, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    near = [min((side // 14 * 14, side // 14 * 14 + 14), key=lambda x: (abs(x - side), -x)) for side in first]
    if near != first:
        larger = near[0] > first[0] or near[1] > first[1]
        theirs = cv2.resize(theirs, near, interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)
    np.testing.assert_array_equal(resized(rgb, 504), theirs)


@pytest.mark.slow
def test_metres_follow_the_focal_length_and_sky_has_none(reference: Path, journal: KeepingJournal) -> None:
    photo = noise_photo(width=160, height=120)
    estimator = registry.create(f"hf:{reference}", RunOptions(device="cpu", processing_size=112))
    near, far = (estimator.estimate(photo, focal_px=f, journal=journal) for f in (150.0, 300.0))
    assert isinstance(near.depth, MetricDepth) and isinstance(far.depth, MetricDepth)
    assert near.sky is not None and 0 < near.sky.mean() < 1
    assert not (near.depth.valid & near.sky).any() and (near.depth.valid | near.sky).all()
    seen = near.depth.valid
    np.testing.assert_allclose(far.depth.z_m[seen], 2 * near.depth.z_m[seen], rtol=1e-6)

    small = resized(photo.rgb, 112)
    pixels = torch.from_numpy((small.astype(np.float32) / 255 - MEAN) / DEVIATION).permute(2, 0, 1)[None]
    with torch.inference_mode():
        depth = load(Snapshot(reference))(pixels).depth[:, None]
    expected = torch.nn.functional.interpolate(depth, (120, 160), mode="bilinear")[0, 0].numpy()
    # 150 px of 160 are 105 px of 112; the rows follow their own scale, 84 of 120.
    inside_px = 150 * (112 / 160 + 84 / 120) / 2
    np.testing.assert_allclose(near.depth.z_m[seen], (expected * inside_px / 300)[seen], rtol=1e-4)


@pytest.mark.slow
def test_an_unknown_focal_length_is_60_degrees_along_the_longer_side(
    reference: Path, journal: KeepingJournal
) -> None:
    photo = noise_photo(width=90, height=120)
    estimator = registry.create(f"hf:{reference}", RunOptions(device="cpu", processing_size=112))
    result = estimator.estimate(photo, focal_px=None, journal=journal)
    assert result.focal_px is None
    assert result.focal_used_px == pytest.approx(60 / np.tan(np.deg2rad(30)))


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"net": {"name": "vitg"}}, "the encoder must be one of vits, vitb, vitl"),
        ({"net": {"out_layers": [1, 3]}}, "expected 4 levels: 2 layers"),
        ({"net": {"name": "vits", "out_layers": [1, 3, 4, 12]}}, "the encoder has no layers"),
        ({"head": {"features": 10**9}}, "features must be between"),
        ({"head": 5}, "head"),
    ],
)
def test_an_impossible_configuration_is_refused(stated: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Any3Config.of({"model_name": "da3metric-large", "config": stated})


@pytest.mark.slow
def test_a_missing_weight_is_one_sentence(reference: Path, tmp_path: Path, journal: KeepingJournal) -> None:
    tensors = load_file(reference / "model.safetensors")
    tensors.pop("model.head.scratch.sky_output_conv2.2.bias")
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes((reference / "config.json").read_bytes())
    estimator = registry.create(f"hf:{tmp_path}", RunOptions(device="cpu"))
    with pytest.raises(ModelUnavailable, match=r"1 missing weights \(head\.sky\.2\.bias"):
        estimator.estimate(noise_photo(width=64, height=64), focal_px=60.0, journal=journal)


def test_the_published_sizes_are_the_defaults() -> None:
    config = Any3Config.of({"model_name": "da3metric-large"})
    assert config.encoder.hidden_size == 1024 and config.encoder.num_hidden_layers == 24
    assert config.out_layers == (4, 11, 17, 23) and config.features == 256


def test_it_is_listed_for_commercial_use() -> None:
    card = registry.card("da3-metric-large")
    assert card.gives == "metric" and card.licence == "Apache-2.0" and not card.predicts_focal
