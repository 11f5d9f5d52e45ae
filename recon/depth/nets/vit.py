"""DINOv2's vision transformer (Oquab et al., arXiv:2304.07193), for inference; weight names as in transformers.

For speed on a CPU, the outer loop runs over layers and the inner loop over chunks of images that fit in the cache.
Each layer's weights are prepared only once (converted to the number format, with query, key and value merged and the
layer scales multiplied in) from a memory-mapped file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as nnf

from recon.depth.nets.fast_ops import Dense, Int8, attend
from recon.strict_json import as_kind, known_fields

CHUNK_TOKENS = 1200
"""Tokens per chunk on a CPU: two patches of Depth Pro, whose MLP then uses 19 MB."""
DINOV2_SIZES = {"vits": (384, 12, 6), "vitb": (768, 12, 12), "vitl": (1024, 24, 16)}
"""Channels, layers and heads of DINOv2's published encoders."""
POSITION_OFFSET = 0.1
"""``position_offset`` of DINOv2's own code."""


@dataclass(frozen=True)
class VitConfig:
    """The relevant fields of transformers' Dinov2Config, with its defaults."""

    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    mlp_ratio: int = 4
    layer_norm_eps: float = 1e-6
    image_size: int = 224
    patch_size: int = 14
    qkv_bias: bool = True
    hidden_act: str = "gelu"
    use_swiglu_ffn: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "VitConfig":
        """From the encoder's part of a config.json.

        Raises:
            ValueError: The encoder is not supported.
        """
        made = as_kind(cls, known_fields(cls, config))
        if config.get("model_type", "dinov2") != "dinov2" or made.use_swiglu_ffn or made.hidden_act != "gelu":
            raise ValueError("the encoder is not a DINOv2 with GELU")
        check_sizes(made)
        if made.hidden_size % made.num_attention_heads:
            raise ValueError(f"{made.num_attention_heads} heads do not share {made.hidden_size} channels")
        return made


def dinov2_config(name: str, *, layer_norm_eps: float = 1e-6) -> VitConfig:
    """The sizes of a published encoder, a key of ``DINOV2_SIZES``: patches of 14 px, trained at 518 px."""
    channels, layers, heads = DINOV2_SIZES[name]
    return VitConfig(
        hidden_size=channels,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        layer_norm_eps=layer_norm_eps,
        image_size=518,
    )


_LARGEST = {"num_hidden_layers": 100, "num_attention_heads": 100, "mlp_ratio": 16, "num_fov_head_layers": 16}
"""Far above any published network: a damaged file could ask for 1e9 layers, which take all memory."""
_LARGEST_SIZE = 16384
_FROM_0 = ("merge_padding_value", "out_layers", "intermediate_hook_ids", "scaled_images_overlap_ratios")


def check_sizes(config: Any) -> None:
    """Checks the numbers of a configuration (a dataclass), also those in tuples.

    Raises:
        ValueError: One is out of the range of any network.
    """
    for name, value in vars(config).items():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, bool) or not isinstance(one, int | float) or name == "head_in_index":
                continue
            largest = _LARGEST.get(name, _LARGEST_SIZE)
            if not 0 <= one <= largest or (one == 0 and name not in _FROM_0):
                raise ValueError(f"{name} must be between 1 and {largest}, got {one:g}")


