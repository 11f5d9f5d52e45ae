"""Depth Pro: metric depth and field of view from one photo (Bochkovskii et al., arXiv:2410.02073).

The network predicts C, inverse depth for a canonical camera whose focal length is the image width, and the horizontal
field of view. With W the photo's width, ``f_px = 0.5 W / tan(0.5 fov)`` and ``z = f_px / (W C)`` (section 3.2).
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite, radians, tan
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from recon.depth import with_transformers
from recon.depth.estimator import ModelCard, RunOptions, check_shape
from recon.depth.hub import checkpoint_cache
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.depth.inference import cuda_graph
from recon.depth.inference.loaded_model import Network
from recon.depth.inference.placement import Placement
from recon.estimator_names import DEPTH_PRO
from recon.journal import Journal
from recon.types import DEFAULT_FOV_DEG, BoolMap, DepthEstimate, FloatMap, Intrinsics, MetricDepth, Photo

if TYPE_CHECKING:
    import torch

SKY_FROM_M = 1000.0
"""Depth beyond this is treated as sky. The network predicts an inverse depth of nearly 0 for sky (its reference code
clamps at 10 km). At 1 km, a change of 0.001 in C changes the depth by half or more, so values are not meaningful.
"""
PLAUSIBLE_FOV_DEG = (1.0, 170.0)
"""A predicted field of view outside this range is a failure of the network."""


class DepthPro:
    """Depth Pro estimator; loads and runs the field-of-view branch only for photos with unknown focal length."""

    gives: Literal["metric"] = "metric"

    def __init__(self, name: str, source: Source, run: RunOptions) -> None:
        """Takes the name that the user gave, the source of the weights, and the run options."""
        self.name = name
        self._library = run.backend == "transformers"
        if self._library:
            with_transformers.refuse_int8(name, run)
        self._network = Network(
            name,
            source,
            run,
            load=load_with_transformers if self._library else load,
            keep_fp32=("head", "fov_model"),
        )
        self._with_fov = False

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates metric depth; a known focal length replaces the predicted one and sets the scale.

        Raises:
            ModelUnavailable: The weights are unavailable or damaged, or do not fit in memory.
            PhotoError: The photo is too narrow.
        """
        check_shape(photo, self.name)
        snapshot = self._network.snapshot(journal)
        has_fov = bool(checkpoint_cache.read_config(snapshot).get("use_fov_model"))
        predict_fov = focal_px is None and has_fov
        # Once loaded, keep the branch: reloading it would cost more time than running it.
        self._with_fov = self._with_fov or predict_fov

        def work(model: Any, placement: Placement) -> tuple[FloatMap, float | None, int]:
            model.use_fov_model = predict_fov
            with journal.stage(f"Running {self.name}{_duration(model, placement)}", total=1.0) as progress:
                # The layers of the patch encoder take three quarters of the time.
                result = predict(model, photo, placement, lambda share: progress(0.75 * share))
                progress(1.0)
            return *result, network_size(model.config)

        canonical, fov_deg, size = self._network.run(work, journal, use_fov_model=self._with_fov)
        model_focal_px, focal_px = focal_lengths(self.name, photo, focal_px, fov_deg, journal)
        depth, sky = metric_depth(canonical, focal_px=focal_px)
        return DepthEstimate(
            depth=depth,
            model=self.name,
            revision=snapshot.revision,
            focal_px=model_focal_px,
            focal_used_px=focal_px,
            sky=sky,
            details={
                **self._network.details(),
                "backend": "transformers" if self._library else "fast",
                "processing_width": size,
                "processing_height": size,
                "fov_deg": fov_deg if fov_deg is not None and isfinite(fov_deg) else None,
                "sky_from_m": SKY_FROM_M,
            },
        )


def load(snapshot: Snapshot, *, use_fov_model: bool) -> Any:
    """Loads the network with the weights of a checkpoint, optionally without the field-of-view branch.

    Raises:
        ModelUnavailable: The checkpoint is of another kind or damaged, or its weights do not match the network.
    """
    from recon.depth.nets import load_weights
    from recon.depth.nets.depth_pro import DepthProNet, ProConfig

    return load_weights.load(
        snapshot,
        kind="depth_pro",
        build=lambda config: DepthProNet(ProConfig.of({**config, "use_fov_model": use_fov_model})),
        skip="fov_model.",
    ).simplify()


def load_with_transformers(snapshot: Snapshot, *, use_fov_model: bool) -> Any:
    """As ``load``, but transformers' own class.

    Its image processor is not used, since it needs torchvision; ``prepare`` gives the same pixels.

    Raises:
        ModelUnavailable: The checkpoint is damaged or not supported, or its weights do not match the network.
    """
    return with_transformers.load_model(snapshot, use_fov_model=use_fov_model)


def prepare(photo: Photo, *, size: int, device: str = "cpu") -> "torch.Tensor":
    """The network's input, (1, 3, size, size) float32 in -1 to 1: the photo resized to a square.

    The same as transformers' DepthProImageProcessor (which needs torchvision): bilinear without antialiasing. Only
    the sampled pixels are converted to floating point, on the network's device.
    """
    import torch

    rgb = torch.tensor(photo.rgb).to(device)
    row, next_row, down = _neighbours(photo.height, size, device)
    column, next_column, across = _neighbours(photo.width, size, device)

    def line(rows: "torch.Tensor") -> "torch.Tensor":
        picked = rgb.index_select(0, rows)
        left, right = (picked.index_select(1, columns).to(torch.float32) for columns in (column, next_column))
        return left.lerp_(right, across[:, None])

    pixels = line(row).lerp_(line(next_row), down[:, None, None])
    return pixels.div_(255).sub_(0.5).div_(0.5).permute(2, 0, 1)[None].contiguous()


