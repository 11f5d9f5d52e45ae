"""Linear layers by the fastest kernel of the device: oneDNN in float32 on a CPU, int8 where it is asked for."""

import warnings
from functools import cache

import torch
from torch.nn import functional as nnf


@cache
def has_onednn() -> bool:
    """Whether torch brings oneDNN's linear layer, which has fused activations.

    ``nnf.linear`` goes to MKL, which runs at half of oneDNN's pace on AMD's CPUs.
    """
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


class Dense:
    """``y = x w^T + b`` in the number format of its weights."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Takes the weights (out, in), contiguous, and the bias (out,) or None."""
        self.weight, self.bias = weight, bias
        self._onednn = weight.device.type == "cpu" and weight.dtype == torch.float32 and has_onednn()

    def __call__(self, x: torch.Tensor, gelu: bool = False) -> torch.Tensor:
        """(..., in), contiguous, to (..., out); ``gelu``: with the exact (erf) GELU of it."""
        if self._onednn:
            name, algorithm = ("gelu", "none") if gelu else ("none", "")
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, name, [], algorithm)
        y = nnf.linear(x, self.weight, self.bias)
        return nnf.gelu(y) if gelu else y


class Int8:
    """The same with weights of 8 bits, scaled by output channel, and inputs quantised by call: CPU only."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Takes float32 weights (out, in) and the bias (out,) or None."""
        scale = weight.abs().amax(dim=1).clamp_(min=1e-12) / 127
        zero = torch.zeros(len(scale), dtype=torch.int64)
        with warnings.catch_warnings():
            # torch 2.13 calls its own quantised tensors deprecated; pyproject.toml holds torch below 2.14.
            warnings.filterwarnings("ignore", message=r"torch\.quantize_per_")
            quantised = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(quantised, bias)
        # Without VNNI two products of 8 bits overflow the 16 bits that they are added in: 7 bits then.
        self._seven_bits = not getattr(torch.cpu, "_is_vnni_supported", bool)()

    def __call__(self, x: torch.Tensor, gelu: bool = False) -> torch.Tensor:
        """(..., in) float32 to (..., out) float32; ``gelu``: with the exact GELU of it."""
        y = torch.ops.quantized.linear_dynamic(x, self._packed, self._seven_bits)
        return nnf.gelu(y) if gelu else y


ATTENTION_ROWS = 460
"""Tokens that ask at a time: their scores stay in the cache."""


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """``softmax(q k^T / sqrt(d)) v`` of (P, H, N, d) each: (P, N, H d).

    On a CPU head by head with oneDNN's products: torch's own attention runs at two fifths of their pace there.
    """
    pictures, heads, tokens, size = query.shape
    if query.device.type != "cpu" or query.dtype != torch.float32 or not has_onednn():
        seen = nnf.scaled_dot_product_attention(query, key, value)
        return seen.transpose(1, 2).reshape(pictures, tokens, heads * size)
    seen = query.new_empty(pictures, tokens, heads, size)
    for picture in range(pictures):
        for head in range(heads):
            scores = Dense(key[picture, head].contiguous(), None)
            mixed = Dense(value[picture, head].t().contiguous(), None)
            asked = query[picture, head] * size**-0.5
            for start in range(0, tokens, ATTENTION_ROWS):
                rows = slice(start, start + ATTENTION_ROWS)
                seen[picture, rows, head] = mixed(scores(asked[rows]).softmax(dim=-1))
    return seen.flatten(2)
