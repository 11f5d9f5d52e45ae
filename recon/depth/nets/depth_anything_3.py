"""Depth Anything 3's network for one photo (Lin et al., arXiv:2511.10647), for inference.

DINOv2, the decoder of Depth Anything V2, and a head each for depth and sky. Weight names as in Depth Anything V2's
network (``depth_anything.py``); ``renamed`` maps those of the published file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as nnf

from recon.depth.nets import dinov2_names
from recon.depth.nets.depth_anything import FusionLayer, Reassemble, fuse
from recon.depth.nets.residual import channels_last
from recon.depth.nets.vit import DINOV2_SIZES, POSITION_OFFSET, Vit, VitConfig, check_sizes, dinov2_config
from recon.strict_json import as_kind, as_object, known_fields, shown

_LAYER_NORM_EPS = 1e-5
_SCALES = (4, 2, 1, 0.5)
"""Sizes of the decoder's levels over that of the grid of patches."""


class Outputs(NamedTuple):
    """Output of the network, maps (1, h, w) float32 of the input's size."""

    depth: torch.Tensor
    """Depth for a camera of a certain focal length; see ``recon.depth.depth_anything_3``."""
    sky: torch.Tensor
    """0 or more, larger where sky is likelier."""


@dataclass(frozen=True)
class Any3Config:
    """Sizes; the defaults are those of DA3METRIC-LARGE (``da3metric-large.yaml`` of the authors)."""

    name: str = "vitl"
    out_layers: tuple[int, ...] = (4, 11, 17, 23)
    """Layers whose output tokens are used, counted from 0."""
    features: int = 256
    out_channels: tuple[int, ...] = (256, 512, 1024, 1024)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Any3Config":
        """From a config.json, whose part ``config`` may hold other sizes.

        Raises:
            ValueError: The configuration is not supported.
        """
        stated = as_object(config.get("config") or {}, "config")
        parts = {part: as_object(stated.get(part) or {}, part) for part in ("net", "head")}
        names = {"net": ("name", "out_layers"), "head": ("features", "out_channels")}
        own = {name: parts[part][name] for part in parts for name in names[part] if name in parts[part]}
        made = as_kind(cls, known_fields(cls, own))
        if made.name not in DINOV2_SIZES:
            raise ValueError(f"the encoder must be one of {', '.join(DINOV2_SIZES)}, got {shown(made.name)}")
        if not len(made.out_layers) == len(made.out_channels) == len(_SCALES):
            raise ValueError(
                f"expected {len(_SCALES)} levels: {len(made.out_layers)} layers, {len(made.out_channels)} widths"
            )
        if (
            sorted(set(made.out_layers)) != list(made.out_layers)
            or made.out_layers[-1] >= made.encoder.num_hidden_layers
        ):
            raise ValueError(f"the encoder has no layers {made.out_layers} in this order")
        check_sizes(made)
        return made

    @property
    def encoder(self) -> VitConfig:
        """The encoder's sizes."""
        return dinov2_config(self.name, layer_norm_eps=_LAYER_NORM_EPS)


class DepthAnything3Net(nn.Module):
    """The network; call ``simplify`` after loading the weights."""

    def __init__(self, config: Any3Config) -> None:
        """Takes the configuration."""
        super().__init__()
        self.config = config
        encoder = config.encoder
        self.patch_size = encoder.patch_size
        self.backbone = Vit(encoder, hold=True, position_offset=POSITION_OFFSET)
        self.neck: Any = nn.Module()
        self.neck.reassemble = nn.ModuleList(
            Reassemble(encoder.hidden_size, size, scale)
            for size, scale in zip(config.out_channels, _SCALES, strict=True)
        )
        channels = config.features
        self.neck.convs = nn.ModuleList(
            nn.Conv2d(size, channels, 3, padding=1, bias=False) for size in config.out_channels
        )
        self.neck.fusion = nn.ModuleList(FusionLayer(channels, coarsest=i == 0) for i in range(len(_SCALES)))
        self.head: Any = nn.Module()
        self.head.shared = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.head.depth, self.head.sky = (
            nn.Sequential(nn.Conv2d(channels // 2, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 1, 1))
            for _ in range(2)
        )

    def simplify(self) -> "DepthAnything3Net":
        """Converts all but the encoder to float32, in the fastest memory layout."""
        for part in (self.neck, self.head):
            part.float()
            channels_last(part)
        return self

    def forward(self, pixels: torch.Tensor) -> Outputs:
        """Runs it on (1, 3, h, w), normalised, multiples of the patch, in the number format to compute in."""
        rows, columns = (side // self.patch_size for side in pixels.shape[2:])
        levels: list[torch.Tensor] = []

        def tap(done: int, hidden: torch.Tensor) -> None:
            if done - 1 in self.config.out_layers:
                tokens = self.backbone.normalised(hidden)[:, 1:]
                taken = tokens.unflatten(1, (rows, columns)).permute(0, 3, 1, 2).to(torch.float32)
                at = len(levels)
                levels.append(self.neck.convs[at](self.neck.reassemble[at](taken)))

        self.backbone(pixels, tap, layers=self.config.out_layers[-1] + 1)
        shared = self.head.shared(fuse(self.neck.fusion, levels)[-1])
        shared = nnf.interpolate(shared, size=tuple(pixels.shape[2:]), mode="bilinear", align_corners=True)
        return Outputs(self.head.depth(shared).exp()[:, 0], self.head.sky(shared).relu()[:, 0])


_ENCODER = re.compile(r"^(?:model\.)?backbone\.pretrained\.")
_NAMES = (
    (r"^(model\.)?head\.projects\.(\d)\.", r"neck.reassemble.\2.projection."),
    (r"^(model\.)?head\.resize_layers\.(\d)\.", r"neck.reassemble.\2.resize."),
    (r"^(model\.)?head\.scratch\.output_conv1\.", "head.shared."),
    (r"^(model\.)?head\.scratch\.output_conv2\.", "head.depth."),
    (r"^(model\.)?head\.scratch\.sky_output_conv2\.", "head.sky."),
    (r"\.resConfUnit([12])\.conv([12])\.", r".residual_layer\1.convolution\2."),
    (r"\.out_conv\.", ".projection."),
)


def renamed(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of the published file under the names of our network; a joint query, key and value is split.

    Raises:
        ValueError: A joint tensor does not divide into three.
    """
    ours: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if prefix := _ENCODER.match(name):
            inside = dinov2_names.renamed(name[prefix.end() :], tensor)
            ours |= {f"backbone.{key}": value for key, value in inside.items()}
            continue
        # Levels are counted from 1, the finest; ours from the coarsest.
        name = re.sub(
            r"^(model\.)?head\.scratch\.layer(\d)_rn\.", lambda m: f"neck.convs.{int(m[2]) - 1}.", name
        )
        name = re.sub(
            r"^(model\.)?head\.scratch\.refinenet(\d)\.", lambda m: f"neck.fusion.{4 - int(m[2])}.", name
        )
        for pattern, replacement in _NAMES:
            name = re.sub(pattern, replacement, name)
        ours[name] = tensor
    return ours
