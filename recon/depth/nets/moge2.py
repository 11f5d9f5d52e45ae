"""MoGe-2's network (Wang et al., arXiv:2507.02546), for inference: a map of points, a mask, and a scale.

DINOv2, and stacks of convolutions (``conv_stack.py``) on the sum of some of its layers. ``renamed`` maps the weights
of the published file.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

from recon.depth.nets import dinov2_names
from recon.depth.nets.conv_stack import LEVELS, ConvStack, StackConfig
from recon.depth.nets.residual import channels_last
from recon.depth.nets.vit import DINOV2_SIZES, POSITION_OFFSET, Vit, VitConfig, dinov2_config
from recon.strict_json import as_kind, as_object, shown

_BACKBONE = re.compile(r"dinov2_(vit[sbl])14")
_OPTIONAL_HEADS = ("mask_head", "normal_head")
_LARGEST_WIDTH, _MOST_TOKENS = 16384, 100_000
Remap = Literal["linear", "exp", "sinh", "sinh_exp"]


class Outputs(NamedTuple):
    """Output of the network; maps (1, C, h, w) float32 at 16 cells for each patch's side."""

    points: torch.Tensor
    """3 channels, before the remapping (``recon.depth.point_map``)."""
    mask: torch.Tensor | None
    """Logit of having depth; None if the checkpoint has no such head."""
    normals: torch.Tensor | None
    """3 channels, cam frame, of any length; None if the checkpoint has no such head."""
    log_scale: torch.Tensor
    """(1, 1): logarithm of the metres of a unit of the points."""


@dataclass(frozen=True)
class Moge2Config:
    """Sizes, as the published file states them."""

    encoder: VitConfig
    layers: tuple[int, ...]
    """Layers of the encoder whose tokens are used, counted from 0."""
    width: int
    """Channels of the sum of these layers."""
    neck: StackConfig
    points_head: StackConfig
    mask_head: StackConfig | None
    normal_head: StackConfig | None
    scale_dims: tuple[int, ...]
    """Widths of the scale head's layers."""
    remap: Remap
    tokens: tuple[int, int]
    """Fewest and most patches that it was trained on."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Moge2Config":
        """From ``model_config`` of a checkpoint.

        Raises:
            ValueError: The configuration is not supported.
        """
        if isinstance(config.get("encoder"), str):
            raise ValueError("it is a MoGe-1 network, which has no metric scale; take a MoGe-2 one")
        if config.get("refiner") is not None:
            raise ValueError("it is a MoGe-3 network, whose refiner recon does not have; take a MoGe-2 one")
        encoder = as_object(config.get("encoder"), "encoder")
        backbone = _BACKBONE.fullmatch(as_kind(str, encoder.get("backbone"), "encoder.backbone"))
        if backbone is None:
            names = ", ".join(f"dinov2_{name}14" for name in DINOV2_SIZES)
            raise ValueError(f"the encoder must be one of {names}, got {shown(encoder['backbone'])}")
        for head in ("points_head", "scale_head"):
            if config.get(head) is None:
                raise ValueError(f"it has no {head}, so it gives no metres")
        vit = dinov2_config(backbone[1])
        made = cls(
            encoder=vit,
            layers=_layers(encoder.get("intermediate_layers"), vit.num_hidden_layers),
            width=as_kind(int, encoder.get("dim_out"), "encoder.dim_out"),
            neck=StackConfig.of(config.get("neck"), "neck"),
            points_head=StackConfig.of(config["points_head"], "points_head"),
            mask_head=_optional_stack(config, "mask_head"),
            normal_head=_optional_stack(config, "normal_head"),
            scale_dims=as_kind(
                tuple[int, ...], as_object(config["scale_head"], "scale_head").get("dims"), "scale_head.dims"
            ),
            remap=as_kind(Remap, config.get("remap_output", "linear"), "remap_output"),  # type: ignore[arg-type]
            tokens=as_kind(tuple[int, int], config.get("num_tokens_range", (1200, 3600)), "num_tokens_range"),
        )
        made._check()
        return made

    def _check(self) -> None:
        for width in (self.width, *self.scale_dims):
            if not 1 <= width <= _LARGEST_WIDTH:
                raise ValueError(f"a width must be between 1 and {_LARGEST_WIDTH}, got {width}")
        if len(self.scale_dims) < 2 or self.scale_dims[-1] != 1:
            raise ValueError(f"the scale head must end in 1 number, got the widths {self.scale_dims}")
        if not 1 <= self.tokens[0] <= self.tokens[1] <= _MOST_TOKENS:
            raise ValueError(f"num_tokens_range must rise from 1 to {_MOST_TOKENS}, got {self.tokens}")


def _optional_stack(config: Mapping[str, Any], name: str) -> StackConfig | None:
    return None if config.get(name) is None else StackConfig.of(config[name], name)


def _layers(value: Any, count: int) -> tuple[int, ...]:
    """Layers from their numbers, or from how many of the last ones are used."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= count:
        return tuple(range(count - value, count))
    layers = as_kind(tuple[int, ...], value, "encoder.intermediate_layers")
    if not layers or sorted(set(layers)) != list(layers) or not 0 <= layers[0] <= layers[-1] < count:
        raise ValueError(f"the encoder has no layers {layers} in this order")
    return layers


