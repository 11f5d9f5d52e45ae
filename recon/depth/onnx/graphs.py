"""Networks as they are exported: in torch, with fixed input and output."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recon.depth import depth_anything, depth_pro, registry
from recon.depth.hub import checkpoint_cache, download
from recon.depth.nets.preview import Camera
from recon.depth.nets.preview_look import Weights, read_weights, size_for, size_of_closer
from recon.depth.onnx.graph_info import GraphInfo
from recon.depth.with_transformers import depth_kind, load_model
from recon.errors import ModelUnavailable
from recon.estimator_names import DEPTH_PRO, PREVIEW
from recon.journal import Journal
from recon.provenance import without_folder

_ASPECT = 4 / 3
"""Of photos; others are padded."""
_PREVIEW_MULTIPLE = 32
_EXPORTED = ("dav2-", DEPTH_PRO)
"""How the names of models begin that can be exported, in addition to preview."""
_MOST_PIXELS = 1792 * 1344
"""Of an input: exported attention holds a number for each pair of patches and head, here 3.6 GB in DAv2 small and
9.7 GB in DAv2 large."""
_FOCAL_OVER_WIDTH = 0.8
"""For the check of an export."""
Size = tuple[int, int]


@dataclass(frozen=True)
class Graph:
    """A network to export."""

    net: nn.Module
    """In evaluation mode; returns a tuple."""
    info: GraphInfo
    inputs: tuple[str, ...]
    """Names; the first is the picture, the second its larger copy if there is one."""
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    """What a difference of each output is in."""
    others: tuple[NDArray[np.float32], ...] = ()
    """Example values of the inputs after the pictures."""
    larger: Size | None = None
    """(width, height) of a larger copy of the picture, px."""


class _DepthAnything(nn.Module):
    def __init__(self, net: Any, width: int, height: int) -> None:
        super().__init__()
        self.net = net
        # The size is fixed, and so are the positions: Core ML has no bicubic interpolation.
        embeddings = net.backbone.embeddings
        patch_height, patch_width = embeddings.patch_embeddings.patch_size
        tokens = 1 + (height // patch_height) * (width // patch_width)
        channels = embeddings.position_embeddings.shape[2]
        with torch.no_grad():
            positions = embeddings.interpolate_pos_encoding(torch.empty(1, tokens, channels), height, width)
        embeddings.position_embeddings = nn.Parameter(positions.clone(), requires_grad=False)
        embeddings.interpolate_pos_encoding = lambda *_: embeddings.position_embeddings

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        return (self.net(pixel_values=pixels).predicted_depth,)


class _DepthPro(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        result = self.net(pixel_values=pixels)
        if result.field_of_view is None:
            return (result.predicted_depth,)
        return result.predicted_depth, result.field_of_view


class _Preview(nn.Module):
    """The network on the photo and its mirror image, and on a larger copy, see ``preview_look.look``."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor, close: Tensor, focal: Tensor, known: Tensor) -> tuple[Tensor, ...]:
        both = torch.cat([pixels, pixels.flip(3)])
        return (*self._maps(both, focal, known), *self._maps(close, focal, known))

    def _maps(self, pictures: Tensor, focal: Tensor, known: Tensor) -> tuple[Tensor, ...]:
        n, _, rows, columns = pictures.shape
        half = torch.full_like(focal.expand(n), 0.5)
        found = self.net(pictures, Camera(focal.expand(n), half, half * (rows / columns), known.expand(n)))
        return found.log_inverse, torch.sigmoid(found.sky_logit), found.variance


def graph_of(name: str, size: Size | int | None, *, offline: bool, journal: Journal) -> Graph:
    """The network of a model.

    Args:
        name: ``preview``, a Depth Anything V2, Depth Pro, or an ``hf:`` checkpoint of the latter two.
        size: (width, height) of the input, px, or its shorter side at 4:3; None: the model's own.
        offline: Download no weights.
        journal: Receives the progress of a download.

    Raises:
        ModelUnavailable: The model cannot be exported, its weights cannot be had, or the size does not fit.
    """
    _check_not_huge(name, size)  # before a download
    if name == PREVIEW:
        return _with_licence(_preview(size), name)
    source = registry.source_of(name)
    if source is None or not name.startswith(("hf:", *_EXPORTED)):
        raise ModelUnavailable(_others(name))  # before a download
    snapshot = download.obtain(source, name=name, offline=offline, journal=journal)
    config = checkpoint_cache.read_config(snapshot)
    build = _BUILDERS.get(str(config.get("model_type")))
    if build is None:
        raise ModelUnavailable(_others(name))
    graph = build(name, size, config, load_model(snapshot))
    return _with_licence(replace(graph, info=replace(graph.info, revision=snapshot.revision)), name)


