"""Every depth network of the installed transformers, as tiny random checkpoints, through its own class."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from recon.depth import registry, with_transformers
from recon.depth.estimator import RunOptions
from recon.depth.hub.checkpoint_cache import Snapshot
from recon.errors import ModelUnavailable
from recon.types import DepthKind, MetricDepth, RelativeDepth

from .conftest import KeepingJournal, noise_photo, save_depth_anything

pytestmark = pytest.mark.usefixtures("one_thread")
DINO = {
    "model_type": "dinov2", "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2, "patch_size": 14,
    "image_size": 70, "mlp_ratio": 2, "out_indices": [1, 2, 3, 4], "apply_layernorm": True,
    "reshape_hidden_states": False,
}  # fmt: skip
NORMALISED = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def _dpt_processor(keep_aspect_ratio: bool = True) -> Any:
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    size = {"height": 70, "width": 70}
    return DPTImageProcessorPil(
        size=size, keep_aspect_ratio=keep_aspect_ratio, ensure_multiple_of=14, **NORMALISED
    )


def glpn() -> tuple[Any, Any]:
    from transformers import GLPNConfig, GLPNForDepthEstimation
    from transformers.models.glpn.image_processing_pil_glpn import GLPNImageProcessorPil

    config = GLPNConfig(
        num_encoder_blocks=4, depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 16, 16], num_attention_heads=[1, 1, 1, 1],
        decoder_hidden_size=16, max_depth=10,
    )  # fmt: skip
    return GLPNForDepthEstimation(config), GLPNImageProcessorPil()


def zoedepth() -> tuple[Any, Any]:
    from transformers import ZoeDepthConfig, ZoeDepthForDepthEstimation
    from transformers.models.zoedepth.image_processing_pil_zoedepth import ZoeDepthImageProcessorPil

    backbone = {
        "model_type": "beit", "hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2,
        "intermediate_size": 64, "image_size": 64, "patch_size": 16,
        "out_features": ["stage1", "stage2", "stage3", "stage4"],
        "reshape_hidden_states": False, "use_relative_position_bias": True,
    }  # fmt: skip
    config = ZoeDepthConfig(
        backbone_config=backbone, backbone_hidden_size=32, neck_hidden_sizes=[8, 16, 32, 32], fusion_hidden_size=16,
        bottleneck_features=16, num_relative_features=8, bin_embedding_dim=16, num_attractors=[4, 2, 2, 2],
    )  # fmt: skip
    return ZoeDepthForDepthEstimation(config), ZoeDepthImageProcessorPil(size={"height": 64, "width": 64})


def dpt() -> tuple[Any, Any]:
    from transformers import DPTConfig, DPTForDepthEstimation

    config = DPTConfig(
        hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=70,
        patch_size=14, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 16, 32, 32],
        fusion_hidden_size=16, is_hybrid=False,
    )  # fmt: skip
    return DPTForDepthEstimation(config), _dpt_processor(keep_aspect_ratio=False)


def depth_anything() -> tuple[Any, Any]:
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation

    config = DepthAnythingConfig(
        backbone_config=DINO, reassemble_hidden_size=32, neck_hidden_sizes=[8, 16, 32, 32], fusion_hidden_size=16,
        head_hidden_size=8, depth_estimation_type="metric", max_depth=20,
    )  # fmt: skip
    return DepthAnythingForDepthEstimation(config), _dpt_processor()


def prompt_depth_anything() -> tuple[Any, Any]:
    from transformers import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation
    from transformers.models.prompt_depth_anything.image_processing_pil_prompt_depth_anything import (
        PromptDepthAnythingImageProcessorPil,
    )

    config = PromptDepthAnythingConfig(
        backbone_config=DINO, reassemble_hidden_size=32, neck_hidden_sizes=[8, 16, 32, 32], fusion_hidden_size=16,
        head_hidden_size=8, depth_estimation_type="relative",
    )  # fmt: skip
    size = {"height": 70, "width": 70}
    processor = PromptDepthAnythingImageProcessorPil(
        size=size, keep_aspect_ratio=True, ensure_multiple_of=14, **NORMALISED
    )
    return PromptDepthAnythingForDepthEstimation(config), processor


MAKERS: dict[str, tuple[Callable[[], tuple[Any, Any]], DepthKind]] = {
    "depth_anything": (depth_anything, "metric"),
    "dpt": (dpt, "relative"),
    "glpn": (glpn, "metric"),
    "prompt_depth_anything": (prompt_depth_anything, "relative"),
    "zoedepth": (zoedepth, "metric"),
}
NO_RANDOM_CHECKPOINT = {
    "depth_pro",  # tested separately below
    "chmv2",  # refused: it estimates heights of trees
    "tipsv2_dpt",  # its only processor needs torchvision
}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            torch.manual_seed(2)
            model, processor = MAKERS[kind][0]()
            made[kind] = tmp_path_factory.mktemp(kind)
            model.save_pretrained(made[kind])
            processor.save_pretrained(made[kind])
        return made[kind]

    return make


def options(**values: Any) -> RunOptions:
    return RunOptions(device="cpu", **values)


@pytest.mark.parametrize("shows", [True, False])
def test_the_library_shows_its_progress_as_before(shows: bool, tmp_path: Path) -> None:
    """A program may use transformers for other models, too."""
    from transformers.utils import logging

    (logging.enable_progress_bar if shows else logging.disable_progress_bar)()
    try:
        with with_transformers._as_one_sentence(Snapshot(tmp_path)):
            assert not logging.is_progress_bar_enabled()
        assert logging.is_progress_bar_enabled() == shows
    finally:
        logging.enable_progress_bar()


def test_every_network_of_the_installed_transformers_is_known() -> None:
    """A newer transformers may bring a class whose kind of depth has to be looked up: then this test asks for it."""
    assert set(with_transformers.supported()) == set(MAKERS) | NO_RANDOM_CHECKPOINT


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("size", [(160, 120), (90, 200)])
def test_the_result_is_that_of_the_class_and_its_processor(
    kind: str, size: tuple[int, int], checkpoint: Callable[[str], Path], journal: KeepingJournal
) -> None:
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    folder, gives = checkpoint(kind), MAKERS[kind][1]
    photo = noise_photo(width=size[0], height=size[1])
    stated = gives if kind == "dpt" else None
    estimator = registry.create(f"hf:{folder}", options(backend="transformers", depth_kind=stated))
    result = estimator.estimate(photo, focal_px=None, journal=journal)

    model = AutoModelForDepthEstimation.from_pretrained(folder).eval()
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    inputs = processor(Image.fromarray(photo.rgb), return_tensors="pt")
    with torch.inference_mode():
        outputs = model(pixel_values=inputs["pixel_values"])
    expected = outputs.predicted_depth[:, None]
    if kind == "zoedepth":
        # As its post_process_depth_estimation, which needs torchvision.
        down, across = (int(np.sqrt(side / 2) * 3) for side in (photo.height, photo.width))
        padded = (photo.height + 2 * down, photo.width + 2 * across)
        expected = torch.nn.functional.interpolate(expected, padded, mode="bilinear")
        expected = expected[:, :, down:-down, across:-across]
    expected = torch.nn.functional.interpolate(expected, (photo.height, photo.width), mode="bilinear")

    assert estimator.gives == gives and result.details["backend"] == "transformers"
    if isinstance(result.depth, MetricDepth):
        values, valid = result.depth.z_m, result.depth.valid
    else:
        assert isinstance(result.depth, RelativeDepth)
        values, valid = result.depth.inverse, result.depth.valid
    assert valid.mean() > 0.5
    np.testing.assert_allclose(values[valid], expected[0, 0].numpy()[valid], rtol=1e-4, atol=1e-5)


INPUT_OF_100_PX = {
    "depth_anything": (126, 98),
    "dpt": (98, 98),
    "glpn": (128, 96),
    "prompt_depth_anything": (126, 98),
    "zoedepth": (117, 96),
}
"""Width and height for a photo of 200 x 160 px: by each processor's own rules for its proportions and patches."""


