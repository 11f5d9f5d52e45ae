"""Our own networks against transformers' classes: equal weights give equal output, however the work is arranged."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from recon.depth import depth_anything, depth_pro
from recon.depth.depth_pro import DepthPro
from recon.depth.estimator import RunOptions
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.depth.inference import placement
from recon.depth.inference.placement import Placement
from recon.depth.nets import conv_fusion, fast_ops
from recon.depth.nets import depth_pro as pronet
from recon.depth.nets.fast_ops import Dense, Int8
from recon.depth.nets.residual import Residual, conv_band
from recon.errors import ModelUnavailable

from ..conftest import KeepingJournal, noise_photo, save_depth_anything

pytestmark = pytest.mark.usefixtures("one_thread")
ENCODER: dict[str, Any] = {
    "model_type": "dinov2", "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2,
    "patch_size": 16, "image_size": 64, "mlp_ratio": 2,
}  # fmt: skip
PRO: dict[str, Any] = {
    "patch_size": 64, "fusion_hidden_size": 32, "intermediate_hook_ids": [3, 1],
    "intermediate_feature_dims": [32, 32], "scaled_images_feature_dims": [64, 64, 32], "use_fov_model": True,
    "image_model_config": ENCODER, "patch_model_config": ENCODER, "fov_model_config": ENCODER,
}  # fmt: skip


def relative_l2(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Of what varies: a constant would hide a wrong picture."""
    return float((ours - theirs).norm() / (theirs - theirs.mean()).norm())


def shaken(model: Any) -> Any:
    """No weight is left at a 0 or 1 that would hide that it is not used."""
    torch.manual_seed(5)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lambda" in name or "norm" in name or name.endswith("bias") or "cls_token" in name:
                weights.add_(0.3 * torch.randn_like(weights))
    return model.eval()


def random_pro(folder: Path, **changes: Any) -> Any:
    from transformers import DepthProConfig, DepthProForDepthEstimation

    torch.manual_seed(0)
    parts = {name: dict(part) if isinstance(part, dict) else part for name, part in (PRO | changes).items()}
    model = shaken(DepthProForDepthEstimation(DepthProConfig(**parts)))
    with torch.no_grad():
        model.head.layers[4].weight.abs_()
        model.fov_model.head.layers[-1].bias.fill_(45.0)
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"intermediate_feature_dims": [32, 16]},
        {"intermediate_hook_ids": [2], "intermediate_feature_dims": [32]},
        {"intermediate_hook_ids": [0, 1, 3], "intermediate_feature_dims": [32, 24, 16]},
        {"merge_padding_value": 1, "scaled_images_overlap_ratios": [0.0, 0.0, 0.25]},
        {"use_bias_in_fusion_residual": False, "num_fov_head_layers": 1},
        {"patch_model_config": ENCODER | {"qkv_bias": False, "num_attention_heads": 4}},
    ],
)
def test_depth_and_field_of_view_are_those_of_transformers(tmp_path: Path, changes: dict[str, Any]) -> None:
    theirs = random_pro(tmp_path, **changes)
    pixels = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(2)) * 2 - 1
    ours, without = (depth_pro.load(Snapshot(tmp_path), use_fov_model=fov) for fov in (True, False))
    with torch.inference_mode():
        expected, got, spared = theirs(pixel_values=pixels), ours(pixels), without(pixels)
    assert expected.predicted_depth.std() > 0.01 * expected.predicted_depth.mean() > 0
    assert relative_l2(got.predicted_depth, expected.predicted_depth) < 2e-5
    torch.testing.assert_close(got.field_of_view, expected.field_of_view, rtol=1e-5, atol=1e-4)
    assert spared.field_of_view is None
    torch.testing.assert_close(spared.predicted_depth, got.predicted_depth, rtol=0, atol=0)


