"""Merges consecutive convolutions into one: the same results with fewer operations and less memory."""

import torch
from torch.nn import functional as nnf


def deconv_then_pointwise(deconv: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Merges a transposed convolution without bias and a following 1x1 convolution into one transposed convolution.

    Args:
        deconv: (in, middle, k, k).
        weight: (out, middle, 1, 1); the bias of the 1x1 convolution is unchanged.

    Returns:
        (in, out, k, k).
    """
    return torch.einsum("imyx,om->ioyx", deconv, weight[:, :, 0, 0]).contiguous()


def deconv_then_conv(deconv: torch.Tensor, bias: torch.Tensor | None, conv: torch.Tensor) -> torch.Tensor:
    """Merges a transposed convolution (stride 2, kernel 2) and a following 3x3 convolution (padding 1).

    An output pixel depends on 3x3 pixels of the fine grid, which come from 2x2 pixels of the coarse grid; which ones
    depends on whether its row and column are even or odd. So a 2x2 convolution with padding 1 on the coarse grid
    computes all four kinds of output pixels as groups of channels, and ``interleave`` reorders them.

    Args:
        deconv: (in, middle, 2, 2).
        bias: (middle,) or None. The second convolution pads with zeros, not with the bias, so the bias becomes the
            weights of an additional input channel that must be 1 everywhere.
        conv: (out, middle, 3, 3).

    Returns:
        (4 * out, in, 2, 2), or (4 * out, in + 1, 2, 2) with a bias; the groups in the order (even row,
        even column), (even, odd), (odd, even), (odd, odd).
    """
    if bias is not None:
        deconv = torch.cat((deconv, bias[None, :, None, None].expand(1, -1, 2, 2)))
    merged = conv.new_zeros(2, 2, len(conv), len(deconv), 2, 2)
    for odd_row in range(2):
        for odd_column in range(2):
            for y in range(3):
                for x in range(3):
                    # In the fine grid: row and column relative to the coarse pixel, then the parent pixel.
                    row, column = odd_row + y - 1, odd_column + x - 1
                    parent = row // 2 + 1 - odd_row, column // 2 + 1 - odd_column
                    part = conv[:, :, y, x] @ deconv[:, :, row % 2, column % 2].T
                    merged[odd_row, odd_column, :, :, parent[0], parent[1]] += part
    return merged.flatten(0, 2).contiguous()


def with_ones(x: torch.Tensor) -> torch.Tensor:
    """(1, C, H, W) with an additional channel that is 1 everywhere."""
    return torch.cat((x, x.new_ones(1, 1, *x.shape[2:])), dim=1)


def interleave(groups: torch.Tensor) -> torch.Tensor:
    """Reorders the output (1, 4 * C, H + 1, W + 1) of a ``deconv_then_conv`` convolution to (1, C, 2 H, 2 W)."""
    height, width = groups.shape[2] - 1, groups.shape[3] - 1
    parts = groups.unflatten(1, (4, -1))[0].permute(0, 2, 3, 1)
    picture = groups.new_empty(height, 2, width, 2, parts.shape[-1])
    for k in range(4):
        y, x = divmod(k, 2)
        picture[:, y, :, x] = parts[k, y : y + height, x : x + width]
    return picture.view(1, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)


def upsampling_conv(x: torch.Tensor, merged: torch.Tensor) -> torch.Tensor:
    """Applies a merged ``deconv_then_conv`` without bias: (1, in, H, W) to (1, out, 2 H, 2 W)."""
    return interleave(nnf.conv2d(x, merged, padding=1))
