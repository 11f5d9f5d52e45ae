"""Depth Anything 3 for one photo: metric or relative depth with a mask of the sky (Lin et al., arXiv:2511.10647).

The metric network estimates depth D for a camera whose focal length at the processing size is 300 px: with ``f_px``
that of the resized photo, ``z = f_px D / 300`` (the authors' README). The other one, "mono", has the same layers and
estimates depth in an unknown unit: ``1/D`` is relative inverse depth.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recon.depth.depth_anything import DEVIATION, MEAN
from recon.depth.estimator import ModelCard, RunOptions
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.depth.inference import cuda_graph
from recon.depth.inference.loaded_model import Network
from recon.depth.inference.placement import Placement
from recon.errors import ModelUnavailable
from recon.journal import Journal
from recon.types import (
    BoolMap,
    DepthEstimate,
    DepthKind,
    FloatMap,
    Intrinsics,
    MetricDepth,
    Photo,
    RelativeDepth,
)

if TYPE_CHECKING:
    import torch

PROCESSING_SIZE_PX = 504
"""Longer side of the network's input, px (``process_res`` of the authors)."""
CANONICAL_FOCAL_PX = 300.0
SKY_FROM = 0.3
"""The sky output from which a pixel is sky (``compute_sky_mask`` of the authors)."""
KINDS: dict[str, DepthKind] = {"da3metric-large": "metric", "da3mono-large": "relative"}
"""``model_name`` of a checkpoint's config.json, and what its depth is."""
_PATCH_PX = 14


class DepthAnything3:
    """Estimator for DA3METRIC-LARGE (metres for a known focal length) and DA3MONO-LARGE (relative)."""

    def __init__(self, name: str, source: Source, gives: DepthKind, run: RunOptions) -> None:
        """Takes the name that the user gave, the source of the weights, the kind of depth, and the run options."""
        self.name = name
        self.gives = gives
        self._size_px = run.processing_size or PROCESSING_SIZE_PX
        self._network = Network(name, source, run, load=load, keep_fp32=("neck", "head"))

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth; for metres without a known focal length, 60 degrees along the longer side set the scale.

        Raises:
            ModelUnavailable: The weights are unavailable or damaged, or do not fit in memory.
            PhotoError: The photo is too narrow.
        """

        def work(model: Any, placement: Placement) -> tuple[FloatMap, FloatMap, tuple[int, int]]:
            small = resized(photo.rgb, self._size_px)
            depth, sky = predict(model, small, photo, placement)
            return depth, sky, (small.shape[1], small.shape[0])

        snapshot, predicted = self._network.predict(photo, work, journal)
        canonical, sky_output, (width, height) = predicted
        sky: BoolMap = sky_output >= SKY_FROM
        depth: MetricDepth | RelativeDepth
        focal = None
        if self.gives == "metric":
            focal = focal_px or Intrinsics.best(None, None, width=photo.width, height=photo.height).fx
            # The mean of both axes, which the rounding to patches stretches a little differently.
            focal_inside_px = focal * (width / photo.width + height / photo.height) / 2
            depth = metric_depth(canonical, sky, focal_inside_px)
        else:
            depth = relative_depth(canonical, sky)
        return DepthEstimate(
            depth=depth,
            model=self.name,
            revision=snapshot.revision,
            focal_used_px=focal,
            sky=sky,
            details={
                **self._network.details(),
                "backend": "fast",
                "processing_width": width,
                "processing_height": height,
                "uses_focal": focal is not None,
            },
        )


def metric_depth(canonical: FloatMap, sky: BoolMap, focal_px: float) -> MetricDepth:
    """Metres from the network's depth (H, W); ``focal_px`` is the focal length at the processing size."""
    z_m = canonical * np.float32(focal_px / CANONICAL_FOCAL_PX)
    valid = np.isfinite(z_m) & (z_m > 0) & ~sky
    return MetricDepth(np.where(valid, z_m, np.float32(0)), valid)


