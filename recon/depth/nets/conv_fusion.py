"""Convolutions with nothing between them, made into one: the same numbers from fewer operations and less memory."""

import torch
from torch.nn import functional as nnf


def deconv_then_pointwise(deconv: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """A transposed convolution without bias and a 1x1 convolution after it, as one transposed convolution.

    Args:
        deconv: (in, middle, k, k).
        weight: (out, middle, 1, 1); the bias of the second one stays what it is.

    Returns:
        (in, out, k, k).
    """
    return torch.einsum("imyx,om->ioyx", deconv, weight[:, :, 0, 0]).contiguous()


def deconv_then_conv(deconv: torch.Tensor, bias: torch.Tensor | None, conv: torch.Tensor) -> torch.Tensor:
    """A transposed convolution of stride 2 and kernel 2, and a 3x3 convolution (padding 1) after it, as one.

    An output pixel sees 3x3 of the finer grid, which 2x2 pixels of the coarser one made; which ones, depends on
    whether its row and column are even or odd. So a 2x2 convolution with padding 1 on the coarser grid holds all four
    kinds of output pixels as groups of channels: ``interleave`` puts them in their places.

    Args:
        deconv: (in, middle, 2, 2).
        bias: (middle,) or None. It does not reach beyond the border, where the second convolution sees zeros:
            so it becomes the weights of one more input channel, which has to be 1 in the whole picture.
        conv: (out, middle, 3, 3).

    Returns:
        (4 * out, in, 2, 2), or (4 * out, in + 1, 2, 2) where there is a bias; the groups in the order (even row,
        even column), (even, odd), (odd, even), (odd, odd).
    """
    if bias is not None:
        deconv = torch.cat((deconv, bias[None, :, None, None].expand(1, -1, 2, 2)))
    merged = conv.new_zeros(2, 2, len(conv), len(deconv), 2, 2)
    for odd_row in range(2):
        for odd_column in range(2):
            for y in range(3):
                for x in range(3):
                    # Of the finer grid: the row relative to the coarse pixel, then its parent and place in there.
                    row, column = odd_row + y - 1, odd_column + x - 1
                    parent = row // 2 + 1 - odd_row, column // 2 + 1 - odd_column
                    part = conv[:, :, y, x] @ deconv[:, :, row % 2, column % 2].T
                    merged[odd_row, odd_column, :, :, parent[0], parent[1]] += part
    return merged.flatten(0, 2).contiguous()


def with_ones(x: torch.Tensor) -> torch.Tensor:
    """(1, C, H, W) with one more channel that is 1 everywhere."""
    return torch.cat((x, x.new_ones(1, 1, *x.shape[2:])), dim=1)


def interleave(groups: torch.Tensor) -> torch.Tensor:
    """(1, 4 * C, H + 1, W + 1) of a ``deconv_then_conv`` convolution to its picture, (1, C, 2 H, 2 W)."""
    height, width = groups.shape[2] - 1, groups.shape[3] - 1
    parts = groups.unflatten(1, (4, -1))[0].permute(0, 2, 3, 1)
    picture = groups.new_empty(height, 2, width, 2, parts.shape[-1])
    for k in range(4):
        y, x = divmod(k, 2)
        picture[:, y, :, x] = parts[k, y : y + height, x : x + width]
    return picture.view(1, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)


def upsampling_conv(x: torch.Tensor, merged: torch.Tensor) -> torch.Tensor:
    """Runs what ``deconv_then_conv`` made of two convolutions without biases: (1, in, H, W) to (1, out, 2 H, 2 W)."""
    return interleave(nnf.conv2d(x, merged, padding=1))
