"""Linear layers and attention with the fastest kernel of the device: oneDNN in float32 on a CPU, or int8."""

import warnings
from functools import cache

import torch
from torch.nn import functional as nnf

_TINY = 1e-12


@cache
def has_onednn() -> bool:
    """Whether torch has oneDNN's linear layer with fused activations, and it returns correct results.

    ``nnf.linear`` uses MKL, which runs at half the speed of oneDNN on AMD CPUs. The operation is private to torch and
    may change or disappear in any release, so it is used only if it passes this check.
    """
    x, weight, bias = _probe()
    try:
        y = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", [], "none")
        return torch.backends.mkldnn.is_available() and _agree(y, nnf.gelu(nnf.linear(x, weight, bias)))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False


@cache
def has_int8() -> bool:
    """Whether torch has 8-bit matrix products that return correct results; deprecated since torch 2.13."""
    x, weight, bias = _probe()
    try:
        return _agree(
            torch.ops.quantized.linear_dynamic(x, _packed(weight, bias), True), _Rounded(weight, bias)(x)
        )
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False


def _probe() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A small fixed input (5, 32), weights (8, 32) and bias (8,)."""
    values = torch.arange(5 * 32 + 8 * 32 + 8, dtype=torch.float32).mul(0.37).sin()
    return values[:160].reshape(5, 32), values[160:416].reshape(8, 32), values[416:]


def _agree(got: torch.Tensor, expected: torch.Tensor) -> bool:
    return got.shape == expected.shape and bool(torch.allclose(got, expected, rtol=1e-4, atol=1e-4))


class Dense:
    """``y = x w^T + b`` in the number format of its weights."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Takes the weights (out, in), contiguous, and the bias (out,) or None."""
        self.weight, self.bias = weight, bias
        self._onednn = weight.device.type == "cpu" and weight.dtype == torch.float32 and has_onednn()

    def __call__(self, x: torch.Tensor, gelu: bool = False) -> torch.Tensor:
        """(..., in), contiguous, to (..., out); ``gelu``: followed by the exact (erf) GELU."""
        if self._onednn:
            name, algorithm = ("gelu", "none") if gelu else ("none", "")
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, name, [], algorithm)
        y = nnf.linear(x, self.weight, self.bias)
        return nnf.gelu(y) if gelu else y


class Int8:
    """A linear layer with 8-bit weights, scaled per output channel, and inputs quantised per call. CPU only.

    If torch has no 8-bit products, computes in float32 with the same rounded numbers: same results, but not faster.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Takes float32 weights (out, in) and the bias (out,) or None."""
        # Without VNNI, the sum of two 8-bit products can overflow 16 bits, so use 7 bits.
        seven_bits = not getattr(torch.cpu, "_is_vnni_supported", bool)()
        if has_int8():
            packed = _packed(weight, bias)
            self._product = lambda x: torch.ops.quantized.linear_dynamic(x, packed, seven_bits)
        else:
            self._product = _Rounded(weight, bias, 127 if seven_bits else 255)

    def __call__(self, x: torch.Tensor, gelu: bool = False) -> torch.Tensor:
        """(..., in) float32 to (..., out) float32; ``gelu``: followed by the exact GELU."""
        y: torch.Tensor = self._product(x)
        return nnf.gelu(y) if gelu else y


def _scales(weight: torch.Tensor) -> torch.Tensor:
    """(out,): quantisation step of the weights of each output channel."""
    return weight.abs().amax(dim=1).clamp_(min=_TINY) / 127


def _packed(weight: torch.Tensor, bias: torch.Tensor | None) -> object:
    """8-bit weights in the layout of torch's kernel."""
    scale = _scales(weight)
    zero = torch.zeros(len(scale), dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"torch\.quantize_per_")
        quantised = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
    packed: object = torch.ops.quantized.linear_prepack(quantised, bias)
    return packed


class _Rounded:
    """Emulates 8-bit products in float32: weights and inputs are rounded to 8-bit levels."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, most: int = 127) -> None:
        """Takes float32 weights (out, in), the bias (out,) or None, and the highest input level."""
        scale = _scales(weight)[:, None]
        self._weight, self._bias, self._most = (weight / scale).round() * scale, bias, most

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        low, high = x.amin().clamp(max=0.0), x.amax().clamp(min=0.0)
        scale = ((high - low) / self._most).clamp(min=_TINY)
        zero = (-low / scale).round()
        levels = ((x / scale).round() + zero).clamp(0, self._most)
        return nnf.linear((levels - zero) * scale, self._weight, self._bias)


ATTENTION_ROWS = 460
"""Query tokens per block, so that their scores fit in the cache."""


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """``softmax(q k^T / sqrt(d)) v`` of (P, H, N, d) each: (P, N, H d).

    On a CPU, head by head with oneDNN's products: torch's attention runs at two fifths of their speed.
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