@pytest.mark.parametrize("rows", [5, 8, 33])
def test_bands_make_no_difference(tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random_pro(tmp_path)
    net = depth_pro.load(Snapshot(tmp_path), use_fov_model=False)
    pixels = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.inference_mode():
        monkeypatch.setattr(pronet, "BAND_ROWS", 10_000)
        whole = net(pixels).predicted_depth
        monkeypatch.setattr(pronet, "BAND_ROWS", rows)
        banded = net(pixels).predicted_depth
    assert banded.shape == whole.shape
    torch.testing.assert_close(banded, whole, rtol=1e-5, atol=1e-5 * float(whole.max()))


@pytest.mark.parametrize("overrides", [{}, {"depth_estimation_type": "metric", "max_depth": 20}])
@pytest.mark.parametrize(("width", "height"), [(70, 70), (98, 70), (56, 140), (14, 14)])
def test_depth_anything_is_that_of_transformers(
    tmp_path: Path, width: int, height: int, overrides: dict[str, Any]
) -> None:
    from transformers import DepthAnythingForDepthEstimation

    save_depth_anything(tmp_path, **overrides)
    theirs = shaken(DepthAnythingForDepthEstimation.from_pretrained(tmp_path))
    theirs.save_pretrained(tmp_path)
    pixels = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        expected = theirs(pixel_values=pixels).predicted_depth
        got = depth_anything.load(Snapshot(tmp_path))(pixels).predicted_depth
    assert got.shape == expected.shape == (1, height, width)
    torch.testing.assert_close(got, expected, rtol=2e-5, atol=2e-5 * float(expected.max()))


@pytest.mark.parametrize(
    "outputs",
    [
        {"out_indices": None, "out_features": ["stage1", "stage2", "stage3", "stage4"]},
        {"out_indices": [0, 1, 2, 3], "out_features": None},
        {"apply_layernorm": False},
    ],
)
def test_the_layers_that_are_taken(tmp_path: Path, outputs: dict[str, Any]) -> None:
    from transformers import DepthAnythingForDepthEstimation

    save_depth_anything(tmp_path, depth_estimation_type="relative")
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config["backbone_config"] = {
        name: value
        for name, value in {**config["backbone_config"], "out_features": None, **outputs}.items()
        if value is not None
    }
    path.write_text(json.dumps(config))
    pixels = torch.randn(1, 3, 70, 70)
    with torch.inference_mode():
        expected = DepthAnythingForDepthEstimation.from_pretrained(tmp_path).eval()(pixel_values=pixels)
        got = depth_anything.load(Snapshot(tmp_path))(pixels).predicted_depth
    torch.testing.assert_close(got, expected.predicted_depth, rtol=2e-5, atol=1e-5)


def test_float16_files_and_both_kinds_of_names(tmp_path: Path) -> None:
    from transformers import DepthProForDepthEstimation

    random_pro(tmp_path).half().save_pretrained(tmp_path)
    theirs = DepthProForDepthEstimation.from_pretrained(tmp_path, dtype=torch.float32).eval()
    pixels = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.inference_mode():
        expected = theirs(pixel_values=pixels)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    old, new = "attention.attention.query", "attention.q_proj"
    assert any(old in name for name in tensors) and tensors["head.layers.0.weight"].dtype == torch.float16
    for renamed in (tensors, {name.replace(old, new): value for name, value in tensors.items()}):
        save_file(renamed, path, metadata={"format": "pt"})
        with torch.inference_mode():
            got = depth_pro.load(Snapshot(tmp_path), use_fov_model=True)(pixels)
        assert relative_l2(got.predicted_depth, expected.predicted_depth) < 2e-5
        torch.testing.assert_close(got.field_of_view, expected.field_of_view, rtol=1e-5, atol=1e-4)


def test_a_checkpoint_in_several_files(tmp_path: Path) -> None:
    model = random_pro(tmp_path / "whole")
    model.save_pretrained(tmp_path / "parts", max_shard_size="500KB")
    assert len(list((tmp_path / "parts").glob("*.safetensors"))) > 1
    pixels = torch.rand(1, 3, 256, 256)
    with torch.inference_mode():
        one, two = (
            depth_pro.load(Snapshot(tmp_path / name), use_fov_model=False)(pixels)
            for name in ("whole", "parts")
        )
    torch.testing.assert_close(one.predicted_depth, two.predicted_depth, rtol=0, atol=0)


@pytest.mark.parametrize(
    "change",
    [{"use_swiglu_ffn": True}, {"hidden_act": "relu"}, {"model_type": "vit"}],
)
def test_an_encoder_of_another_kind_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    random_pro(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["patch_model_config"] |= change
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="not a DINOv2 with GELU"):
        depth_pro.load(Snapshot(tmp_path), use_fov_model=False)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [(7, 5), (2, 1), (1, 1)])
