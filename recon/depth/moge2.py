"""MoGe-2: metric depth, focal length, normals and a mask of the sky from one photo (Wang et al., arXiv:2507.02546).

The network predicts a map of points up to scale and a shift along the optical axis, and a metric scale. Focal length
and shift follow from the map (``point_map.py``); a known focal length leaves only the shift to be solved for.
"""

from collections.abc import Mapping
from functools import partial
from math import atan, degrees, sqrt
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from recon.depth import point_map
from recon.depth.depth_anything import DEVIATION, MEAN
from recon.depth.depth_pro import PLAUSIBLE_FOV_DEG
from recon.depth.estimator import ModelCard, RunOptions
from recon.depth.hub import torch_file
from recon.depth.hub.checkpoint_cache import TORCH_KIND, Snapshot, Source
from recon.depth.inference import cuda_graph
from recon.depth.inference.loaded_model import Network
from recon.depth.inference.placement import Placement
from recon.journal import Journal
from recon.types import DEFAULT_FOV_DEG, BoolMap, DepthEstimate, Intrinsics, MetricDepth, Photo

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


_LEAST_LENGTH = 1e-12
"""A shorter vector has no direction, as the authors have it."""


class Prediction(NamedTuple):
    """The network's output on the photo's grid."""

    points: "NDArray[np.float32]"
    """(H, W, 3): in an unknown unit, and up to a shift of z."""
    seen: BoolMap
    """(H, W): False for the sky and what else has no depth."""
    normals: "NDArray[np.float32] | None"
    """(H, W, 3): unit vectors, cam frame; None if the checkpoint predicts none."""
    scale: float
    """Metres of a unit of the points."""
    size: tuple[int, int]
    """Width and height of the network's input, px."""


class Moge2:
    """Estimator for MoGe-2."""

    gives: Literal["metric"] = "metric"

    def __init__(self, name: str, source: Source, run: RunOptions) -> None:
        """Takes the name that the user gave, the source of the weights, and the run options."""
        self.name = name
        self._size_px = run.processing_size
        self._network = Network(name, source, run, load=load, keep_fp32=("decoder",))

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates metric depth; a known focal length replaces the network's and changes the shift of the depth.

        Raises:
            ModelUnavailable: The weights are unavailable or damaged, or do not fit in memory.
            PhotoError: The photo is too narrow.
        """
        snapshot, predicted = self._network.predict(
            photo, lambda model, placement: predict(model, photo, placement, self._size_px), journal
        )
        points, seen, normals, scale, (width, height) = predicted
        view = point_map.solve(points, seen, focal_px=focal_px)
        model_focal_px = None if focal_px else self._plausible(view.focal_px, photo, journal)
        focal = focal_px or model_focal_px
        if focal is None:
            focal = Intrinsics.best(None, None, width=photo.width, height=photo.height).fx
            view = point_map.solve(points, seen, focal_px=focal)
        z_m = point_map.depth_along_axis(points[..., 2], view, scale)
        valid = seen & np.isfinite(z_m) & (z_m > 0)
        return DepthEstimate(
            depth=MetricDepth(np.where(valid, z_m, np.float32(0)), valid, normals=normals),
            model=self.name,
            revision=snapshot.revision,
            focal_px=model_focal_px,
            focal_used_px=focal,
            sky=~seen,
            details={
                **self._network.details(),
                "backend": "fast",
                "processing_width": width,
                "processing_height": height,
                "uses_focal": True,
            },
        )

    def _plausible(self, focal_px: float | None, photo: Photo, journal: Journal) -> float | None:
        """The focal length, if it is that of a camera; otherwise None and a warning."""
        low, high = PLAUSIBLE_FOV_DEG
        if focal_px is not None and focal_px > 0:
            fov_deg = degrees(2 * atan(0.5 * photo.width / focal_px))
            if low <= fov_deg <= high:
                return focal_px
        journal.warn(
            "focal",
            f"{self.name} predicted no plausible focal length; {DEFAULT_FOV_DEG:g} degrees along the longer side are "
            "assumed instead, so the depth is uncertain. Use --focal-px, --focal-35mm or --fov.",
        )
        return None


def load(snapshot: Snapshot) -> Any:
    """Loads the network with the weights of a checkpoint.

    Raises:
        ModelUnavailable: The checkpoint is of another kind or damaged, or its weights do not match the network.
    """
    from recon.depth.nets import load_weights
    from recon.depth.nets.moge2 import Moge2Config, Moge2Net, renamed

    return load_weights.load(
        snapshot,
        kind=TORCH_KIND,
        build=lambda config: Moge2Net(Moge2Config.of(config)),
        renamed=renamed,
    ).simplify()


def grid_of(photo: Photo, size_px: int | None, *, most_tokens: int, patch: int) -> tuple[int, int]:
    """Columns and rows of patches of the network's input: as near to the photo's aspect ratio as they come.

    Args:
        photo: The photo.
        size_px: Longer side of the input, px; None: as many patches as the network was trained on at most, which is
            the authors' highest level.
        most_tokens: That number.
        patch: Side of a patch, px.
    """
    aspect = photo.width / photo.height
    tokens: float = most_tokens
    if size_px is not None:
        tokens = (size_px / patch) ** 2 / max(aspect, 1 / aspect)
    return max(1, round(sqrt(tokens * aspect))), max(1, round(sqrt(tokens / aspect)))


def prepare(photo: Photo, *, columns: int, rows: int, patch: int, device: str = "cpu") -> "torch.Tensor":
    """The network's input, (1, 3, rows patch, columns patch) float32, normalised: resized bilinearly, antialiased.

    One channel at a time: a large photo in float32 takes four times the memory of the photo.
    """
    import torch

    size = (rows * patch, columns * patch)
    channels = []
    for at in range(3):
        plane = torch.from_numpy(np.ascontiguousarray(photo.rgb[..., at])).to(device)
        plane = plane[None, None].to(torch.float32).div_(255)
        plane = torch.nn.functional.interpolate(
            plane, size, mode="bilinear", align_corners=False, antialias=True
        )
        channels.append(plane.sub_(float(MEAN[at])).div_(float(DEVIATION[at])))
    return torch.cat(channels, dim=1)


def predict(model: Any, photo: Photo, placement: Placement, size_px: int | None) -> Prediction:
    """Runs the network and brings its maps to the photo's grid, bilinearly and before the remapping."""
    patch = int(model.patch_size)
    columns, rows = grid_of(photo, size_px, most_tokens=model.config.tokens[1], patch=patch)
    pixels = prepare(photo, columns=columns, rows=rows, patch=patch, device=placement.device)
    model.aspect = photo.width / photo.height
    outputs = cuda_graph.run(model, pixels.to(placement.dtype), variant=model.aspect)
    raw = _on_photo(outputs.points, photo)
    seen: BoolMap = np.ones((photo.height, photo.width), np.bool_)
    if outputs.mask is not None:
        seen = _on_photo(outputs.mask, photo)[..., 0] > 0
    normals = None if outputs.normals is None else _unit(_on_photo(outputs.normals, photo))
    scale = float(outputs.log_scale.float().exp())
    return Prediction(
        point_map.remapped(raw, model.config.remap), seen, normals, scale, (columns * patch, rows * patch)
    )


