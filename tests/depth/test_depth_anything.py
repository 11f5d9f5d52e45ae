"""Depth Anything through the real transformers class, with tiny random checkpoints of both kinds."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from recon.depth import registry
from recon.depth.depth_anything import DepthAnything, prepare, processing_size
from recon.depth.estimator import RunOptions
from recon.depth.hub import checkpoint_cache
from recon.depth.hub.checkpoint_cache import Source
from recon.photo.read import read_photo
from recon.types import MetricDepth, RelativeDepth

from .conftest import KeepingJournal, noise_photo, save_depth_anything

pytestmark = pytest.mark.usefixtures("one_thread")
SIZES = [(640, 480), (480, 640), (1600, 1200), (1000, 300), (30, 900), (518, 518), (517, 519), (3000, 100)]


def small(folder: Path, gives: Literal["metric", "relative"]) -> DepthAnything:
    return DepthAnything("dav2", Source(folder=folder), gives, RunOptions(device="cpu", processing_size=70))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_size_inside_is_that_of_transformers_processor(width: int, height: int) -> None:
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    processor = DPTImageProcessorPil(
        size={"height": 518, "width": 518}, keep_aspect_ratio=True, ensure_multiple_of=14,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    )  # fmt: skip
    photo = noise_photo(width=width, height=height)
    theirs = processor(photo.rgb, return_tensors="pt")["pixel_values"]
    ours = prepare(photo, size=518, multiple=14)
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_the_size_inside_follows_the_shorter_side() -> None:
    assert processing_size(width=4000, height=3000, size=518, multiple=14) == (686, 518)
    assert processing_size(width=3000, height=4000, size=266, multiple=14) == (266, 350)
    assert processing_size(width=4000, height=20, size=14, multiple=14)[1] == 14


@pytest.mark.parametrize(("width", "height"), [(160, 120), (90, 200), (50, 50)])
def test_relative_depth_is_the_network_s_output_resized(
    relative_folder: Path, journal: KeepingJournal, width: int, height: int
) -> None:
    from transformers import DepthAnythingForDepthEstimation

    photo = noise_photo(width=width, height=height)
    model = DepthAnythingForDepthEstimation.from_pretrained(relative_folder).eval()
    with torch.inference_mode():
        outputs = model(pixel_values=prepare(photo, size=70, multiple=14)).predicted_depth[:, None]
    expected = torch.nn.functional.interpolate(outputs, (height, width), mode="bilinear", align_corners=False)
    result = small(relative_folder, "relative").estimate(photo, focal_px=None, journal=journal)
    assert (
        isinstance(result.depth, RelativeDepth) and result.focal_px is None and result.focal_used_px is None
    )
    np.testing.assert_allclose(result.depth.inverse, expected[0, 0].numpy(), rtol=1e-5, atol=1e-6)
    assert result.depth.inverse.std() > 0.05
    assert (result.details["processing_width"] % 14, result.details["processing_height"] % 14) == (0, 0)


def test_metric_depth_is_in_metres_up_to_the_limit(metric_folder: Path, journal: KeepingJournal) -> None:
    estimator = small(metric_folder, "metric")
    photo = noise_photo(width=160, height=120)
    one, two = (estimator.estimate(photo, focal_px=focal_px, journal=journal) for focal_px in (None, 500.0))
    assert isinstance(one.depth, MetricDepth) and isinstance(two.depth, MetricDepth)
    z_m = one.depth.z_m[one.depth.valid]
    assert z_m.size and z_m.min() > 0 and z_m.max() < 20
    # The network's metric scale does not depend on the focal length.
    np.testing.assert_array_equal(one.depth.z_m, two.depth.z_m)
    assert (
        one.details["max_depth_m"] == 20 and one.details["uses_focal"] is False and two.focal_used_px is None
    )


def test_a_saturated_metric_output_is_not_valid(tmp_path: Path, journal: KeepingJournal) -> None:
    from safetensors.torch import load_file, save_file

    save_depth_anything(tmp_path, depth_estimation_type="metric", max_depth=80)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["head.conv3.bias"].fill_(1e4)
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    result = small(tmp_path, "metric").estimate(
        noise_photo(width=70, height=70), focal_px=None, journal=journal
    )
    assert isinstance(result.depth, MetricDepth)
    assert not result.depth.valid.any() and result.depth.z_m.max() == 80


def test_the_config_determines_the_kind_of_a_checkpoint(
    relative_folder: Path, metric_folder: Path, journal: KeepingJournal
) -> None:
    run = RunOptions(device="cpu", processing_size=70)
    for folder, gives in ((relative_folder, "relative"), (metric_folder, "metric")):
        estimator = registry.create(f"hf:{folder}", run, journal)
        assert isinstance(estimator, DepthAnything) and estimator.gives == gives
        result = estimator.estimate(noise_photo(width=40, height=30), focal_px=None, journal=journal)
        assert isinstance(result.depth, MetricDepth if gives == "metric" else RelativeDepth)
        assert result.model == f"hf:{folder}"


def test_the_processing_size_is_an_option(relative_folder: Path, journal: KeepingJournal) -> None:
    photo = noise_photo(width=640, height=480)
    for asked, inside in ((None, 518), (140, 140)):
        run = RunOptions(device="cpu", processing_size=asked)
        estimator = DepthAnything("dav2", Source(folder=relative_folder), "relative", run)
        result = estimator.estimate(photo, focal_px=None, journal=journal)
        assert result.details["processing_height"] == inside
        assert result.depth.valid.shape == (480, 640)


def test_half_precision_keeps_the_head_in_float32(
    relative_folder: Path, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recon.depth.inference.placement._cpu_computes_in", lambda precision: True)
    run = RunOptions(device="cpu", precision="bf16", processing_size=70)
    estimator = DepthAnything("dav2", Source(folder=relative_folder), "relative", run)
    photo = noise_photo(width=160, height=120)
    half = estimator.estimate(photo, focal_px=None, journal=journal).depth
    full = small(relative_folder, "relative").estimate(photo, focal_px=None, journal=journal).depth
    assert isinstance(half, RelativeDepth) and isinstance(full, RelativeDepth)
    model: Any = estimator._network._model
    assert {p.dtype for p in model.head.parameters()} == {torch.float32}
    assert {p.dtype for p in model.backbone.parameters()} == {torch.bfloat16}
    np.testing.assert_allclose(half.inverse, full.inverse, atol=0.05 * full.inverse.max())
    assert len(np.unique(half.inverse)) > 1000


@pytest.mark.hub
def test_the_released_weights_order_the_photo_of_transformers_own_test(
    shared_data: Path, journal: KeepingJournal
) -> None:
    estimator = registry.create("dav2-small", RunOptions())
    if checkpoint_cache.locate(Source("depth-anything/Depth-Anything-V2-Small-hf")) is None:
        pytest.skip("the weights of dav2-small are not in the hub's cache (recon models pull dav2-small)")
    photo = read_photo(shared_data / "photos" / "coco_000000039769.png")
    result = estimator.estimate(photo, focal_px=None, journal=journal)
    assert isinstance(result.depth, RelativeDepth) and result.revision
    # The cats in the lower half lie nearer than the back of the couch at the top.
    inverse = result.depth.inverse
    assert np.median(inverse[300:450]) > 1.2 * np.median(inverse[:60])