def test_upsampling_and_a_convolution_as_one(bias: bool, size: tuple[int, int]) -> None:
    deconv = torch.nn.ConvTranspose2d(6, 5, 2, stride=2, bias=bias).double()
    conv = torch.nn.Conv2d(5, 4, 3, padding=1, bias=False).double()
    x = torch.randn(1, 6, *size, dtype=torch.float64)
    with torch.no_grad():
        merged = conv_fusion.deconv_then_conv(deconv.weight, deconv.bias, conv.weight)
        got = conv_fusion.upsampling_conv(conv_fusion.with_ones(x) if bias else x, merged)
        torch.testing.assert_close(got, conv(deconv(x)))


def test_upsampling_and_a_pointwise_convolution_as_one() -> None:
    deconv = torch.nn.ConvTranspose2d(6, 5, 2, stride=2, bias=False).double()
    pointwise = torch.nn.Conv2d(5, 4, 1).double()
    x = torch.randn(1, 6, 4, 3, dtype=torch.float64)
    with torch.no_grad():
        weight = conv_fusion.deconv_then_pointwise(deconv.weight, pointwise.weight)
        got = torch.nn.functional.conv_transpose2d(x, weight, pointwise.bias, stride=2)
        torch.testing.assert_close(got, pointwise(deconv(x)))


@pytest.mark.parametrize(("start", "stop"), [(0, 12), (0, 7), (4, 12), (3, 9)])
def test_a_band_of_a_picture_is_a_part_of_the_whole(start: int, stop: int) -> None:
    layer, x = Residual(3).double(), torch.randn(1, 3, 12, 5, dtype=torch.float64)
    top, bottom = start == 0, stop == 12
    with torch.no_grad():
        got = layer.on_band(x[:, :, start:stop], top=top, bottom=bottom)
        expected = layer(x)[:, :, start if top else start + 2 : stop if bottom else stop - 2]
        torch.testing.assert_close(got, expected)
        conv = layer.convolution1
        got = conv_band(x[:, :, start:stop], conv, top=top, bottom=bottom)
        torch.testing.assert_close(
            got, conv(x)[:, :, start if top else start + 1 : stop if bottom else stop - 1]
        )


@pytest.mark.parametrize("gelu", [False, True])
def test_linear_kernels_agree(gelu: bool) -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(3, 50, 64), torch.randn(32, 64) / 8, torch.randn(32)
    expected = torch.nn.functional.linear(x.double(), weight.double(), bias.double())
    expected = torch.nn.functional.gelu(expected) if gelu else expected
    assert relative_l2(Dense(weight, bias)(x, gelu=gelu), expected) < 1e-6
    # 8 bits, or 7 where the CPU lacks VNNI, are steps of a hundredth of the largest value.
    assert 1e-4 < relative_l2(Int8(weight, bias)(x, gelu=gelu), expected) < 0.03


def gone(*arguments: object) -> torch.Tensor:
    """As torch answers where it has no kernel for an operation."""
    raise NotImplementedError("no such operation")


def changed(*arguments: object) -> torch.Tensor:
    """An operation of the same name that does something else."""
    return torch.zeros(5, 8)