def _on_photo(values: "torch.Tensor", photo: Photo) -> "NDArray[np.float32]":
    """(1, C, h, w) as (H, W, C)."""
    import torch

    size = (photo.height, photo.width)
    resized = torch.nn.functional.interpolate(values.float(), size, mode="bilinear", align_corners=False)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).cpu().numpy())


def _unit(vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """(H, W, 3) at length 1, in place; towards the camera where they have no length."""
    length = np.sqrt(np.einsum("...i,...i", vectors, vectors))
    lost = ~(np.isfinite(length) & (length > _LEAST_LENGTH))
    vectors[lost], length[lost] = (0, 0, -1), 1
    vectors /= length[..., None]
    return vectors


def _from_config(name: str, source: Source, run: RunOptions, config: Mapping[str, Any]) -> Moge2:
    return Moge2(name, source, run)


_SIZES_MB = {"vits": 141, "vitb": 419, "vitl": 1324}
"""Size of each model.pt, MB; of the large one: 331 million float32, counted in our network."""


def _card(size: str, speed: str) -> ModelCard:
    repository = f"Ruicheng/moge-2-{size}-normal"
    return ModelCard(
        name=f"moge2-{size}",
        gives="metric",
        summary=f"metric depth, focal length, normals and sky, indoors and outdoors; {speed}",
        create=partial(Moge2, f"moge2-{size}", Source(repository)),
        licence="MIT",
        commercial=True,
        masks_sky=True,
        predicts_normals=True,
        predicts_focal=True,
        repository=repository,
        download_mb=_SIZES_MB[size],
        files=(torch_file.NAME,),
    )


CARDS = (
    _card("vits", "8 times the time of dav2-small"),
    _card("vitb", "slower"),
    _card("vitl", "slow, more detail"),
)
CHECKPOINTS = {TORCH_KIND: _from_config}