class Embeddings(nn.Module):
    """Converts patches to tokens with position embeddings."""

    def __init__(self, config: VitConfig, position_offset: float = 0.0) -> None:
        super().__init__()
        side, channels = config.patch_size, config.hidden_size
        self.position_offset = position_offset
        self.cls_token = nn.Parameter(torch.empty(1, 1, channels))
        self.position_embeddings = nn.Parameter(
            torch.empty(1, (config.image_size // side) ** 2 + 1, channels)
        )
        self.patch_embeddings = nn.Module()
        self.patch_embeddings.projection = nn.Conv2d(3, channels, side, stride=side)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(P, 3, h, w) to (P, 1 + tokens, C)."""
        projection: Any = self.patch_embeddings.projection
        weight, bias = projection.weight.to(pixels.dtype), projection.bias.to(pixels.dtype)
        patches = nnf.conv2d(pixels, weight, bias, stride=projection.stride)
        rows, columns = patches.shape[2:]
        tokens = patches.flatten(2).transpose(1, 2)
        first = self.cls_token.to(pixels.dtype).expand(len(tokens), -1, -1)
        return torch.cat((first, tokens), dim=1).add_(self._positions(rows, columns).to(pixels.dtype))

    def _positions(self, rows: int, columns: int) -> torch.Tensor:
        """(1, 1 + rows * columns, C): the trained position embeddings, resized bicubically if the grid differs."""
        trained = self.position_embeddings
        side = int((trained.shape[1] - 1) ** 0.5)
        if (rows, columns) == (side, side):
            return trained
        grid = trained[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2).to(torch.float32)
        if self.position_offset:
            scales = [(count + self.position_offset) / side for count in (rows, columns)]
            grid = nnf.interpolate(grid, scale_factor=scales, mode="bicubic", align_corners=False)
        else:
            grid = nnf.interpolate(grid, size=(rows, columns), mode="bicubic", align_corners=False)
        return torch.cat((trained[:, :1], grid.flatten(2).transpose(1, 2).to(trained.dtype)), dim=1)


class Block:
    """One layer with prepared weights."""

    def __init__(self, layer: "Layer", dtype: torch.dtype, int8: bool) -> None:
        """Takes the weights and the number format of the computation."""

        def ready(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.to(dtype).contiguous()

        def linear(weight: torch.Tensor, bias: torch.Tensor | None) -> Dense | Int8:
            kind = Int8 if int8 else Dense
            return kind(ready(weight), None if bias is None else ready(bias))

        def scaled(part: Any, scale: torch.Tensor) -> Dense | Int8:
            # Multiply the scale into weights and bias.
            scale = scale.to(torch.float32)
            return linear(part.weight * scale[:, None], part.bias * scale)

        one, two, attention, mlp = layer.norm1, layer.norm2, layer.attention, layer.mlp
        self.norms = [(n.normalized_shape, ready(n.weight), ready(n.bias), n.eps) for n in (one, two)]
        parts = [attention.q_proj, attention.k_proj, attention.v_proj]
        bias = None if parts[0].bias is None else torch.cat([part.bias for part in parts])
        self.qkv = linear(torch.cat([part.weight for part in parts]), bias)
        self.out = scaled(attention.o_proj, layer.layer_scale1.lambda1)
        self.up = linear(mlp.fc1.weight, mlp.fc1.bias)
        self.down = scaled(mlp.fc2, layer.layer_scale2.lambda1)
        self.heads = layer.heads

    def advance(self, x: torch.Tensor) -> None:
        """Applies the layer to (P, N, C) in place."""
        pictures, tokens, _ = x.shape
        qkv = self.qkv(nnf.layer_norm(x, *self.norms[0]))
        query, key, value = qkv.view(pictures, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x += self.out(attend(query, key, value))
        x += self.down(self.up(nnf.layer_norm(x, *self.norms[1]), gelu=True))


class Layer(nn.Module):
    """The weights of one layer, in the number format of the file."""

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        size, inner = config.hidden_size, int(config.hidden_size * config.mlp_ratio)
        self.heads = config.num_attention_heads
        self.norm1 = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.norm2 = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.attention: Any = nn.Module()
        for name in ("q_proj", "k_proj", "v_proj"):
            self.attention.add_module(name, nn.Linear(size, size, bias=config.qkv_bias))
        self.attention.o_proj = nn.Linear(size, size)
        self.mlp: Any = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(size, inner), nn.Linear(inner, size)
        self.layer_scale1: Any = nn.Module()
        self.layer_scale1.lambda1 = nn.Parameter(torch.empty(size))
        self.layer_scale2: Any = nn.Module()
        self.layer_scale2.lambda1 = nn.Parameter(torch.empty(size))
        self._held: Block | None = None

    def ready(self, dtype: torch.dtype, *, int8: bool, hold: bool) -> Block:
        """The prepared layer. ``hold``: keeps it and releases the original weights."""
        if self._held is not None:
            return self._held
        block = Block(self, dtype, int8)
        if hold:
            self._held = block
            for name in [name for name, _ in self.named_children()]:
                delattr(self, name)
        return block


class Vit(nn.Module):
    """The encoder. On a CPU, weights are prepared at each call, unless ``hold`` or ``int8`` is set."""

    def __init__(self, config: VitConfig, *, hold: bool = False, position_offset: float = 0.0) -> None:
        """Takes the configuration.

        Args:
            config: Sizes.
            hold: Keep prepared weights: faster, but twice the memory for float16 files.
            position_offset: Part of a patch by which DINOv2's own code stretches the position embeddings (0.1), and
                transformers' does not.
        """
        super().__init__()
        self.config, self.hold, self.int8 = config, hold, False
        self.embeddings = Embeddings(config, position_offset)
        self.encoder: Any = nn.Module()
        self.encoder.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(
        self,
        pixels: torch.Tensor,
        tap: Callable[[int, torch.Tensor], None] | None = None,
        layers: int | None = None,
    ) -> torch.Tensor:
        """The tokens after the last layer, before normalisation.

        Args:
            pixels: (P, 3, h, w), normalised, in the number format to compute in.
            tap: Called after each layer with the number of finished layers (0: the embeddings) and the tokens
                (P, 1 + tokens, C), which the next layer overwrites.
            layers: Number of layers to run; None: all.

        Returns:
            (P, 1 + tokens, C).
        """
        hidden = self.embeddings(pixels)
        on_cpu = pixels.device.type == "cpu"
        step = max(1, CHUNK_TOKENS // hidden.shape[1]) if on_cpu else len(hidden)
        # On a GPU, the weights are already a copy of the file.
        hold = self.hold or self.int8 or not on_cpu
        if tap is not None:
            tap(0, hidden)
        for done, layer in enumerate(self.encoder.layer[:layers], start=1):
            block = layer.ready(hidden.dtype, int8=self.int8, hold=hold)
            for chunk in hidden.split(step):
                block.advance(chunk)
            if tap is not None:
                tap(done, hidden)
        return hidden

    def normalised(self, hidden: torch.Tensor) -> torch.Tensor:
        """The final layer norm of tokens."""
        norm = self.layernorm
        weight, bias = norm.weight.to(hidden.dtype), norm.bias.to(hidden.dtype)
        return nnf.layer_norm(hidden, norm.normalized_shape, weight, bias, norm.eps)