@contextmanager
def private_operations(instead: Callable[..., torch.Tensor]) -> Iterator[None]:
    """torch as it may be one day: what is not its public interface is gone, or another thing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.ops.mkldnn, "_linear_pointwise", instead)
        patch.setattr(torch.ops.quantized, "linear_dynamic", instead)
        for check in (fast_ops.has_onednn, fast_ops.has_int8):
            check.cache_clear()
        yield
    for check in (fast_ops.has_onednn, fast_ops.has_int8):
        check.cache_clear()


@pytest.mark.parametrize("instead", [gone, changed])
@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize("offset", [0.0, 2.0, -5.0])
def test_without_private_operations_the_numbers_are_the_same(
    offset: float, gelu: bool, instead: Callable[..., torch.Tensor]
) -> None:
    torch.manual_seed(3)
    x, weight, bias = torch.randn(3, 50, 64) + offset, torch.randn(32, 64) / 8, torch.randn(32)
    assert fast_ops.has_onednn() and fast_ops.has_int8(), "nothing to compare with"
    fast = [kind(weight, bias)(x, gelu=gelu) for kind in (Dense, Int8)]
    with private_operations(instead):
        assert not fast_ops.has_onednn() and not fast_ops.has_int8()
        slow = [kind(weight, bias)(x, gelu=gelu) for kind in (Dense, Int8)]
    assert relative_l2(slow[0], fast[0]) < 1e-6
    # An input that lies just between two levels may fall to either side, which changes its row a little.
    assert (slow[1] - fast[1]).abs().median() < 1e-6 * fast[1].norm() and relative_l2(slow[1], fast[1]) < 1e-3
    assert relative_l2(slow[1], slow[0]) > 1e-3, "8 bits are coarser"


def test_without_private_operations_attention_is_the_same() -> None:
    torch.manual_seed(4)
    query, key, value = torch.randn(3, 2, 4, 70, 16)
    fast = fast_ops.attend(query, key, value)
    with private_operations(gone):
        assert relative_l2(fast_ops.attend(query, key, value), fast) < 1e-6


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_without_private_operations_depth_is_the_same(
    precision: Any, depthpro_folder: Path, journal: KeepingJournal
) -> None:
    photo = noise_photo(width=200, height=150)

    def depth() -> Any:
        run = RunOptions(device="cpu", precision=precision)
        estimator = DepthPro("depthpro", Source(folder=depthpro_folder), run)
        return estimator.estimate(photo, focal_px=None, journal=journal).depth

    fast = depth()
    assert not journal.warnings()
    with private_operations(gone):
        slow = depth()
    assert np.linalg.norm(slow.z_m - fast.z_m) < (1e-5 if precision == "fp32" else 2e-3) * np.linalg.norm(
        fast.z_m
    )
    assert [("not faster" in warning) for warning in journal.warnings()] == [True] * (precision == "int8")


def test_int8_is_near_float32_and_says_so(depthpro_folder: Path, journal: KeepingJournal) -> None:
    photo = noise_photo(width=200, height=150)
    whole, int8 = (
        DepthPro("depthpro", Source(folder=depthpro_folder), RunOptions(device="cpu", precision=precision))
        for precision in ("fp32", "int8")
    )
    depths = [each.estimate(photo, focal_px=None, journal=journal) for each in (whole, int8, int8)]
    one, two, again = (each.depth.z_m for each in depths)  # type: ignore[union-attr]
    assert depths[1].details["precision"] == "int8"
    off = np.linalg.norm(two - one) / np.linalg.norm(one)
    assert 0 < off < 0.03
    np.testing.assert_array_equal(two, again)


def test_int8_is_of_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunOptions(precision="int8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert placement.first_placement(run) == Placement("cpu", "int8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ModelUnavailable, match=r"--precision int8.*--device cpu"):
        placement.first_placement(run)
    assert placement.first_placement(RunOptions(precision="int8", device="cpu")) == Placement("cpu", "int8")


@pytest.mark.parametrize(("width", "height"), [(300, 200), (64, 64), (50, 70), (1001, 37), (1, 1)])
def test_the_input_is_torch_s_own_bilinear_resizing(width: int, height: int) -> None:
    photo = noise_photo(width=width, height=height)
    pixels = (torch.tensor(photo.rgb).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
    expected = torch.nn.functional.interpolate(pixels, (64, 64), mode="bilinear", align_corners=False)
    torch.testing.assert_close(depth_pro.prepare(photo, size=64), expected, atol=2e-6, rtol=0)


def test_nothing_of_transformers_is_imported(depthpro_folder: Path, relative_folder: Path) -> None:
    program = f"""
import sys
import numpy as np
import torch
torch.set_num_threads(1)
from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.journal import Journal
from recon.types import Photo
for folder in ({str(depthpro_folder)!r}, {str(relative_folder)!r}):
    run = RunOptions(device="cpu", processing_size=70)
    estimator = registry.create(f"hf:{{folder}}", run)
    estimator.estimate(Photo(np.zeros((40, 50, 3), np.uint8)), focal_px=None, journal=Journal())
print([name for name in ("transformers", "torchvision", "sympy", "torch._dynamo") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
