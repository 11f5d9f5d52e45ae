"""The preview network: a small convolutional pyramid with attention at 1/16 and a decoder to 1/2.

It is made for a CPU (full 3x3 convolutions in channels_last, which oneDNN runs well) and for any size and
aspect ratio. Position enters as coordinates at 1/16, so nothing depends on a fixed grid.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network; stored with the weights, so that a checkpoint rebuilds its own network."""

    widths: tuple[int, int, int, int] = (24, 48, 96, 192)  # channels at 1/2, 1/4, 1/8, 1/16
    blocks: tuple[int, int, int] = (2, 2, 1)  # residual blocks at 1/4, 1/8, 1/16
    attention_blocks: int = 3
    heads: int = 6
    mlp_ratio: float = 2.0

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> NetworkConfig:
        """Return the configuration that `as_dict` wrote; raises TypeError for a name that is none."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers, fit for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class Prediction(NamedTuple):
    """What the network says about a batch of N pictures of H x W.

    `log_inverse` (N, H, W): natural logarithm of canonical inverse depth C = f / (W z), in 1/m, with f in px.
    `sky_logit` (N, H, W): positive where sky is likelier than not.
    `log_focal` (N,): natural logarithm of f / W.
    """

    log_inverse: Tensor
    sky_logit: Tensor
    log_focal: Tensor


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation and a skip; the second one starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(x + self.norm2(self.conv2(y)))


def _step(cin: int, cout: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(cout), nn.ReLU())


class Attention(nn.Module):
    """One pre-norm transformer block over all positions of the 1/16 map."""

    def __init__(self, width: int, heads: int, mlp_ratio: float) -> None:
        super().__init__()
        self.heads = heads
        hidden = int(width * mlp_ratio)
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(n, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        # written out: for a few dozen tokens the fused kernel is slower to train on a CPU
        weight = torch.softmax((q * (width // self.heads) ** -0.5) @ k.transpose(-2, -1), dim=-1)
        mixed = weight @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(n, length, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))


class _Up(nn.Module):
    """Bring the coarse map to the finer one's size, join them and mix."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.narrow = nn.Sequential(nn.Conv2d(coarse, fine, 1, bias=False), nn.BatchNorm2d(fine))
        self.join = _step(2 * fine, fine, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        up = functional.interpolate(
            self.narrow(coarse), size=fine.shape[-2:], mode="bilinear", align_corners=False
        )
        return self.join(torch.cat([up, fine], dim=1))


class PreviewNet(nn.Module):
    """The network. Input (N, 3, H, W) in about -2..2 (see `normalise`), H and W of at least 32 px."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or NetworkConfig()
        w2, w4, w8, w16 = c.widths
        self.to2 = _step(3, w2, 2)
        self.to4 = nn.Sequential(_step(w2, w4, 2), *(Residual(w4) for _ in range(c.blocks[0])))
        self.to8 = nn.Sequential(_step(w4, w8, 2), *(Residual(w8) for _ in range(c.blocks[1])))
        self.to16 = nn.Sequential(_step(w8, w16, 2), *(Residual(w16) for _ in range(c.blocks[2])))
        self.place = nn.Sequential(nn.Linear(4, 64), nn.GELU(), nn.Linear(64, w16))
        self.attention = nn.Sequential(
            *(Attention(w16, c.heads, c.mlp_ratio) for _ in range(c.attention_blocks))
        )
        self.up8, self.up4, self.up2 = _Up(w16, w8), _Up(w8, w4), _Up(w4, w2)
        self.head = nn.Conv2d(w2, 2, 3, padding=1)
        self.level = nn.Linear(w16, 2)  # one offset per picture for depth and sky: its overall scale
        self.focal = nn.Sequential(nn.Linear(2 * w16 + 1, 96), nn.GELU(), nn.Linear(96, 1))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.level.weight)
        with torch.no_grad():
            self.level.bias.copy_(torch.tensor([-1.2, -2.0]))  # about 2.7 m at f/W = 0.8; sky is rare

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Return the attended 1/16 map, its tokens (N, L, C) and the finer maps at 1/8, 1/4, 1/2."""
        f2 = self.to2(x)
        f4 = self.to4(f2)
        f8 = self.to8(f4)
        f16 = self.to16(f8)
        n, width, rows, columns = f16.shape
        tokens = f16.flatten(2).transpose(1, 2) + self.place(_coordinates(rows, columns, x))
        tokens = self.attention(tokens)
        back = tokens.transpose(1, 2).reshape(n, width, rows, columns)
        return back.contiguous(memory_format=torch.channels_last), tokens, (f8, f4, f2)

    def forward(self, x: Tensor) -> Prediction:
        """Return the prediction at half the input's size, rounded up (the maps) and per picture (focal)."""
        top, tokens, (f8, f4, f2) = self.features(x)
        level = self.level(tokens.mean(1)).float()
        maps = self.head(self.up2(self.up4(self.up8(top, f8), f4), f2)).float()
        maps = maps + level[:, :, None, None]
        # the field of view is learnt on features that it does not change, as in Depth Pro
        still = tokens.detach().float()
        aspect = torch.full((len(x), 1), x.shape[-2] / x.shape[-1], dtype=still.dtype, device=still.device)
        log_focal = self.focal(torch.cat([still.mean(1), still.amax(1), aspect], 1))[:, 0].float() - 0.2
        return Prediction(maps[:, 0], maps[:, 1], log_focal)


def _coordinates(rows: int, columns: int, like: Tensor) -> Tensor:
    """Return (1, rows * columns, 4): x and y over the width from the centre, y over the height, the aspect."""
    aspect = like.shape[-2] / like.shape[-1]
    x = (torch.arange(columns, device=like.device) + 0.5) / columns - 0.5
    y = (torch.arange(rows, device=like.device) + 0.5) / rows - 0.5
    yy, xx = torch.meshgrid(y, x, indexing="ij")
    stacked = torch.stack([xx, yy * aspect, yy, torch.full_like(xx, aspect - 0.75)], -1)
    return 2.0 * stacked.reshape(1, -1, 4)


def normalise(rgb: Tensor) -> Tensor:
    """Return the network's input for sRGB values (N, H, W, 3) uint8: (N, 3, H, W) float32, channels_last."""
    x = (rgb.permute(0, 3, 1, 2).float() / 255.0 - 0.5) / 0.25
    return x.contiguous(memory_format=torch.channels_last)


LOOKS = (1.0, 1.25)
"""Sizes, times that of the training, that a photo is looked at in, each also mirrored. Chosen on held-out generated
scenes: a quarter larger shows more, and the mean of four looks errs less than each."""


def size_for(aspect: float, pixels: int, multiple: int = 4) -> tuple[int, int]:
    """Return (width, height) of about `pixels` pixels, each a multiple of `multiple`; `aspect` is width / height."""
    width = max(multiple, round((pixels * aspect) ** 0.5 / multiple) * multiple)
    height = max(multiple, round((pixels / aspect) ** 0.5 / multiple) * multiple)
    return width, height


def glance(net: PreviewNet, rgb: NDArray[np.uint8], pixels: int, *, mirrored: bool = False) -> Prediction:
    """Return the prediction for a photo (H, W, 3), seen at about `pixels` pixels, once."""
    height, width = rgb.shape[:2]
    size = size_for(width / height, pixels, 16)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR)
    seen = normalise(torch.from_numpy(small)[None])
    with torch.inference_mode():
        if not mirrored:
            return net(seen)
        prediction = net(seen.flip(3))
        return Prediction(prediction.log_inverse.flip(2), prediction.sky_logit.flip(2), prediction.log_focal)


