"""MoGe-2, against the authors' own network with random weights."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.hub.checkpoint_cache import Snapshot
from recon.depth.inference.placement import Placement
from recon.depth.moge2 import grid_of, load, predict
from recon.depth.nets.moge2 import Moge2Config, Moge2Net, view_plane
from recon.errors import ModelUnavailable
from recon.types import MetricDepth, Photo

from .conftest import KeepingJournal, noise_photo

pytestmark = pytest.mark.usefixtures("one_thread")
WIDTHS = [32, 24, 16, 8, 8]
TOKENS = 60
"""As in moge2_reference.py."""


def configuration(**changes: Any) -> dict[str, Any]:
    """That of the published small network, with narrow stacks."""
    stack = {
        "dim_res_blocks": WIDTHS, "res_block_in_norm": "none", "res_block_hidden_norm": "none",
        "resamplers": ["conv_transpose", "conv_transpose", "conv_transpose", "bilinear"],
        "num_res_blocks": [0, 1, 1, 1, 0],
    }  # fmt: skip

    def head(channels: int) -> dict[str, Any]:
        return {**stack, "dim_in": WIDTHS, "dim_out": [None, None, None, None, channels]}

    return {
        "encoder": {"backbone": "dinov2_vits14", "intermediate_layers": [2, 5], "dim_out": 32},
        "neck": {**stack, "dim_in": [34, 2, 2, 2, 2], "dim_out": None},
        "points_head": head(3), "normal_head": head(3), "mask_head": head(1),
        "scale_head": {"dims": [384, 32, 1]}, "remap_output": "exp", "num_tokens_range": [20, TOKENS], **changes,
    }  # fmt: skip


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as the authors' class writes it, photos, and what they make of them."""
    folder = tmp_path_factory.mktemp("moge2")
    if importlib.util.find_spec("moge") is None:
        pytest.skip("the authors' package dlr-moge is missing (./dev test installs it)")
    program = Path(__file__).with_name("moge2_reference.py")
    subprocess.run(
        [sys.executable, str(program), str(folder), json.dumps(configuration())],
        check=True,
        capture_output=True,
    )
    return folder


def made_of(reference: Path, name: str) -> tuple[Photo, dict[str, Any]]:
    theirs = load_file(reference / f"{name}.test")
    return Photo(theirs["photo"].numpy()), {key: value.numpy() for key, value in theirs.items()}