def _neighbours(length: int, size: int, device: str) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """For each output pixel, its two neighbouring input pixels and the weight of the second."""
    import torch

    # In float32, to match torch's bilinear resizing exactly.
    at = (torch.arange(size, dtype=torch.float32, device=device) + 0.5) * (length / size) - 0.5
    at.clamp_(min=0)
    first = at.to(torch.int64).clamp_(max=length - 1)
    return first, (first + 1).clamp_(max=length - 1), at - first


def predict(
    model: Any, photo: Photo, placement: Placement, progress: Callable[[float], None] | None = None
) -> tuple[FloatMap, float | None]:
    """Canonical inverse depth (H, W) float32 on the photo's grid, and the field of view in degrees.

    Resizes inverse depth, never depth: at an edge, the mean inverse depth stays between the two surfaces, near the
    closer one.
    """
    import torch

    pixels = prepare(photo, size=network_size(model.config), device=placement.device)
    pixels = pixels.to(placement.dtype)
    if hasattr(model, "simplify"):
        outputs = cuda_graph.run(model, pixels, progress, variant=model.use_fov_model)
    else:  # transformers' own
        outputs = model(pixel_values=pixels)
    resized = torch.nn.functional.interpolate(
        outputs.predicted_depth[:, None].to(torch.float32),
        (photo.height, photo.width),
        mode="bilinear",
        align_corners=False,
    )
    fov = outputs.field_of_view
    return resized[0, 0].cpu().numpy(), None if fov is None else float(fov[0])


def network_size(config: Any) -> int:
    """Side of the network's square input, px: its patches cover the smallest scale exactly (1536 as published)."""
    return round(int(config.patch_size) / min(config.scaled_images_ratios))


def focal_lengths(
    name: str, photo: Photo, known_px: float | None, fov_deg: float | None, journal: Journal
) -> tuple[float | None, float]:
    """The focal length that the model predicts (None if it is known already), and the one to use, px.

    Args:
        name: The model's, for a warning if it predicts none.
        photo: The photo.
        known_px: The known focal length.
        fov_deg: The predicted field of view.
        journal: Receives the warning.
    """
    if known_px is not None:
        return None, known_px
    predicted_px = focal_of_fov(fov_deg, width=photo.width)
    if predicted_px is None:
        predicted = "no field of view" if fov_deg is None else f"a field of view of {fov_deg:.3g} degrees"
        journal.warn(
            "focal",
            f"{name} predicted {predicted}; {DEFAULT_FOV_DEG:g} degrees along the longer side are assumed instead, "
            "so the metric scale is uncertain. Use --focal-px, --focal-35mm or --fov.",
        )
    return predicted_px, Intrinsics.best(None, predicted_px, width=photo.width, height=photo.height).fx


def focal_of_fov(fov_deg: float | None, *, width: int) -> float | None:
    """``f = 0.5 W / tan(0.5 fov)`` in px; None where the field of view cannot be one."""
    low, high = PLAUSIBLE_FOV_DEG
    if fov_deg is None or not isfinite(fov_deg) or not low <= fov_deg <= high:
        return None
    return 0.5 * width / tan(0.5 * radians(fov_deg))


def metric_depth(canonical: FloatMap, *, focal_px: float) -> tuple[MetricDepth, BoolMap]:
    """``z = f / (W C)`` in metres, and the mask of what is farther than SKY_FROM_M.

    Args:
        canonical: (H, W) float32 canonical inverse depth on the photo's grid.
        focal_px: Horizontal focal length, px of the photo.
    """
    canonical_focal = np.float32(focal_px / canonical.shape[1])
    finite = np.isfinite(canonical)
    sky = finite & (canonical * np.float32(SKY_FROM_M) <= canonical_focal)
    valid = finite & ~sky
    z_m = np.divide(canonical_focal, canonical, out=np.zeros_like(canonical), where=valid)
    return MetricDepth(z_m, valid), sky


def _duration(model: Any, placement: Placement) -> str:
    full_size = network_size(model.config) >= 1536
    return " (a minute or two on two CPU cores)" if placement.device == "cpu" and full_size else ""


def _from_config(name: str, source: Source, run: RunOptions, config: Mapping[str, Any]) -> DepthPro:
    return DepthPro(name, source, run)


REPOSITORY = "apple/DepthPro-hf"
CARDS = (
    ModelCard(
        name=DEPTH_PRO,
        gives="metric",
        summary="default model: sharp metric depth and focal length",
        create=partial(DepthPro, DEPTH_PRO, Source(REPOSITORY)),
        licence="Apple ML Research Model licence: research only",
        commercial=False,
        masks_sky=True,
        predicts_focal=True,
        repository=REPOSITORY,
        download_mb=1904,
    ),
)
CHECKPOINTS = {"depth_pro": _from_config}