def look(net: PreviewNet, rgb: NDArray[np.uint8], pixels: int) -> Prediction:
    """Return the mean of several glances (`LOOKS`), as maps of the size of the largest one."""
    glances = [
        glance(net, rgb, round(pixels * scale**2), mirrored=mirrored)
        for scale in LOOKS
        for mirrored in (False, True)
    ]
    size = max((each.log_inverse.shape[1:] for each in glances), key=lambda shape: shape[0] * shape[1])

    def mean(maps: list[Tensor]) -> Tensor:
        grown = [
            functional.interpolate(each[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
            for each in maps
        ]
        return torch.stack(grown).mean(0)

    return Prediction(
        mean([each.log_inverse for each in glances]),
        mean([each.sky_logit for each in glances]),
        torch.stack([each.log_focal for each in glances]).mean(0),
    )


@dataclass(frozen=True)
class Weights:
    """A network from a weights file, and the file's metadata on its training."""

    net: PreviewNet
    samples: int
    """Number of images that it was trained on."""
    pixels: int
    """Size of the images at the end of the training, which is the best input size."""


def read_weights(path: Path) -> Weights:
    """Return the network of a weights file (`tools/preview/export.py`), in float32, ready to predict.

    Raises:
        ValueError: the file is of another network.
    """
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (not a dict)
    net = PreviewNet(NetworkConfig.from_dict(json.loads(metadata["config"])))
    missing, unknown = net.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unknown:
        raise ValueError(f"{path.name} is of another network: missing {missing[:3]}, unknown {unknown[:3]}")
    return Weights(net.eval(), int(metadata["samples"]), int(metadata["pixels"]))