def relative_depth(depth: FloatMap, sky: BoolMap) -> RelativeDepth:
    """Inverse depth from the network's depth (H, W) in an unknown unit."""
    valid = np.isfinite(depth) & (depth > 0) & ~sky
    return RelativeDepth(np.divide(1, depth, out=np.zeros_like(depth), where=valid), valid)


def load(snapshot: Snapshot) -> Any:
    """Loads the network with the weights of a checkpoint.

    Raises:
        ModelUnavailable: The checkpoint is of another kind or damaged, or its weights do not match the network.
    """
    from recon.depth.nets import load_weights
    from recon.depth.nets.depth_anything_3 import Any3Config, DepthAnything3Net, renamed

    return load_weights.load(
        snapshot,
        kind=tuple(KINDS),
        build=lambda config: DepthAnything3Net(Any3Config.of(config)),
        kind_key="model_name",
        renamed=renamed,
    ).simplify()


def resized(rgb: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """The photo (H, W, 3) with its longer side at ``size_px``, then both at the nearest multiple of a patch.

    In two steps and with OpenCV's filters, as the authors do: area averages down, cubic up.
    """
    height, width = rgb.shape[:2]
    scale = size_px / max(width, height)
    first = tuple(max(1, round(side * scale)) for side in (width, height))
    small = _resize(rgb, first[0], first[1], scale > 1)
    across, down = (max(1, (side + _PATCH_PX // 2) // _PATCH_PX) * _PATCH_PX for side in first)
    return _resize(small, across, down, across > first[0] or down > first[1])


def _resize(rgb: NDArray[np.uint8], width: int, height: int, larger: bool) -> NDArray[np.uint8]:
    import cv2

    if rgb.shape[:2] == (height, width):
        return rgb
    filtered = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)
    return np.asarray(filtered, np.uint8)


def predict(
    model: Any, small: NDArray[np.uint8], photo: Photo, placement: Placement
) -> tuple[FloatMap, FloatMap]:
    """Canonical depth and the sky output, (H, W) float32 each, resized bilinearly to the photo's grid."""
    import torch

    scaled = (small.astype(np.float32) / 255 - MEAN) / DEVIATION
    pixels = torch.from_numpy(scaled).permute(2, 0, 1)[None].contiguous()
    outputs = cuda_graph.run(model, pixels.to(placement.device, placement.dtype))

    def on_photo(values: "torch.Tensor") -> FloatMap:
        size = (photo.height, photo.width)
        resized = torch.nn.functional.interpolate(
            values[:, None].float(), size, mode="bilinear", align_corners=False
        )
        return np.asarray(resized[0, 0].cpu().numpy(), np.float32)

    return on_photo(outputs.depth), on_photo(outputs.sky)


def _from_config(name: str, source: Source, run: RunOptions, config: Mapping[str, Any]) -> DepthAnything3:
    gives = KINDS[str(config["model_name"])]
    if run.depth_kind not in (None, gives):
        raise ModelUnavailable(f"{name}: this checkpoint gives {gives} depth; omit --depth-kind.")
    return DepthAnything3(name, source, gives, run)


def _card(name: str, gives: DepthKind, repository: str, summary: str) -> ModelCard:
    return ModelCard(
        name=name,
        gives=gives,
        summary=summary,
        create=partial(DepthAnything3, name, Source(repository), gives),
        licence="Apache-2.0",
        commercial=True,
        masks_sky=True,
        repository=repository,
        download_mb=1337,  # 334 million float32, counted in our network
    )


CARDS = (
    _card(
        "da3-metric-large",
        "metric",
        "depth-anything/DA3METRIC-LARGE",
        "metric depth and sky, indoors and outdoors; needs the focal length",
    ),
    _card(
        "da3-mono-large",
        "relative",
        "depth-anything/DA3MONO-LARGE",
        "relative depth and sky; slow, more detail",
    ),
)
CHECKPOINTS = dict.fromkeys(KINDS, _from_config)