@pytest.mark.parametrize("name", ["wide", "tall", "square"])
@pytest.mark.slow
def test_the_network_is_the_authors(name: str, reference: Path) -> None:
    photo, theirs = made_of(reference, name)
    model = load(Snapshot(reference))
    with torch.inference_mode():
        made = predict(model, photo, Placement("cpu", "fp32"), None)
    points = theirs["raw.points"][0]
    assert points[..., 2].std() > 0.05 * points[..., 2].mean()
    np.testing.assert_allclose(made.points, points, rtol=1e-4, atol=1e-5)
    assert made.scale == pytest.approx(float(theirs["raw.metric_scale"][0]), rel=1e-4)
    clear = np.abs(theirs["raw.mask"][0] - 0.5) > 1e-4
    assert 0.05 < made.seen.mean() < 0.95
    np.testing.assert_array_equal(made.seen[clear], (theirs["raw.mask"][0] > 0.5)[clear])
    assert made.normals is not None
    assert theirs["raw.normal"][0].std() > 0.1
    np.testing.assert_allclose(made.normals, theirs["raw.normal"][0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["wide", "tall", "square"])
@pytest.mark.parametrize("kind", ["free", "known"])
@pytest.mark.slow
def test_metres_and_focal_length_are_the_authors(
    name: str, kind: str, reference: Path, journal: KeepingJournal
) -> None:
    photo, theirs = made_of(reference, name)
    known = None if kind == "free" else 0.5 * photo.width / np.tan(np.deg2rad(25))
    estimator = registry.create(f"hf:{reference}", RunOptions(device="cpu"))
    result = estimator.estimate(photo, focal_px=known, journal=journal)
    assert isinstance(result.depth, MetricDepth) and result.sky is not None
    k = theirs[f"{kind}.intrinsics"]
    assert result.focal_used_px == pytest.approx(k[0, 0] * photo.width, rel=1e-4)
    assert result.focal_used_px == pytest.approx(k[1, 1] * photo.height, rel=1e-4)
    assert result.focal_px == (None if known else result.focal_used_px)
    assert not journal.warnings()
    seen = result.depth.valid
    assert 0.05 < seen.mean() < 0.95 and not (seen & result.sky).any()
    np.testing.assert_allclose(result.depth.z_m[seen], theirs[f"{kind}.depth"][seen], rtol=1e-4)
    assert (result.depth.z_m[~seen] == 0).all()
    assert result.depth.normals is not None
    np.testing.assert_allclose(result.depth.normals, theirs[f"{kind}.normal"], atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"num_res_blocks": 1, "activation": "silu", "res_block_in_norm": "layer_norm"},
        {"res_block_hidden_norm": "group_norm", "dim_times_res_block_hidden": 4, "dim_res_blocks": [32] * 5},
        {"resamplers": ["pixel_shuffle"] * 4, "res_block_in_norm": "instance_norm", "activation": "elu"},
        {"resamplers": ["nearest"] * 4, "activation": "leaky_relu"},
    ],
)
def test_each_kind_of_stack_is_the_authors(changes: dict[str, Any]) -> None:
    """Theirs is imported in this process, next to ours: their modules import no more than torch."""
    if importlib.util.find_spec("moge") is None:
        pytest.skip("the authors' package dlr-moge is missing (./dev test installs it)")
    from moge.model.modules import ConvStack as Theirs

    from recon.depth.nets.conv_stack import ConvStack, StackConfig

    config = {**configuration()["normal_head"], **changes}
    widths = config["dim_res_blocks"]
    config |= {"dim_in": [3, None, 2, 2, 2], "dim_out": [None, 4, None, None, 3]}
    torch.manual_seed(1)
    theirs, ours = Theirs(**config).eval(), ConvStack(StackConfig.of(config, "normal_head")).eval()
    ours.load_state_dict(theirs.state_dict())
    sizes = (3, widths[1], 2, 2, 2)
    levels = [torch.randn(1, size, 3 << at, 4 << at) for at, size in enumerate(sizes)]
    with torch.inference_mode():
        for mine, their in zip(ours(levels), theirs(levels), strict=True):
            torch.testing.assert_close(mine, their, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "size_px", "expected"),
    [
        ((4000, 3000), None, (69, 52)),  # 3600 patches, the authors' highest level
        ((3000, 4000), None, (52, 69)),
        ((4000, 3000), 700, (50, 38)),
        ((3000, 4000), 700, (38, 50)),
        ((2000, 100), None, (268, 13)),
        ((100, 100), 14, (1, 1)),
        ((2000, 100), 14, (1, 1)),
    ],
)
def test_the_grid_follows_the_photo_s_shape(
    size: tuple[int, int], size_px: int | None, expected: tuple[int, int]
) -> None:
    photo = noise_photo(width=size[0], height=size[1])
    assert grid_of(photo, size_px, most_tokens=3600, patch=14) == expected


@pytest.mark.slow
def test_the_processing_size_is_that_of_the_input(reference: Path, journal: KeepingJournal) -> None:
    photo = noise_photo(width=160, height=120)
    estimator = registry.create(f"hf:{reference}", RunOptions(device="cpu", processing_size=84))
    details = estimator.estimate(photo, focal_px=150.0, journal=journal).details
    assert (details["processing_width"], details["processing_height"]) == (84, 56)


def test_the_view_plane_has_its_corners_at_1() -> None:
    plane = view_plane(3, 4, aspect=4 / 3)[0].numpy()
    assert plane.shape == (2, 3, 4)
    half = plane[:, 0, 0] * [4 / 3, 3 / 2]  # from the centre of the corner's cell to the corner
    np.testing.assert_allclose(half, [-0.8, -0.6], rtol=1e-6)
    np.testing.assert_allclose(plane, -plane[:, ::-1, ::-1], atol=1e-7)


