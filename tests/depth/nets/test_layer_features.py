"""Layer features: shapes and pictures of small random checkpoints; pictures whose components are known."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.inference.token_grid import Grid, grid_of
from recon.depth.measured import Measured
from recon.depth.nets.layer_features import Feature, components, features_of
from recon.errors import ModelUnavailable
from recon.journal import Journal
from recon.options import Backend
from recon.types import Photo

PHOTO = Photo(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8))


def found(name: str, backend: Backend) -> list[Feature]:
    estimator = registry.create(name, RunOptions(device="cpu", backend=backend, processing_size=70))
    return list(features_of(estimator, PHOTO, focal_px=None, journal=Journal()))


@pytest.mark.parametrize("backend", ["fast", "transformers"])
def test_depth_pro(depthpro_folder: Path, backend: Backend) -> None:
    features = {each.name: each for each in found(f"hf:{depthpro_folder}", backend)}
    assert {each.run for each in features.values()} == {1}
    layers = "depth_pro.encoder.patch_encoder.model.encoder.layer."
    assert [name for name in features if name.startswith(layers) and features[name].kind == "layer"] == [
        f"{layers}{n}" for n in (0, 1, 3)
    ]
    assert all(np.ptp(each.picture) > 0 for each in features.values() if each.picture is not None)
    first = features[f"{layers}0"]
    # 25 patches of 4x4 tokens, one row or column dropped at each side where two meet.
    assert first.shape == (35, 17, 64) and first.picture is not None and first.picture.shape == (20, 20, 3)
    image = features["depth_pro.encoder.image_encoder.model.encoder.layer.3"]
    assert image.picture is not None and image.picture.shape == (4, 4, 3)
    attention = [each for each in features.values() if each.kind == "attention"]
    if backend == "fast":
        assert not attention
        return
    assert [each.shape for each in attention] == [(35, 2, 17, 17), (1, 2, 17, 17), (1, 2, 17, 17)]
    stages = [features[f"fusion_stage.{n}"] for n in ("intermediate.0", "intermediate.3", "final")]
    assert [each.shape for each in stages] == [(1, 32, 16, 16), (1, 32, 128, 128), (1, 32, 128, 128)]


@pytest.mark.parametrize("backend", ["fast", "transformers"])
def test_depth_anything(relative_folder: Path, backend: Backend, tmp_path: Path) -> None:
    from transformers import DPTImageProcessor

    folder = shutil.copytree(relative_folder, tmp_path / "model")
    size = {"height": 70, "width": 70}
    DPTImageProcessor(size=size, keep_aspect_ratio=True, ensure_multiple_of=14).save_pretrained(folder)
    features = found(f"hf:{folder}", backend)
    layers = [each for each in features if each.kind == "layer"]
    assert [each.name for each in layers] == [f"backbone.encoder.layer.{n}" for n in (0, 1, 3)]
    # 98x70 px in patches of 14, and the class token.
    assert {each.shape for each in layers} == {(1, 36, 32)}
    assert layers[0].picture is not None and layers[0].picture.shape == (5, 7, 3)
    fusion = [each.shape for each in features if each.name.startswith("neck.fusion_stage.layers.")]
    assert len(fusion) == 4 and fusion[-1] == (1, 16, 40, 56)
    assert sum(each.kind == "attention" for each in features) == (backend == "transformers")


def test_preview() -> None:
    features = found("preview", "auto")
    assert {each.name for each in features} >= {"attention.0", "up16", "up2"}
    # The photo with its mirror image, then a larger copy.
    assert [each.run for each in features if each.name == "up2"] == [1, 2]
    assert len({(each.name, each.run) for each in features}) == len(features)
    assert all(each.picture is not None for each in features)


def test_what_has_no_layers_is_an_error_and_leaves_no_hooks(tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", np.full((90, 120), 2.0))
    with pytest.raises(ModelUnavailable, match="has no layers to look at"):
        features_of(Measured(tmp_path / "depth.npy", 1.0), PHOTO, focal_px=None, journal=Journal())
    hooks = torch.nn.modules.module
    assert not hooks._global_forward_hooks and not hooks._global_forward_pre_hooks


def test_components_find_what_varies_most() -> None:
    ramp = torch.linspace(0, 1, 32).repeat(24, 1)
    features = torch.zeros(1, 5, 24, 32)
    features[0, 2], features[0, 4] = ramp, 0.1 * ramp.flip(1) ** 2
    picture = components(features)
    assert picture is not None and picture.shape == (24, 32, 3)
    assert np.corrcoef(picture[..., 0].ravel(), ramp.numpy().ravel())[0, 1] > 0.999
    assert picture[..., 0].min() == 0 and picture[..., 0].max() == 255
    features[0, 1, 3, 3] = torch.nan
    assert components(features) is None


def test_large_maps_are_reduced_and_few_channels_are_enough() -> None:
    picture = components(torch.rand(1, 1, 1000, 500))
    assert picture is not None and picture.shape == (384, 192, 3) and not picture[..., 1:].any()


@pytest.mark.parametrize(
    ("tokens", "height", "width", "expected"),
    [
        (577, 384, 384, Grid(24, 24, 1)),
        (576, 384, 384, Grid(24, 24, 0)),
        (1 + 37 * 50, 518, 700, Grid(37, 50, 1)),
        (5 + 7 * 5, 98, 70, Grid(7, 5, 5)),
        (7, 384, 100, None),
        (0, 384, 384, None),
    ],
)
def test_the_grid_of_tokens(tokens: int, height: int, width: int, expected: Grid | None) -> None:
    assert grid_of(tokens, height, width) == expected
