"""Depth Anything V2's network (Yang et al., arXiv:2406.09414), for inference on one photo.

Same results and weight names as transformers' DepthAnythingForDepthEstimation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as nnf

from recon.depth.nets.residual import Residual, channels_last
from recon.depth.nets.vit import Vit, VitConfig, check_sizes
from recon.strict_json import as_kind, as_object, known_fields, shown

_LAYERS: Any = list[int] | None


class Outputs(NamedTuple):
    """Output of the network."""

    predicted_depth: torch.Tensor
    """(1, h, w): relative inverse depth, or metric depth in m; float32."""


@dataclass(frozen=True)
class AnyConfig:
    """The relevant fields of transformers' DepthAnythingConfig, with its defaults."""

    patch_size: int = 14
    reassemble_hidden_size: int = 384
    reassemble_factors: tuple[float, ...] = (4, 2, 1, 0.5)
    neck_hidden_sizes: tuple[int, ...] = (48, 96, 192, 384)
    fusion_hidden_size: int = 64
    head_in_index: int = -1
    head_hidden_size: int = 32
    depth_estimation_type: str = "relative"
    max_depth: float | None = 1
    backbone: VitConfig = VitConfig()
    out_layers: tuple[int, ...] = (12,)
    """Layers whose output tokens are used; 0: before the first layer."""
    apply_layernorm: bool = True

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "AnyConfig":
        """From a config.json.

        Raises:
            ValueError: The configuration is not supported.
        """
        backbone = as_object(config.get("backbone_config") or {}, "backbone_config")
        encoder = VitConfig.of(backbone)
        layers = as_kind(_LAYERS, backbone.get("out_indices"), "out_indices")
        if layers is None and (names := backbone.get("out_features")):
            stages = ["stem", *(f"stage{i + 1}" for i in range(encoder.num_hidden_layers))]
            layers = [stages.index(name) for name in as_kind(list[str], names, "out_features")]
        count = encoder.num_hidden_layers
        set_here = ("backbone", "out_layers", "apply_layernorm")
        own = {key: one for key, one in known_fields(cls, config).items() if key not in set_here}
        made = replace(
            as_kind(cls, own),
            backbone=encoder,
            out_layers=tuple(layer % (count + 1) for layer in layers or [count]),
            apply_layernorm=as_kind(bool, backbone.get("apply_layernorm", True), "apply_layernorm"),
        )
        check_sizes(made)
        if made.patch_size != encoder.patch_size:
            raise ValueError(
                f"the patch sizes of network and encoder differ: {made.patch_size} and {encoder.patch_size}"
            )
        if backbone.get("reshape_hidden_states", True) or len(made.out_layers) != len(made.neck_hidden_sizes):
            raise ValueError("the encoder does not output one set of tokens per decoder level")
        if made.depth_estimation_type not in ("relative", "metric"):
            raise ValueError(f"unknown depth_estimation_type {shown(made.depth_estimation_type)}")
        return made


class DepthAnythingNet(nn.Module):
    """The network; call ``simplify`` after loading the weights."""

    def __init__(self, config: AnyConfig) -> None:
        """Takes the configuration."""
        super().__init__()
        self.config = config
        self.backbone = Vit(config.backbone, hold=True)
        self.neck: Any = nn.Module()
        self.neck.reassemble_stage = nn.Module()
        self.neck.reassemble_stage.layers = nn.ModuleList(
            Reassemble(config.reassemble_hidden_size, size, factor)
            for size, factor in zip(config.neck_hidden_sizes, config.reassemble_factors, strict=True)
        )
        channels = config.fusion_hidden_size
        self.neck.convs = nn.ModuleList(
            nn.Conv2d(size, channels, 3, padding=1, bias=False) for size in config.neck_hidden_sizes
        )
        self.neck.fusion_stage = nn.Module()
        self.neck.fusion_stage.layers = nn.ModuleList(FusionLayer(channels) for _ in config.neck_hidden_sizes)
        self.head = Head(config)

    def simplify(self) -> "DepthAnythingNet":
        """Converts all but the encoder to float32, in the fastest memory layout."""
        for part in (self.neck, self.head):
            part.float()
            channels_last(part)
        return self

    def forward(self, pixel_values: torch.Tensor) -> Outputs:
        """Runs it on (1, 3, h, w), normalised, multiples of the patch, in the number format to compute in."""
        patch = self.config.patch_size
        rows, columns = pixel_values.shape[2] // patch, pixel_values.shape[3] // patch
        taken: dict[int, torch.Tensor] = {}

        def tap(done: int, hidden: torch.Tensor) -> None:
            if done in self.config.out_layers:
                tokens = self.backbone.normalised(hidden) if self.config.apply_layernorm else hidden.clone()
                taken[done] = tokens[:, 1:].unflatten(1, (rows, columns)).permute(0, 3, 1, 2)

        self.backbone(pixel_values, tap, layers=max(self.config.out_layers))
        reassemble = self.neck.reassemble_stage.layers
        # In the order of the encoder's layers, not of the configuration.
        levels = [
            conv(layer(taken[done]))
            for done, layer, conv in zip(sorted(taken), reassemble, self.neck.convs, strict=True)
        ]
        fused = fuse(self.neck.fusion_stage.layers, levels)
        return Outputs(self.head(fused[self.config.head_in_index], (rows * patch, columns * patch)))