def _others(name: str) -> str:
    return (
        f"{name} cannot be exported: preview, Depth Anything V2 (dav2-...) and Depth Pro can, and hf: checkpoints of "
        "the latter two."
    )


def _with_licence(graph: Graph, name: str) -> Graph:
    licence, commercial = registry.licence_of(name)
    # Files are passed on: no folder of this machine.
    info = replace(graph.info, model=without_folder(name), licence=licence, commercial=commercial)
    return replace(graph, info=info)


def _check_not_huge(name: str, size: Size | int | None) -> None:
    if isinstance(size, int):
        size = (round(size * _ASPECT), size)
    if size is not None and size[0] * size[1] > _MOST_PIXELS:
        raise ModelUnavailable(
            f"{name}: --size {size[0]}x{size[1]} is too large: an exported network's memory grows with the square of "
            f"its pixels, and gets {_MOST_PIXELS / 1e6:.1f} megapixels at most, such as 1792x1344."
        )


def _chosen(size: Size | int | None, own: int, multiple: int, name: str) -> Size:
    if size is None:
        size = own
    if isinstance(size, int):
        size = (round(size * _ASPECT / multiple) * multiple, size)
    if min(size) < multiple or any(side % multiple for side in size):
        raise ModelUnavailable(
            f"{name}: --size {size[0]}x{size[1]} does not fit: both sides must be multiples of {multiple} px."
        )
    return size


def _preview(size: Size | int | None) -> Graph:
    with as_file(files("recon.depth") / "preview.safetensors") as path:
        weights: Weights = read_weights(path)
    width, height = size_for(_ASPECT, weights.pixels)
    if size is not None:
        width, height = _chosen(size, height, _PREVIEW_MULTIPLE, PREVIEW)
    info = GraphInfo(
        model=PREVIEW,
        output="preview",
        width=width,
        height=height,
        resize="area",
        fit="pad",
        mean=(127 / 255,) * 3,
        deviation=(128 / 255,) * 3,
        revision=f"{weights.samples} samples",
        sigma_factor=weights.sigma_factor,
        sigma_power=weights.sigma_power,
        aspect=_ASPECT if size is None else None,
    )
    return Graph(
        _Preview(weights.net).eval(),
        info,
        ("pixels", "close", "focal", "known"),
        ("log_inverse", "sky", "variance", "close_log_inverse", "close_sky", "close_variance"),
        ("of log depth (0.01: 1 %)", "of probability", "of variance") * 2,
        (np.array([_FOCAL_OVER_WIDTH], np.float32), np.ones(1, np.float32)),
        size_of_closer(info.aspect or width / height, width * height),
    )


def _any(name: str, size: Size | int | None, config: Mapping[str, Any], net: nn.Module) -> Graph:
    kind: Literal["relative", "metric"] = depth_kind(name, config, None)
    patch = int(net.config.patch_size)  # type: ignore[union-attr, arg-type]
    width, height = _chosen(size, depth_anything.PROCESSING_SIZE_PX // patch * patch, patch, name)
    mean, deviation = (tuple(map(float, each)) for each in (depth_anything.MEAN, depth_anything.DEVIATION))
    info = GraphInfo(
        model=name,
        output=kind,
        width=width,
        height=height,
        resize="bicubic",
        fit="pad",
        mean=mean,  # type: ignore[arg-type]
        deviation=deviation,  # type: ignore[arg-type]
        max_depth_m=float(net.config.max_depth) if kind == "metric" else None,  # type: ignore[union-attr, arg-type]
    )
    unit = "m" if kind == "metric" else "of relative inverse depth"
    return Graph(_DepthAnything(net, width, height).eval(), info, ("pixels",), ("depth",), (unit,))


def _pro(name: str, size: Size | int | None, config: Mapping[str, Any], net: nn.Module) -> Graph:
    side = depth_pro.network_size(net.config)
    if size is not None and size not in (side, (side, side)):
        raise ModelUnavailable(f"{name}: its input is always {side}x{side} px; omit --size.")
    info = GraphInfo(
        model=name,
        output="canonical",
        width=side,
        height=side,
        resize="bilinear",
        fit="stretch",
        mean=(0.5,) * 3,
        deviation=(0.5,) * 3,
    )
    has_fov = bool(config.get("use_fov_model"))
    outputs = ("inverse", "fov_deg") if has_fov else ("inverse",)
    units = ("of canonical inverse depth", "degrees") if has_fov else ("of canonical inverse depth",)
    return Graph(_DepthPro(net).eval(), info, ("pixels",), outputs, units)


_BUILDERS: dict[str, Callable[[str, Size | int | None, Mapping[str, Any], Any], Graph]] = {
    "depth_anything": _any,
    "depth_pro": _pro,
}
