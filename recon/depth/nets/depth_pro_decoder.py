"""The convolutional part of Depth Pro's network: neck, fusion, the depth head and the field-of-view branch."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Any

import torch
from torch import nn
from torch.nn import functional as nnf

from recon.depth.nets.conv_fusion import (
    deconv_then_conv,
    deconv_then_pointwise,
    interleave,
    upsampling_conv,
    with_ones,
)
from recon.depth.nets.residual import Residual, channels_last, conv_band
from recon.depth.nets.vit import Vit, VitConfig


def _deconv(channels_in: int, channels_out: int, *, bias: bool = False) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2, bias=bias)


def _block(layers: Sequence[nn.Module]) -> Any:
    block: Any = nn.Module()
    block.layers = nn.ModuleList(layers)
    return block


class Neck(nn.Module):
    """Projects the encoders' feature maps to one number of channels; each level has twice the resolution of the
    last."""

    def __init__(
        self, patch: int, image: int, scaled: Sequence[int], intermediate: Sequence[int], fusion: int
    ) -> None:
        """Takes the channels of the two encoders, of the levels, and of the output."""
        super().__init__()
        up: Any = nn.Module()
        up.image_block = _block([_deconv(image, scaled[0], bias=True)])
        up.scaled_images = nn.ModuleList(
            _block([nn.Conv2d(patch, size, 1, bias=False), _deconv(size, size)]) for size in scaled
        )
        up.intermediate = nn.ModuleList()
        for i, size in enumerate(intermediate):
            first = fusion if i == 0 else size
            deconvs = [_deconv(size if k else first, size) for k in range(2 + i)]
            up.intermediate.append(_block([nn.Conv2d(patch, first, 1, bias=False), *deconvs]))
        self.feature_upsample = up
        self.fuse_image_with_low_res = nn.Conv2d(2 * scaled[0], scaled[0], 1)
        self.feature_projection: Any = nn.Module()
        sizes = [*scaled, *intermediate]
        self.feature_projection.projections = nn.ModuleList(
            nn.Conv2d(size, fusion, 3, padding=1, bias=False)
            if i < len(sizes) - 1 or size != fusion
            else nn.Identity()
            for i, size in enumerate(sizes)
        )
        self.merged = nn.ParameterList()
        self.last: nn.Module | None = None

    def simplify(self) -> None:
        """Merges each level's last two convolutions."""
        projections = self.feature_projection.projections
        for block, projection in list(zip(self._blocks(), projections, strict=True))[1:]:
            last = block.layers[-1]
            del block.layers[-1]
            if isinstance(projection, nn.Identity):
                self.last = last
                continue
            self.merged.append(nn.Parameter(deconv_then_conv(last.weight, None, projection.weight), False))
        self.feature_projection.projections = projections[:1]
        channels_last(self)

    def _blocks(self) -> list[Any]:
        return [*self.feature_upsample.scaled_images, *self.feature_upsample.intermediate]

    def forward(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Levels (1, C, h, w), from coarse to fine, for the encoder's feature maps.

        The finest level is large: if ``last`` is not None, the caller must still apply it, possibly in bands.
        """
        image = self.feature_upsample.image_block.layers[0](features[0])
        levels = []
        for i, (block, x) in enumerate(zip(self._blocks(), features[1:], strict=True)):
            for layer in block.layers:
                x = layer(x)
            if i == 0:
                x = self.fuse_image_with_low_res(torch.cat((x, image), dim=1))
                x = self.feature_projection.projections[0](x)
            elif i <= len(self.merged):
                x = upsampling_conv(x, self.merged[i - 1])
            levels.append(x)
        return levels


class FusionLayer(nn.Module):
    """Adds a level to the coarser ones."""

    def __init__(self, channels: int, *, residual_bias: bool, upsamples: bool) -> None:
        super().__init__()
        self.residual_layer1 = Residual(channels, bias=residual_bias)
        self.residual_layer2 = Residual(channels, bias=residual_bias)
        if upsamples:
            self.deconv = _deconv(channels, channels)
        self.projection: Any = nn.Conv2d(channels, channels, 1)


class Fusion(nn.Module):
    """From the coarsest level to the finest."""

    def __init__(self, levels: int, channels: int, *, residual_bias: bool) -> None:
        super().__init__()
        self.intermediate: Any = nn.ModuleList(
            FusionLayer(channels, residual_bias=residual_bias, upsamples=True) for _ in range(levels - 1)
        )
        self.final = FusionLayer(channels, residual_bias=residual_bias, upsamples=False)

    def simplify(self) -> None:
        """Multiplies the 1x1 convolutions into the upsampling before them."""
        for layer in self.intermediate:
            weight = deconv_then_pointwise(layer.deconv.weight, layer.projection.weight)
            layer.deconv.weight, layer.deconv.bias = nn.Parameter(weight, False), layer.projection.bias
            del layer.projection
        del self.intermediate[0].residual_layer1  # unused at the coarsest level
        channels_last(self)

    def forward(self, levels: list[torch.Tensor]) -> torch.Tensor:
        """Fuses all levels but the finest: (1, C, h, w), before upsampling."""
        fused = levels[0]
        for i, layer in enumerate(self.intermediate):
            if i:
                fused = self.intermediate[i - 1].deconv(fused).add_(layer.residual_layer1(levels[i]))
            fused = layer.residual_layer2(fused)
        return fused

    def finest(self, fused: torch.Tensor, level: torch.Tensor, *, top: bool, bottom: bool) -> torch.Tensor:
        """Fuses a band of the result of ``forward`` and of the finest level: (1, C, h, w) and (1, C, 2 h, 2 w).

        Returns:
            (1, C, r, 2 w): four rows fewer than 2 h at each side that is not the image border.
        """
        edges = {"top": top, "bottom": bottom}
        added = self.final.residual_layer1.on_band(level, **edges)
        fused = self.intermediate[-1].deconv(fused)
        added += fused[:, :, 0 if top else 2 : None if bottom else -2]
        del fused
        return self.final.projection(self.final.residual_layer2.on_band(added, **edges))


class Head(nn.Module):
    """Converts features to inverse depth at twice their resolution."""

    def __init__(self, channels: int) -> None:
        """Takes the number of input channels."""
        super().__init__()
        half = channels // 2
        self.layers: Any = nn.ModuleList(
            [
                nn.Conv2d(channels, half, 3, padding=1),
                _deconv(half, half, bias=True),
                nn.Conv2d(half, 32, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(32, 1, 1),
                nn.ReLU(),
            ]
        )

    def simplify(self) -> None:
        """Merges the upsampling and the following convolution, which avoids an intermediate map of 1.2 GB."""
        first, deconv, conv, _, last, _ = self.layers
        merged = nn.Conv2d(deconv.in_channels + 1, 4 * 32, 2)
        weight = deconv_then_conv(deconv.weight, deconv.bias, conv.weight)
        merged.weight, merged.bias = nn.Parameter(weight, False), nn.Parameter(conv.bias.repeat(4), False)
        pointwise = nn.Conv2d(4 * 32, 4, 1, groups=4)
        pointwise.weight = nn.Parameter(last.weight.repeat(4, 1, 1, 1), False)
        pointwise.bias = nn.Parameter(last.bias.repeat(4), False)
        self.layers = nn.ModuleList([first, merged, pointwise])
        channels_last(self)

    def forward(self, x: torch.Tensor, top: bool = True, bottom: bool = True) -> torch.Tensor:
        """(1, C, h, w), a band of the image, to (1, 1, r, 2 w).

        Returns:
            Inverse depth with four rows fewer than 2 h at each side that is not the image border.
        """
        first, merged, pointwise = self.layers
        x = conv_band(x, first, top=top, bottom=bottom)
        x = nnf.pad(with_ones(x), (1, 1, int(top), int(bottom)))
        return interleave(pointwise(merged(x).relu_())).relu_()


class FovModel(nn.Module):
    """Predicts the horizontal field of view from the image and the coarsest level."""

    def __init__(self, encoder: VitConfig, channels: int, layers: int, out_size: int) -> None:
        """Takes the encoder's configuration, the channels of the level, the head's layers and its grid size."""
        super().__init__()
        self.out_size = out_size
        self.fov_encoder: Any = nn.Module()
        self.fov_encoder.model = Vit(encoder)
        self.fov_encoder.neck = nn.Linear(encoder.hidden_size, channels // 2)
        self.conv = nn.Conv2d(channels, channels // 2, 3, stride=2, padding=1)
        sizes = [ceil(channels / 2 ** (i + 1)) for i in range(layers + 1)]
        steps: list[nn.Module] = []
        for before, after in pairwise(sizes):
            steps += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.ReLU()]
        steps.append(nn.Conv2d(sizes[-1], 1, int((out_size - 1) / 2**layers + 1)))
        self.head = _block(steps)

    def simplify(self) -> None:
        """Converts all but the encoder to float32."""
        for part in (self.fov_encoder.neck, self.conv, self.head):
            part.float()

    def forward(self, small: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """(1,) degrees, from the image at the encoder's size and the coarsest level (1, C, h, w)."""
        model = self.fov_encoder.model
        tokens = self.fov_encoder.neck(model.normalised(model(small)))
        side = int(tokens.shape[1] ** 0.5)
        seen = tokens[:, -(side**2) :].unflatten(1, (side, side)).permute(0, 3, 1, 2)
        level = self.conv(level).relu_()
        # As in transformers: resize the encoder's map to the level, and their sum to the head's grid.
        x = _resized(seen, level.shape[2]) + level
        x = _resized(x, self.out_size)
        for layer in self.head.layers:
            x = layer(x)
        return x.flatten()


def _resized(x: torch.Tensor, size: int) -> torch.Tensor:
    if x.shape[2:] == (size, size):
        return x
    return nnf.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
