"""Depth Anything V2: fast relative depth, or metric depth for rooms or streets (Yang et al., arXiv:2406.09414)."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from recon.depth.estimator import ModelCard, Place, RunOptions
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.depth.inference import cuda_graph
from recon.depth.inference.loaded_model import Network
from recon.depth.inference.placement import Placement
from recon.depth.with_transformers import TransformersDepth, depth_kind
from recon.journal import Journal
from recon.types import DepthEstimate, DepthKind, FloatMap, MetricDepth, Photo, RelativeDepth

if TYPE_CHECKING:
    import torch

PROCESSING_SIZE_PX = 518
"""Side of the training images, px."""
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
"""ImageNet statistics per channel, values from 0 to 1."""
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
"""ImageNet statistics per channel, values from 0 to 1."""


class DepthAnything:
    """Estimator for both kinds: relative inverse depth, or metric depth up to the checkpoint's limit."""

    def __init__(self, name: str, source: Source, gives: DepthKind, run: RunOptions) -> None:
        """Takes the name that the user gave, the source of the weights, the kind of depth, and the run options."""
        self.name = name
        self.gives = gives
        self._size_px = run.processing_size or PROCESSING_SIZE_PX
        self._network = Network(name, source, run, load=load, keep_fp32=("head",))

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth; ignores the focal length, also for the metric checkpoints.

        Raises:
            ModelUnavailable: The weights are unavailable or damaged, or do not fit in memory.
            PhotoError: The photo is too narrow.
        """

        def work(model: Any, placement: Placement) -> tuple[FloatMap, tuple[int, int], float]:
            pixels = prepare(photo, size=self._size_px, multiple=int(model.config.patch_size))
            values = predict(model, pixels, photo, placement)
            return values, (pixels.shape[3], pixels.shape[2]), float(model.config.max_depth or 1)

        snapshot, predicted = self._network.predict(photo, work, journal)
        values, (width, height), max_depth_m = predicted
        details = {
            **self._network.details(),
            "backend": "fast",
            "processing_width": width,
            "processing_height": height,
        }
        depth: MetricDepth | RelativeDepth
        finite = np.isfinite(values)
        if self.gives == "metric":
            depth = MetricDepth(values, finite & (values > 0) & (values < max_depth_m))
            details |= {"max_depth_m": max_depth_m, "uses_focal": False}
        else:
            depth = RelativeDepth(values, finite)
        return DepthEstimate(depth=depth, model=self.name, revision=snapshot.revision, details=details)


def load(snapshot: Snapshot) -> Any:
    """Loads the network with the weights of a checkpoint.

    Raises:
        ModelUnavailable: The checkpoint is of another kind or damaged, or its weights do not match the network.
    """
    from recon.depth.nets import load_weights
    from recon.depth.nets.depth_anything import AnyConfig, DepthAnythingNet

    return load_weights.load(
        snapshot, kind="depth_anything", build=lambda config: DepthAnythingNet(AnyConfig.of(config))
    ).simplify()


def prepare(photo: Photo, *, size: int, multiple: int) -> "torch.Tensor":
    """The network's input, (1, 3, h, w) float32, normalised; the same as transformers' DPTImageProcessor."""
    import torch

    width, height = processing_size(width=photo.width, height=photo.height, size=size, multiple=multiple)
    small = np.asarray(Image.fromarray(photo.rgb).resize((width, height), Image.Resampling.BICUBIC))
    scaled = (small.astype(np.float32) / 255 - MEAN) / DEVIATION
    return torch.from_numpy(scaled).permute(2, 0, 1)[None].contiguous()


def processing_size(*, width: int, height: int, size: int, multiple: int) -> tuple[int, int]:
    """(width, height) of the network's input: keeps the aspect ratio, multiples of the patch size.

    Scales one side to ``size``: the shorter side of an image larger than ``size``, the longer side of a smaller one,
    as in transformers.
    """
    by_width, by_height = size / width, size / height
    scale = by_width if abs(1 - by_width) < abs(1 - by_height) else by_height
    across, down = (max(1, round(scale * side / multiple)) * multiple for side in (width, height))
    return across, down


def predict(model: Any, pixels: "torch.Tensor", photo: Photo, placement: Placement) -> FloatMap:
    """The network's prediction, (H, W) float32, resized bilinearly to the photo's grid."""
    import torch

    outputs = cuda_graph.run(model, pixels.to(placement.device, placement.dtype))
    values = outputs.predicted_depth[:, None].to(torch.float32)
    resized = torch.nn.functional.interpolate(
        values, (photo.height, photo.width), mode="bilinear", align_corners=False
    )
    return resized[0, 0].cpu().numpy()


def _create(
    name: str, source: Source, gives: DepthKind, run: RunOptions
) -> DepthAnything | TransformersDepth:
    network = TransformersDepth if run.backend == "transformers" else DepthAnything
    return network(name, source, gives, run)


def _from_config(
    name: str, source: Source, run: RunOptions, config: Mapping[str, Any]
) -> DepthAnything | TransformersDepth:
    return _create(name, source, depth_kind(name, config, run.depth_kind), run)


SIZES_MB = {"small": 99, "base": 390, "large": 1341}


def _cards() -> Iterator[ModelCard]:
    kinds: tuple[tuple[str, str, DepthKind, str, Place | None], ...] = (
        ("dav2", "Depth-Anything-V2", "relative", "relative depth", None),
        (
            "dav2-metric-indoor",
            "Depth-Anything-V2-Metric-Indoor",
            "metric",
            "metric depth in rooms, up to 20 m",
            "indoor",
        ),
        (
            "dav2-metric-outdoor",
            "Depth-Anything-V2-Metric-Outdoor",
            "metric",
            "metric depth in streets, up to 80 m",
            "outdoor",
        ),
    )
    speeds = {"small": "fast", "base": "medium", "large": "slow, more detail"}
    for prefix, family, gives, what, place in kinds:
        for size, megabytes in SIZES_MB.items():
            name, repository = f"{prefix}-{size}", f"depth-anything/{family}-{size.capitalize()}-hf"
            yield ModelCard(
                name=name,
                gives=gives,
                summary=f"{what}; {speeds[size]}",
                create=partial(_create, name, Source(repository), gives),
                licence="Apache-2.0" if size == "small" else "CC BY-NC 4.0: non-commercial use only",
                commercial=size == "small",
                place=place,
                repository=repository,
                download_mb=megabytes,
            )


CARDS = tuple(_cards())
CHECKPOINTS = {"depth_anything": _from_config}
