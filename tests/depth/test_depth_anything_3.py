"""Depth Anything 3 metric, against the authors' own network with random weights."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import recon
from recon.depth import registry
from recon.depth.depth_anything import DEVIATION, MEAN
from recon.depth.depth_anything_3 import load, resized
from recon.depth.estimator import RunOptions
from recon.depth.hub.checkpoint_cache import Snapshot
from recon.depth.nets.depth_anything_3 import Any3Config
from recon.errors import ModelUnavailable
from recon.types import MetricDepth, RelativeDepth

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


@pytest.fixture
def mono(reference: Path, tmp_path: Path) -> Path:
    """The same weights as a checkpoint of the relative network."""
    shutil.copy(reference / "model.safetensors", tmp_path)
    config = json.loads((reference / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_name": "da3mono-large"}))
    return tmp_path


def test_mono_gives_inverse_depth_without_the_sky(
    reference: Path, mono: Path, journal: KeepingJournal
) -> None:
    photo = noise_photo(width=160, height=120)
    run = RunOptions(device="cpu", processing_size=112)
    relative = registry.create(f"hf:{mono}", run).estimate(photo, focal_px=150.0, journal=journal)
    metric = registry.create(f"hf:{reference}", run).estimate(photo, focal_px=150.0, journal=journal)
    assert isinstance(relative.depth, RelativeDepth) and isinstance(metric.depth, MetricDepth)
    assert registry.create(f"hf:{mono}", run).gives == "relative"
    assert relative.focal_used_px is None and relative.sky is not None and metric.sky is not None
    np.testing.assert_array_equal(relative.sky, metric.sky)
    np.testing.assert_array_equal(relative.depth.valid, metric.depth.valid)
    seen = relative.depth.valid
    inside_px = 150 * (112 / 160 + 84 / 120) / 2
    metres = inside_px / 300 / relative.depth.inverse[seen]
    np.testing.assert_allclose(metres, metric.depth.z_m[seen], rtol=1e-5)


def test_mono_is_no_metric_network(mono: Path) -> None:
    with pytest.raises(ModelUnavailable, match="gives relative depth; omit --depth-kind"):
        registry.create(f"hf:{mono}", RunOptions(depth_kind="metric"))


def test_another_network_is_refused(reference: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_name": "da3-giant"}')
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(
        ModelUnavailable, match="expected a da3metric-large or da3mono-large checkpoint, got da3-g"
    ):
        load(Snapshot(tmp_path))


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
    assert registry.card("da3-mono-large").gives == "relative" and registry.card("da3-mono-large").commercial


@pytest.mark.parametrize("known", [None, 150.0])
def test_the_edges_of_depth_pro_and_the_metres_of_depth_anything_3(
    known: float | None, reference: Path, depthpro_folder: Path, journal: KeepingJournal
) -> None:
    photo = noise_photo(width=160, height=120)
    sharp, steady = f"hf:{depthpro_folder}", f"hf:{reference}"
    run = RunOptions(device="cpu")
    scene = recon.reconstruct(
        photo, model=sharp, reference=steady, device="cpu", focal_px=known, fit="scale", journal=journal
    )
    edges = registry.create(sharp, run).estimate(photo, focal_px=known, journal=journal)
    # The metres are for the focal length of the scene: the user's, else Depth Pro's.
    assert scene.intrinsics.fx == pytest.approx(known or edges.focal_px)
    metres = registry.create(steady, run).estimate(photo, focal_px=scene.intrinsics.fx, journal=journal)
    assert isinstance(edges.depth, MetricDepth) and isinstance(metres.depth, MetricDepth)
    seen = scene.depth.valid
    assert seen.mean() > 0.1
    scales = scene.depth.z_m[seen] / edges.depth.z_m[seen]
    np.testing.assert_allclose(scales, scales[0], rtol=1e-4)
    ratios = (metres.depth.z_m / np.maximum(edges.depth.z_m, 1e-6))[seen & metres.depth.valid]
    low, high = np.percentile(ratios, [20, 80])
    assert low < scales[0] < high and not low < 1 < high
