"""MoGe-2's stack of convolutions (Wang et al., arXiv:2507.02546): levels from coarse to fine, each twice the size of
the one before. The network's neck and its heads are such stacks. Weight names as in the authors' file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from recon.strict_json import as_kind, known_fields

LEVELS = 5
_LARGEST_WIDTH, _MOST_BLOCKS = 16384, 100
"""Far above any published network: a damaged file could ask for 1e9 channels, which take all memory."""
Norm = Literal["none", "layer_norm", "group_norm", "instance_norm"]
Resampler = Literal["conv_transpose", "bilinear", "nearest", "pixel_shuffle"]
Activation = Literal["relu", "leaky_relu", "silu", "elu"]
_ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "silu": nn.SiLU,
    "elu": nn.ELU,
}


@dataclass(frozen=True)
class StackConfig:
    """The arguments of the authors' class, with its defaults; a value that stands alone holds for every level."""

    dim_in: tuple[int | None, ...] | int | None
    """Channels that enter at each level; None: as many as the level has, without a convolution."""
    dim_res_blocks: tuple[int, ...]
    """Channels of each level."""
    dim_out: tuple[int | None, ...] | int | None
    """Channels that leave at each level; None: those of the level, without a convolution."""
    resamplers: tuple[Resampler, ...]
    """What doubles the size between two levels."""
    dim_times_res_block_hidden: int = 1
    num_res_blocks: tuple[int, ...] | int = 1
    res_block_in_norm: Norm = "layer_norm"
    res_block_hidden_norm: Norm = "group_norm"
    activation: Activation = "relu"

    @classmethod
    def of(cls, config: Any, name: str) -> "StackConfig":
        """From the part of a model's configuration of this name.

        Raises:
            ValueError: The configuration is not supported.
        """
        made = as_kind(cls, known_fields(cls, config, name), name)
        if len(made.dim_res_blocks) != LEVELS:
            raise ValueError(f"{name}: expected {LEVELS} levels, got {len(made.dim_res_blocks)}")
        for field in ("dim_in", "dim_out", "num_res_blocks", "resamplers"):
            value = getattr(made, field)
            expected = LEVELS - (field == "resamplers")
            if isinstance(value, tuple) and len(value) != expected:
                raise ValueError(f"{name}.{field}: expected {expected} entries, got {len(value)}")
        widths = (made.dim_in, made.dim_res_blocks, made.dim_out, made.dim_times_res_block_hidden)
        for width in (each for group in widths for each in (group if isinstance(group, tuple) else (group,))):
            if width is not None and not 1 <= width <= _LARGEST_WIDTH:
                raise ValueError(f"{name}: a width must be between 1 and {_LARGEST_WIDTH}, got {width}")
        if not all(0 <= count <= _MOST_BLOCKS for count in made.each("num_res_blocks")):
            raise ValueError(f"{name}: num_res_blocks must be between 0 and {_MOST_BLOCKS}")
        return made

    def each(self, field: str) -> Sequence[Any]:
        """A field's value for each level."""
        value = getattr(self, field)
        return value if isinstance(value, tuple) else (value,) * LEVELS


class ConvStack(nn.Module):
    """Runs the levels from coarse to fine; each adds its input to the enlarged result of the one before."""

    def __init__(self, config: StackConfig) -> None:
        """Takes the configuration."""
        super().__init__()
        widths = config.dim_res_blocks
        self.input_blocks = nn.ModuleList(map(_pointwise, config.each("dim_in"), widths))
        self.output_blocks = nn.ModuleList(map(_pointwise, widths, config.each("dim_out")))
        self.resamplers = nn.ModuleList(map(_resampler, widths[:-1], widths[1:], config.each("resamplers")))
        self.res_blocks = nn.ModuleList(
            nn.Sequential(*(_ResidualBlock(width, config) for _ in range(count)))
            for width, count in zip(widths, config.each("num_res_blocks"), strict=True)
        )

    def forward(self, levels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The inputs of the levels (1, C, h, w), each twice the size of the one before, to their outputs."""
        outputs = []
        x = torch.zeros(())
        for at, (level, blocks) in enumerate(zip(levels, self.res_blocks, strict=True)):
            entering = self.input_blocks[at](level)
            x = blocks(entering if at == 0 else x.add_(entering))
            outputs.append(self.output_blocks[at](x))
            if at < len(self.resamplers):
                x = self.resamplers[at](x)
        return outputs


class _ResidualBlock(nn.Module):
    """``x + conv(act(norm(conv(act(norm(x))))))``, 3x3."""

    def __init__(self, width: int, config: StackConfig) -> None:
        super().__init__()
        hidden = width * config.dim_times_res_block_hidden
        activation = _ACTIVATIONS[config.activation]
        self.layers = nn.Sequential(
            _norm(config.res_block_in_norm, width),
            activation(),
            _conv3(width, hidden),
            _norm(config.res_block_hidden_norm, hidden),
            activation(),
            _conv3(hidden, width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x).add_(x)


def _pointwise(channels_in: int | None, channels_out: int | None) -> nn.Module:
    if channels_in is None or channels_out is None:
        return nn.Identity()
    return nn.Conv2d(channels_in, channels_out, 1)


def _conv3(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="replicate")


def _norm(kind: Norm, width: int) -> nn.Module:
    if kind == "none":
        return nn.Identity()
    if kind == "instance_norm":
        return nn.InstanceNorm2d(width)
    return nn.GroupNorm(1 if kind == "layer_norm" else max(1, width // 32), width)


def _resampler(channels_in: int, channels_out: int, kind: Resampler) -> nn.Sequential:
    """Doubles the size; the last layer smooths what the first one made."""
    if kind == "conv_transpose":
        return nn.Sequential(
            nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2), _conv3(channels_out, channels_out)
        )
    if kind == "pixel_shuffle":
        return nn.Sequential(
            _conv3(channels_in, 4 * channels_out), nn.PixelShuffle(2), _conv3(channels_out, channels_out)
        )
    enlarge = nn.Upsample(scale_factor=2, mode=kind, align_corners=False if kind == "bilinear" else None)
    return nn.Sequential(enlarge, _conv3(channels_in, channels_out))
