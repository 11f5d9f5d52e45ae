"""The preview network: shapes, the camera that goes in, its two modes, and its encoder."""

import numpy as np
import pytest
import torch
from torch import nn

from recon.depth.nets.efficientnet_lite import EfficientNetLite, tap_widths
from recon.depth.nets.preview import (
    Camera,
    NetworkConfig,
    Prediction,
    PreviewNet,
    centred,
    normalise,
)
from recon.depth.nets.preview_look import size_for
from tools.preview.imagenet import load_imagenet

SMALL = NetworkConfig(encoder=0, tokens=32, blocks=1, heads=2, decoder=(16, 16, 8, 8))


def _net() -> PreviewNet:
    torch.manual_seed(0)
    return PreviewNet(SMALL).eval()


@pytest.mark.parametrize("size", [(64, 96), (33, 47), (100, 37), (32, 200)])
def test_any_size_gives_maps_of_half_the_size(size: tuple[int, int]) -> None:
    height, width = size
    with torch.inference_mode():
        out = _net()(
            normalise(torch.rand(2, 3, height, width)), centred(torch.full((2,), 0.8), height / width)
        )
    half = ((height + 1) // 2, (width + 1) // 2)
    assert out.log_inverse.shape == out.log_error.shape == out.sky_logit.shape == (2, *half)
    assert all(torch.isfinite(maps).all() for maps in out)


def test_the_full_network_fits_its_budget() -> None:
    assert 2 * sum(p.numel() for p in PreviewNet().parameters()) < 20e6, "bytes in half precision"


def test_the_camera_changes_the_prediction_of_every_pixel() -> None:
    x = normalise(torch.rand(1, 3, 64, 64))
    with torch.inference_mode():
        net = _net()
        nn.init.normal_(net.head.weight, std=0.5)
        near, far, blind = (
            net(x, centred(torch.tensor([f]), 1.0, known)).log_inverse
            for f, known in ((0.6, True), (1.8, True), (0.6, False))
        )
    assert ((near - far).abs() > 1e-4).float().mean() > 0.9 and (
        (near - blind).abs() > 1e-5
    ).float().mean() > 0.9


def test_the_likelier_mode_is_the_one_whose_peak_is_higher() -> None:
    modes = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1)
    for logit, first_scale, second_scale, expected in (
        (0.5, 0.1, 0.1, 1.0),
        (0.5, 0.4, 0.1, 2.0),
        (-0.5, 0.1, 0.1, 2.0),
    ):
        scales = torch.tensor([first_scale, second_scale]).log().reshape(1, 2, 1, 1)
        result = Prediction(modes, scales, torch.full((1, 1, 1), logit), torch.zeros(1, 1, 1))
        assert result.log_inverse.item() == expected
        assert result.log_error.exp().item() == pytest.approx(first_scale if expected == 1 else second_scale)


def test_the_variance_is_that_of_the_mixture_about_the_chosen_depth() -> None:
    rng = np.random.default_rng(0)
    for logit, modes, scales in ((0.3, (1.0, 1.5), (0.1, 0.2)), (-2.0, (0.0, 3.0), (0.05, 0.05))):
        maps = [torch.tensor(pair).reshape(1, 2, 1, 1) for pair in (modes, np.log(scales).tolist())]
        found = Prediction(*maps, torch.full((1, 1, 1), logit), torch.zeros(1, 1, 1))
        first = rng.random(400_000) < 1 / (1 + np.exp(-logit))
        drawn = rng.laplace(np.where(first, *modes), np.where(first, *scales))
        expected = np.mean((drawn - found.log_inverse.item()) ** 2)
        assert found.variance.item() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("size", "parameters", "widths"),
    [
        (0, 2_958_848, (16, 24, 40, 112, 320)),
        (1, 3_723_520, (16, 24, 40, 112, 320)),
        (2, 4_357_952, (16, 24, 48, 120, 352)),
    ],
)
def test_the_encoder_has_the_published_sizes(size: int, parameters: int, widths: tuple[int, ...]) -> None:
    """Parameters counted in the published state dicts, without the classifier."""
    encoder = EfficientNetLite(size)
    assert sum(p.numel() for p in encoder.parameters()) == parameters
    assert tap_widths(size) == widths
    with torch.inference_mode():
        maps = encoder.eval()(torch.rand(1, 3, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps] == [(w, 64 >> k, 96 >> k) for k, w in enumerate(widths, 1)]


def _published(encoder: EfficientNetLite) -> dict[str, torch.Tensor]:
    """A state dict under the published names, with random values."""
    state, number = {}, 0
    values = {k: torch.rand_like(v, dtype=torch.float32) for k, v in encoder.state_dict().items()}
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    state["_conv_stem.weight"] = values["stem.0.weight"]
    state |= {f"_bn0.{leaf}": values[f"stem.1.{leaf}"] for leaf in norm}
    for s, stage in enumerate(encoder.stages):
        for b, _ in enumerate(stage):  # type: ignore[arg-type]
            ours, theirs = f"stages.{s}.{b}", f"_blocks.{number}"
            for part, conv, bn in (
                ("expand", "_expand_conv", "_bn0"),
                ("depthwise", "_depthwise_conv", "_bn1"),
                ("project", "_project_conv", "_bn2"),
            ):
                if f"{ours}.{part}.0.weight" in values:
                    state[f"{theirs}.{conv}.weight"] = values[f"{ours}.{part}.0.weight"]
                    state |= {f"{theirs}.{bn}.{leaf}": values[f"{ours}.{part}.1.{leaf}"] for leaf in norm}
            number += 1
    return state


def test_published_weights_find_their_places_and_a_missing_one_is_named() -> None:
    encoder = EfficientNetLite(0)
    state = _published(encoder)
    load_imagenet(encoder, state)
    assert torch.equal(encoder.stages[3][1].project[0].weight, state["_blocks.6._project_conv.weight"])  # type: ignore[index]
    del state["_blocks.3._bn1.bias"]
    with pytest.raises(ValueError, match=r"_blocks\.3\._bn1\.bias is missing"):
        load_imagenet(encoder, state)


def test_strided_convolutions_pad_at_the_right_and_the_bottom() -> None:
    """As TensorFlow's SAME: of an even side the first output sees pixels 0 to 2, and not -1 to 1."""
    encoder = EfficientNetLite(0)
    conv = encoder.stem[0]
    nn.init.zeros_(conv.weight)
    conv.weight.data[0, 0, 0, 0] = 1
    x = torch.arange(16.0).reshape(1, 1, 4, 4).expand(1, 3, 4, 4)
    assert conv(x)[0, 0].tolist() == [[0, 2], [8, 10]]


def test_sizes_keep_aspect_and_area() -> None:
    for aspect in (0.5, 1.0, 4 / 3, 3.3):
        width, height = size_for(aspect, 98304)
        assert width % 32 == 0 == height % 32
        assert width * height == pytest.approx(98304, rel=0.2) and width / height == pytest.approx(
            aspect, rel=0.2
        )


def test_cameras_are_named_tuples_of_one_length() -> None:
    camera = centred(torch.tensor([0.7, 0.9]), 0.75)
    assert isinstance(camera, Camera) and camera.centre_y.tolist() == [0.375, 0.375]