@pytest.mark.parametrize("kind", MAKERS)
def test_the_processing_size_is_that_of_the_input(
    kind: str, checkpoint: Callable[[str], Path], journal: KeepingJournal
) -> None:
    photo = noise_photo(width=200, height=160)
    stated = MAKERS[kind][1] if kind == "dpt" else None
    results = []
    for size in (None, 100):
        run = options(backend="transformers", depth_kind=stated, processing_size=size)
        results.append(
            registry.create(f"hf:{checkpoint(kind)}", run).estimate(photo, focal_px=None, journal=journal)
        )
    own, asked = ((each.details["processing_width"], each.details["processing_height"]) for each in results)
    assert asked == INPUT_OF_100_PX[kind] != own
    assert results[1].depth.valid.shape == (160, 200) and results[1].depth.valid.mean() > 0.5


def test_a_processing_size_that_the_network_cannot_do_is_one_sentence(
    checkpoint: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, journal: KeepingJournal
) -> None:
    from transformers import GLPNForDepthEstimation

    def refuse(self: Any, pixel_values: Any) -> None:
        raise ValueError(f"the input must have 480 rows, got {pixel_values.shape[2]}")

    monkeypatch.setattr(GLPNForDepthEstimation, "forward", refuse)
    estimator = registry.create(f"hf:{checkpoint('glpn')}", options(processing_size=64))
    with pytest.raises(
        ModelUnavailable, match=r"with --processing-size 64 \(.*480 rows.* Omit --processing-size"
    ):
        estimator.estimate(noise_photo(width=200, height=160), focal_px=None, journal=journal)


