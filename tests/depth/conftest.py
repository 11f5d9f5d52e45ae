"""What the depth tests share: photos of noise, a journal that keeps the progress, tiny random checkpoints."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_networks import save_depth_anything

from recon.journal import Journal
from recon.types import Photo


class KeepingJournal(Journal):
    """Keeps the stages and what was reported of each."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: dict[str, list[float]] = {}
        self.totals: dict[str, float | None] = {}

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        self.totals[name] = total
        yield self.stages.setdefault(name, []).append

    def warnings(self) -> list[str]:
        return [entry.message for entry in self.entries if entry.kind == "warning"]


@pytest.fixture
def journal() -> KeepingJournal:
    return KeepingJournal()


def noise_photo(*, width: int, height: int, seed: int = 0) -> Photo:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return Photo(np.ascontiguousarray(coarse.repeat(8, 0).repeat(8, 1)[:height, :width]))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Tiny networks are slower on two threads than on one, much slower where the cores have other work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def depthpro_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Depth Pro, 256x256 inside, whose field of view comes out as about 45 degrees."""
    import torch
    from transformers import DepthProConfig, DepthProForDepthEstimation

    encoder: dict[str, Any] = {
        "model_type": "dinov2", "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2,
        "patch_size": 16, "image_size": 64, "mlp_ratio": 2,
    }  # fmt: skip
    config = DepthProConfig(
        patch_size=64, fusion_hidden_size=32, intermediate_hook_ids=[3, 1], intermediate_feature_dims=[32, 32],
        scaled_images_feature_dims=[64, 64, 32], use_fov_model=True, image_model_config=dict(encoder),
        patch_model_config=dict(encoder), fov_model_config=dict(encoder),
    )  # fmt: skip
    torch.manual_seed(0)
    model = DepthProForDepthEstimation(config)
    with torch.no_grad():
        # A random head gives anything: bring it to the order of a room of a few metres, and of a phone's lens.
        model.head.layers[4].weight.mul_(0.0005)
        model.head.layers[4].bias.fill_(0.5)
        model.fov_model.head.layers[-1].bias.fill_(45.0)
    folder = tmp_path_factory.mktemp("depthpro")
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def metric_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("metric")
    return save_depth_anything(folder, depth_estimation_type="metric", max_depth=20)