@pytest.mark.slow
def test_a_photo_without_depth_has_no_focal_length(reference: Path, tmp_path: Path) -> None:
    content = torch.load(reference / "model.pt", weights_only=True)
    content["model"]["mask_head.output_blocks.4.bias"].fill_(-1e3)
    torch.save(content, tmp_path / "model.pt")
    estimator = registry.create(f"hf:{tmp_path}", RunOptions(device="cpu"))
    journal = KeepingJournal()
    result = estimator.estimate(noise_photo(width=64, height=48), focal_px=None, journal=journal)
    assert not result.depth.valid.any() and result.sky is not None and result.sky.all()
    assert result.focal_px is None and result.focal_used_px == pytest.approx(32 / np.tan(np.deg2rad(30)))
    assert "no plausible focal length" in journal.warnings()[0]


@pytest.mark.slow
def test_a_network_without_normals_and_mask_has_depth_everywhere(
    reference: Path, tmp_path: Path, journal: KeepingJournal
) -> None:
    content = torch.load(reference / "model.pt", weights_only=True)
    for head in ("normal_head", "mask_head"):
        del content["model_config"][head]
    content["model"] = {
        key: value for key, value in content["model"].items() if not key.startswith(("normal_", "mask_"))
    }
    torch.save(content, tmp_path / "model.pt")
    estimator = registry.create(f"hf:{tmp_path}", RunOptions(device="cpu"))
    result = estimator.estimate(noise_photo(width=64, height=48), focal_px=60.0, journal=journal)
    assert isinstance(result.depth, MetricDepth) and result.depth.normals is None
    assert result.depth.valid.all()


@pytest.mark.slow
def test_normals_without_length_face_the_camera(
    reference: Path, tmp_path: Path, journal: KeepingJournal
) -> None:
    content = torch.load(reference / "model.pt", weights_only=True)
    for kind in ("weight", "bias"):
        content["model"][f"normal_head.output_blocks.4.{kind}"].zero_()
    torch.save(content, tmp_path / "model.pt")
    estimator = registry.create(f"hf:{tmp_path}", RunOptions(device="cpu"))
    depth = estimator.estimate(noise_photo(width=64, height=48), focal_px=60.0, journal=journal).depth
    assert isinstance(depth, MetricDepth) and depth.normals is not None
    assert (depth.normals == (0, 0, -1)).all()


@pytest.mark.slow
def test_safetensors_hold_the_same_network(reference: Path, tmp_path: Path, journal: KeepingJournal) -> None:
    content = torch.load(reference / "model.pt", weights_only=True)
    save_file(content["model"], tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "moge", **content["model_config"]}))
    photo = noise_photo(width=64, height=48)
    one, other = (
        registry.create(f"hf:{folder}", RunOptions(device="cpu")).estimate(
            photo, focal_px=60.0, journal=journal
        )
        for folder in (reference, tmp_path)
    )
    assert isinstance(one.depth, MetricDepth) and isinstance(other.depth, MetricDepth)
    np.testing.assert_array_equal(one.depth.z_m, other.depth.z_m)