def fuse(layers: Any, levels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Fuses the levels from the coarsest to twice the size of the finest; returns the result of each layer."""
    fused: list[torch.Tensor] = []
    for i, layer in enumerate(layers):
        size = levels[-2 - i].shape[2:] if i + 1 < len(levels) else None
        fused.append(layer(fused[-1] if fused else None, levels[-1 - i], size))
    return fused


class Reassemble(nn.Module):
    """Converts the tokens of one layer to a feature map of the decoder."""

    def __init__(self, size: int, channels: int, factor: float) -> None:
        """Takes the channels in and out, and the scale factor of the map."""
        super().__init__()
        self.projection = nn.Conv2d(size, channels, 1)
        self.resize: nn.Module = nn.Identity()
        if factor > 1:
            self.resize = nn.ConvTranspose2d(channels, channels, int(factor), stride=int(factor))
        elif factor < 1:
            self.resize = nn.Conv2d(channels, channels, 3, stride=int(1 / factor), padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(1, size, h, w) to (1, channels, factor h, factor w)."""
        return self.resize(self.projection(x))


class FusionLayer(nn.Module):
    """Adds a level to the coarser ones and resizes the sum to the next finer level."""

    def __init__(self, channels: int, *, coarsest: bool = False) -> None:
        """Takes the channels, and whether this is the coarsest level of a network without weights for its sum."""
        super().__init__()
        self.projection = nn.Conv2d(channels, channels, 1)
        if not coarsest:
            self.residual_layer1 = Residual(channels)
        self.residual_layer2 = Residual(channels)

    def forward(
        self, fused: torch.Tensor | None, level: torch.Tensor, size: Sequence[int] | None
    ) -> torch.Tensor:
        """(1, C, h, w) to (1, C, *size); None: twice the size. ``fused`` is None at the coarsest level."""
        if fused is None:
            x = level
        else:
            if fused.shape != level.shape:
                level = nnf.interpolate(level, size=fused.shape[2:], mode="bilinear", align_corners=False)
            x = fused + self.residual_layer1(level)
        # A 1x1 convolution and resizing commute; before resizing there are fewer pixels.
        x = self.projection(self.residual_layer2(x))
        size = size or [2 * side for side in x.shape[2:]]
        return nnf.interpolate(x, size=tuple(size), mode="bilinear", align_corners=True)


class Head(nn.Module):
    """Converts features to depth."""

    def __init__(self, config: AnyConfig) -> None:
        super().__init__()
        channels, inner = config.fusion_hidden_size, config.head_hidden_size
        self.conv1 = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.conv2 = nn.Conv2d(channels // 2, inner, 3, padding=1)
        self.conv3 = nn.Conv2d(inner, 1, 1)
        self.metric, self.max_depth = config.depth_estimation_type == "metric", config.max_depth

    def forward(self, x: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """(1, C, h, w) to (1, *size)."""
        x = nnf.interpolate(self.conv1(x), size=size, mode="bilinear", align_corners=True)
        x = self.conv3(self.conv2(x).relu_())
        return (x.sigmoid_() if self.metric else x.relu_())[:, 0] * (self.max_depth or 1)