class Moge2Net(nn.Module):
    """The network; call ``simplify`` after loading the weights."""

    aspect = 1.0
    """Width over height of the photo, which its input, in whole patches, only comes close to. Set before each run."""

    def __init__(self, config: Moge2Config) -> None:
        """Takes the configuration."""
        super().__init__()
        self.config = config
        self.patch_size = config.encoder.patch_size
        self.backbone = Vit(config.encoder, hold=True, position_offset=POSITION_OFFSET)
        self.decoder: Any = nn.Module()
        self.decoder.projections = nn.ModuleList(
            nn.Conv2d(config.encoder.hidden_size, config.width, 1) for _ in config.layers
        )
        for name in ("neck", "points_head", *_OPTIONAL_HEADS):
            stack = getattr(config, name)
            self.decoder.add_module(name, None if stack is None else ConvStack(stack))
        dims = config.scale_dims
        layers: list[nn.Module] = []
        for width_in, width_out in itertools.pairwise(dims):
            layers += [nn.Linear(width_in, width_out), nn.ReLU()]
        self.decoder.scale_head = nn.Sequential(*layers[:-1])

    def simplify(self) -> "Moge2Net":
        """Converts all but the encoder to float32, in the fastest memory layout."""
        self.decoder.float()
        channels_last(self.decoder)
        return self

    def forward(self, pixels: torch.Tensor) -> Outputs:
        """Runs it on (1, 3, h, w), normalised, multiples of the patch, in the number format to compute in."""
        rows, columns = (side // self.patch_size for side in pixels.shape[2:])
        projections: list[Any] = list(self.decoder.projections)
        taken: list[torch.Tensor] = []
        first = torch.empty(0)

        def tap(done: int, hidden: torch.Tensor) -> None:
            nonlocal first
            if done - 1 in self.config.layers:
                tokens = self.backbone.normalised(hidden).to(torch.float32)
                first = tokens[:, 0]
                grid = tokens[:, 1:].unflatten(1, (rows, columns)).permute(0, 3, 1, 2)
                taken.append(projections[len(taken)](grid))

        self.backbone(pixels, tap, layers=self.config.layers[-1] + 1)
        features = torch.stack(taken).sum(dim=0)
        levels = [
            view_plane(rows << level, columns << level, self.aspect, device=pixels.device)
            for level in range(LEVELS)
        ]
        levels[0] = torch.cat((features, levels[0]), dim=1)
        shared = self.decoder.neck(levels)
        points = self.decoder.points_head(shared)[-1]
        heads = [getattr(self.decoder, name) for name in _OPTIONAL_HEADS]
        mask, normals = (None if head is None else head(shared)[-1] for head in heads)
        return Outputs(points, mask, normals, self.decoder.scale_head(first))


def view_plane(rows: int, columns: int, aspect: float, device: Any = None) -> torch.Tensor:
    """(1, 2, rows, columns): x and y of the centre of each cell; the corners of the photo are 1 from its centre."""
    spans = (aspect / hypot(1, aspect), 1 / hypot(1, aspect))
    x, y = (
        ((torch.arange(count, dtype=torch.float32, device=device) + 0.5) * (2 / count) - 1) * span
        for count, span in zip((columns, rows), spans, strict=True)
    )
    return torch.stack((x.expand(rows, columns), y[:, None].expand(rows, columns)))[None]


_PREFIX = "encoder.backbone."
_NOT_LEARNED = ("encoder.image_mean", "encoder.image_std")


def renamed(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of the published file under the names of our network.

    Raises:
        ValueError: A joint query, key and value does not divide into three.
    """
    ours: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith(_PREFIX):
            inside = dinov2_names.renamed(name.removeprefix(_PREFIX), tensor)
            ours |= {f"backbone.{key}": value for key, value in inside.items()}
        elif name not in _NOT_LEARNED:
            ours["decoder." + name.replace("encoder.output_projections.", "projections.")] = tensor
    return ours