def without(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda config: {key: value for key, value in config.items() if key not in names}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda config: {**config, "encoder": "dinov2_vitl14"}, "it is a MoGe-1 network"),
        (lambda config: {**config, "refiner": {"channels": [32]}}, "it is a MoGe-3 network"),
        (without("scale_head"), "it has no scale_head, so it gives no metres"),
        (without("points_head"), "it has no points_head"),
        (without("neck"), "neck must be an object"),
        (
            lambda config: {**config, "encoder": {**config["encoder"], "backbone": "x"}},
            "dinov2_vitl14, got 'x'",
        ),
        (
            lambda config: {**config, "encoder": {**config["encoder"], "intermediate_layers": [5, 12]}},
            "no layers",
        ),
        (
            lambda config: {**config, "neck": {**config["neck"], "dim_res_blocks": [10**9] * 5}},
            "a width must be",
        ),
        (
            lambda config: {**config, "neck": {**config["neck"], "dim_res_blocks": [8] * 4}},
            "expected 5 levels",
        ),
        (
            lambda config: {**config, "neck": {**config["neck"], "resamplers": ["bilinear"]}},
            "expected 4 entries",
        ),
        (
            lambda config: {**config, "neck": {**config["neck"], "num_res_blocks": [10**9] * 5}},
            "num_res_blocks must be between",
        ),
        (lambda config: {**config, "remap_output": "log"}, "remap_output must be"),
        (lambda config: {**config, "num_tokens_range": [9, 3]}, "num_tokens_range must rise"),
        (lambda config: {**config, "scale_head": {"dims": [384, 3]}}, "must end in 1 number"),
    ],
)
def test_an_impossible_configuration_is_refused(
    change: Callable[[dict[str, Any]], dict[str, Any]], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Moge2Config.of(change(configuration()))


def test_the_last_layers_may_be_counted() -> None:
    encoder = {**configuration()["encoder"], "intermediate_layers": 4}
    assert Moge2Config.of(configuration(encoder=encoder)).layers == (8, 9, 10, 11)


@pytest.mark.slow
def test_a_missing_weight_is_one_sentence(reference: Path, tmp_path: Path, journal: KeepingJournal) -> None:
    content = torch.load(reference / "model.pt", weights_only=True)
    content["model"].pop("scale_head.2.bias")
    torch.save(content, tmp_path / "model.pt")
    estimator = registry.create(f"hf:{tmp_path}", RunOptions(device="cpu"))
    with pytest.raises(ModelUnavailable, match=r"1 missing weights \(decoder\.scale_head\.2\.bias"):
        estimator.estimate(noise_photo(width=64, height=64), focal_px=60.0, journal=journal)


@pytest.mark.slow
def test_half_precision_changes_the_encoder_alone(reference: Path) -> None:
    """bfloat16 on any CPU, where it is slow: the decoder stays in float32, and the result near."""
    from recon.depth.inference.placement import place

    photo = noise_photo(width=64, height=48)
    results = []
    for placement in (Placement("cpu", "fp32"), Placement("cpu", "bf16")):
        model = place(load(Snapshot(reference)), placement, ("decoder",))
        with torch.inference_mode():
            results.append(predict(model, photo, placement, None))
    assert {parameter.dtype for parameter in model.decoder.parameters()} == {torch.float32}
    np.testing.assert_allclose(results[0].points, results[1].points, rtol=0.05, atol=0.05)
    assert not np.array_equal(results[0].points, results[1].points)


def test_the_published_sizes_have_as_many_weights_as_their_files() -> None:
    """The small model.pt holds 35 103 656 numbers, as others report, 384 of them the encoder's mask token."""
    widths = [384, 256, 128, 64, 32]
    config = configuration(
        encoder={"backbone": "dinov2_vits14", "intermediate_layers": [5, 11], "dim_out": 384},
        scale_head={"dims": [384, 384, 384, 1]},
    )
    for name in ("neck", "points_head", "normal_head", "mask_head"):
        config[name] = {**config[name], "dim_res_blocks": widths, "dim_in": widths}
    config["neck"]["dim_in"] = [386, 2, 2, 2, 2]
    with torch.device("meta"):
        net = Moge2Net(Moge2Config.of(config))
    count = sum(each.numel() for each in net.parameters())
    assert count + 384 == 35_103_656


@pytest.mark.parametrize("name", ["moge2-vits", "moge2-vitb", "moge2-vitl"])
def test_it_is_listed_for_commercial_use(name: str) -> None:
    card = registry.card(name)
    assert card.gives == "metric" and card.licence == "MIT" and card.commercial
    assert card.predicts_focal and card.masks_sky and card.predicts_normals
    assert card.repository == f"Ruicheng/moge-2-{name[6:]}-normal"
