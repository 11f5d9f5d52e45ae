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
