"""Residual convolutions, used by the decoders of both networks."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as nnf


class Residual(nn.Module):
    """``x + conv(relu(conv(relu(x))))``, 3x3."""

    def __init__(self, channels: int, *, bias: bool = True) -> None:
        """Takes the channels in and out."""
        super().__init__()
        self.convolution1 = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.convolution2 = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W) to (1, C, H, W)."""
        inner = self.convolution1(nnf.relu(x)).relu_()
        return self.convolution2(inner).add_(x)

    def on_band(self, x: torch.Tensor, *, top: bool, bottom: bool) -> torch.Tensor:
        """The same for a band of rows: the result has two rows fewer at each side that is not the image border."""
        first = conv_band(nnf.relu(x), self.convolution1, top=top, bottom=bottom).relu_()
        second = conv_band(first, self.convolution2, top=top, bottom=bottom)
        return second.add_(x[:, :, 0 if top else 2 : None if bottom else -2])


def conv_band(x: torch.Tensor, conv: Any, *, top: bool, bottom: bool) -> torch.Tensor:
    """A 3x3 convolution of a band of rows, with zero padding only at the image borders.

    Args:
        x: (1, C, H, W), a band of the image.
        conv: The layer, with padding 1.
        top: Whether the band starts at the first row of the image; if not, the result has one row fewer there.
        bottom: The same for the last row.
    """
    if top and bottom:
        return conv(x)
    if top or bottom:
        x = nnf.pad(x, (0, 0, int(top), int(bottom)))
    return nnf.conv2d(x, conv.weight, conv.bias, padding=(0, 1))


def channels_last(module: nn.Module) -> None:
    """Converts the weights of convolutions to channels-last layout, the fastest for oneDNN and cuDNN."""
    for each in module.modules():
        if isinstance(each, nn.Conv2d | nn.ConvTranspose2d):
            each.weight.data = each.weight.data.contiguous(memory_format=torch.channels_last)