@pytest.mark.parametrize("known_focal", [300.0, None])
def test_both_backends_give_the_same_depth_pro(
    known_focal: float | None, depthpro_folder: Path, journal: KeepingJournal
) -> None:
    photo = noise_photo(width=160, height=120)
    fast, library = (
        registry.create(f"hf:{depthpro_folder}", options(backend=backend)).estimate(
            photo, focal_px=known_focal, journal=journal
        )
        for backend in ("fast", "transformers")
    )
    assert fast.details["backend"] == "fast" and library.details["backend"] == "transformers"
    assert library.focal_used_px == pytest.approx(fast.focal_used_px, rel=1e-4)
    assert (library.focal_px is None) == (known_focal is not None)
    assert isinstance(fast.depth, MetricDepth) and isinstance(library.depth, MetricDepth)
    np.testing.assert_allclose(library.depth.z_m, fast.depth.z_m, rtol=1e-3)


def test_both_backends_give_the_same_depth_anything(tmp_path: Path, journal: KeepingJournal) -> None:
    folder = save_depth_anything(tmp_path, depth_estimation_type="relative")
    _dpt_processor().save_pretrained(folder)
    photo = noise_photo(width=160, height=120)
    fast, library = (
        registry.create(f"hf:{folder}", options(backend=backend, processing_size=70)).estimate(
            photo, focal_px=None, journal=journal
        )
        for backend in ("auto", "transformers")
    )
    assert fast.details["backend"] == "fast" and library.details["backend"] == "transformers"
    assert isinstance(fast.depth, RelativeDepth) and isinstance(library.depth, RelativeDepth)
    np.testing.assert_allclose(library.depth.inverse, fast.depth.inverse, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({}, "config.json does not state which. Add --depth-kind"),
        ({"backend": "fast"}, "no built-in network for model_type dpt"),
        (
            {"precision": "int8", "depth_kind": "relative"},
            "--precision int8 exists in recon's own networks only",
        ),
    ],
)
def test_what_is_asked_of_a_checkpoint_must_be_possible(
    run: dict[str, Any], expected: str, checkpoint: Callable[[str], Path]
) -> None:
    with pytest.raises(ModelUnavailable, match=expected):
        registry.create(f"hf:{checkpoint('dpt')}", options(**run))


def test_a_stated_kind_must_not_contradict_the_checkpoint(checkpoint: Callable[[str], Path]) -> None:
    with pytest.raises(ModelUnavailable, match=r"gives metric depth, by its config\.json; omit --depth-kind"):
        registry.create(f"hf:{checkpoint('glpn')}", options(depth_kind="relative"))


def test_the_stated_kind_is_taken_where_nothing_else_says_it(checkpoint: Callable[[str], Path]) -> None:
    assert registry.create(f"hf:{checkpoint('dpt')}", options(depth_kind="metric")).gives == "metric"


def test_heights_of_trees_are_not_depth() -> None:
    with pytest.raises(ModelUnavailable, match="height of trees in pictures from above, not depth"):
        with_transformers.depth_kind("hf:x", {"model_type": "chmv2"}, None)


def test_an_unknown_network_is_refused_with_the_list_of_known_ones(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ModelUnavailable, match=r"unsupported model_type llama .* depth_pro, dpt, glpn"):
        registry.create(f"hf:{tmp_path}", options())


def _copy(folder: Path, to: Path) -> Path:
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


def _without_a_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def _of_other_sizes(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "decoder_hidden_size": 24}))


def _of_another_processor(folder: Path) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text(
        json.dumps({"image_processor_type": "DPTImageProcessor", "size": {"height": 0, "width": 0}})
    )


@pytest.mark.parametrize("damage", [_without_a_weight, _cut_off, _of_other_sizes, _of_another_processor])
def test_a_damaged_checkpoint_is_one_sentence(
    damage: Callable[[Path], None], tmp_path: Path, checkpoint: Callable[[str], Path], journal: KeepingJournal
) -> None:
    folder = _copy(checkpoint("glpn"), tmp_path)
    damage(folder)
    estimator = registry.create(f"hf:{folder}", options())
    with pytest.raises(ModelUnavailable, match="again, or choose another one") as caught:
        estimator.estimate(noise_photo(width=64, height=64), focal_px=None, journal=journal)
    assert "\n" not in str(caught.value)


def test_without_a_description_of_the_input_it_says_which_file_is_missing(
    tmp_path: Path, checkpoint: Callable[[str], Path], journal: KeepingJournal
) -> None:
    folder = _copy(checkpoint("glpn"), tmp_path)
    (folder / "preprocessor_config.json").unlink()
    estimator = registry.create(f"hf:{folder}", options())
    with pytest.raises(ModelUnavailable, match=r"has no preprocessor_config.json.* --backend fast"):
        estimator.estimate(noise_photo(width=64, height=64), focal_px=None, journal=journal)
