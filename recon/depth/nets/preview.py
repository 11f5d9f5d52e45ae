"""The preview network: one photo and its camera to rough metric depth, sky and an error for each pixel.

An EfficientNet-Lite encoder, transformer blocks on its coarsest map, and a convolutional decoder to half the
picture's size. ``tools/preview`` trains it.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from recon.depth.nets.efficientnet_lite import EfficientNetLite, tap_widths

_PLANES = 4
_SMALLEST_LOG_ERROR, _LARGEST_LOG_ERROR = -4.0, 1.0


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network."""

    encoder: int = 2
    """EfficientNet-Lite 0, 1 or 2."""
    tokens: int = 256
    blocks: int = 4
    heads: int = 4
    mlp_ratio: float = 2.0
    decoder: tuple[int, int, int, int] = (128, 96, 64, 40)
    """Channels of the decoder at 1/16, 1/8, 1/4 and 1/2."""

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "NetworkConfig":
        """The inverse of ``as_dict``."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, fit for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


class Camera(NamedTuple):
    """Cameras of N pictures, in units of the picture's width: all (N,)."""

    focal: Tensor
    centre_x: Tensor
    centre_y: Tensor
    """Principal point from the left and the top edge, both over the width."""
    known: Tensor
    """1 where the focal length is the camera's, 0 where it is a default."""


class Prediction(NamedTuple):
    """What the network predicts for N pictures of H x W; maps are (N, h, w) of half the size, rounded up.

    Each pixel's depth is a mixture of two Laplace distributions, so that a pixel at an occlusion boundary lies
    on one of its two surfaces and not between them (Tosi et al., "SMD-Nets: Stereo Mixture Density Networks",
    2021, eq. 4).
    """

    modes: Tensor
    """(N, 2, h, w): natural logarithm of canonical inverse depth C = f / (W z), in 1/m, of both modes."""
    log_errors: Tensor
    """(N, 2, h, w): natural logarithm of the Laplace scale of both modes."""
    logit: Tensor
    """Positive where the first mode is likelier than the second."""
    sky_logit: Tensor
    """Positive where sky is likelier than not."""

    @property
    def first(self) -> Tensor:
        """Whether the first mode has the higher density at its centre."""
        return self.logit - self.log_errors[:, 0] + self.log_errors[:, 1] > 0

    @property
    def log_inverse(self) -> Tensor:
        """Log canonical inverse depth of the likelier mode."""
        return torch.where(self.first, self.modes[:, 0], self.modes[:, 1])

    @property
    def log_error(self) -> Tensor:
        """Log Laplace scale of the likelier mode."""
        return torch.where(self.first, self.log_errors[:, 0], self.log_errors[:, 1])

    @property
    def variance(self) -> Tensor:
        """Mean square difference of log depth from that of the likelier mode, under the mixture.

        A Laplace distribution of scale b has the variance 2 b^2. Where the two modes are far apart and about equally
        likely, as at an occlusion boundary, most of it is that the other mode may be right.
        """
        share = torch.sigmoid(self.logit)
        own = 2 * torch.exp(2 * self.log_errors) + (self.modes - self.log_inverse[:, None]) ** 2
        return share * own[:, 0] + (1 - share) * own[:, 1]


class Attention(nn.Module):
    """One pre-norm transformer block."""

    def __init__(self, width: int, heads: int, mlp_ratio: float) -> None:
        super().__init__()
        self.heads = heads
        hidden = int(width * mlp_ratio)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(mixed.transpose(1, 2).reshape(n, length, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))


def _conv(cin: int, cout: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(cout), nn.ReLU()
    )


class _Up(nn.Module):
    """Joins the coarse map, the encoder's finer one and the camera's planes, and mixes them."""

    def __init__(self, coarse: int, skip: int, width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(coarse, width, 1)
        self.skip = nn.Conv2d(skip + _PLANES, width, 1)
        self.join = _conv(width, width)
        self.mix = nn.Sequential(
            _conv(width, width), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )
        nn.init.zeros_(self.mix[2].weight)  # type: ignore[arg-type]

    def forward(self, coarse: Tensor, skip: Tensor, planes: Tensor) -> Tensor:
        up = functional.interpolate(
            self.narrow(coarse), size=skip.shape[-2:], mode="bilinear", align_corners=False
        )
        x = self.join(up + self.skip(torch.cat([skip, planes.to(skip.dtype)], 1)))
        return functional.relu(x + self.mix(x))


class PreviewNet(nn.Module):
    """The network. Input: ``normalise``d pictures (N, 3, H, W) of at least 32 px a side, and their cameras."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or NetworkConfig()
        w2, w4, w8, w16, w32 = tap_widths(c.encoder)
        self.encoder = EfficientNetLite(c.encoder)
        self.to_tokens = nn.Conv2d(w32, c.tokens, 1)
        self.place = nn.Sequential(nn.Linear(_PLANES + 3, 64), nn.GELU(), nn.Linear(64, c.tokens))
        self.attention = nn.Sequential(*(Attention(c.tokens, c.heads, c.mlp_ratio) for _ in range(c.blocks)))
        d16, d8, d4, d2 = c.decoder
        self.up16 = _Up(c.tokens, w16, d16)
        self.up8, self.up4, self.up2 = _Up(d16, w8, d8), _Up(d8, w4, d4), _Up(d4, w2, d2)
        self.head = nn.Conv2d(d2, 6, 3, padding=1)
        # One offset per picture for depth and sky: the picture's overall scale.
        self.level = nn.Linear(c.tokens, 2)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.level.weight)
        with torch.no_grad():
            # About 2.7 m at f / W = 0.8; the two modes start a little apart, or both would learn the same.
            self.level.bias.copy_(torch.tensor([-1.2, -2.0]))
            self.head.bias.copy_(torch.tensor([0.05, -0.05, -1.5, -1.5, 0.0, 0.0]))  # type: ignore[union-attr]

    def forward(self, x: Tensor, camera: Camera) -> Prediction:
        """Predicts for a batch; see ``Prediction``."""
        aspect = x.shape[-2] / x.shape[-1]
        f2, f4, f8, f16, f32 = self.encoder(x)
        n, _, rows, columns = f32.shape
        planes = _planes(camera, rows, columns, aspect)
        where = torch.cat([planes, _coordinates(n, rows, columns, aspect, planes)], 1)
        tokens = self.to_tokens(f32).flatten(2).transpose(1, 2) + self.place(where.flatten(2).transpose(1, 2))
        tokens = self.attention(tokens)
        level = self.level(tokens.mean(1)).float()
        y = tokens.transpose(1, 2).reshape(n, -1, rows, columns).contiguous(memory_format=torch.channels_last)
        for up, skip in ((self.up16, f16), (self.up8, f8), (self.up4, f4), (self.up2, f2)):
            y = up(y, skip, _planes(camera, skip.shape[-2], skip.shape[-1], aspect))
        # Half precision would round the logarithm of depth to a percent.
        with torch.autocast(x.device.type, enabled=False):
            maps = self.head(y.float())
        return Prediction(
            modes=maps[:, 0:2] + level[:, 0, None, None, None],
            log_errors=maps[:, 2:4].clamp(_SMALLEST_LOG_ERROR, _LARGEST_LOG_ERROR),
            logit=maps[:, 4],
            sky_logit=maps[:, 5] + level[:, 1, None, None],
        )


def _grid(rows: int, columns: int, aspect: float, like: Tensor) -> tuple[Tensor, Tensor]:
    """Pixel centres over the picture's width, x and y, each (rows, columns)."""
    x = (torch.arange(columns, device=like.device) + 0.5) / columns
    y = (torch.arange(rows, device=like.device) + 0.5) / rows * aspect
    yy, xx = torch.meshgrid(y, x, indexing="ij")
    return xx, yy


def _planes(camera: Camera, rows: int, columns: int, aspect: float) -> Tensor:
    """The camera as planes (N, 4, rows, columns): ray x and y at z = 1, log focal length, whether it is known."""
    x, y = _grid(rows, columns, aspect, camera.focal)
    f, cx, cy, known = (each[:, None, None] for each in camera)
    ones = torch.ones_like(x)
    return torch.stack([(x - cx) / f, (y - cy) / f, torch.log(f) * ones, known * ones], 1)


def _coordinates(n: int, rows: int, columns: int, aspect: float, like: Tensor) -> Tensor:
    """Places in the picture (N, 3, rows, columns): x from the middle, y over the height, the aspect."""
    x, y = _grid(rows, columns, aspect, like)
    stacked = torch.stack([x - 0.5, y / aspect - 0.5, torch.full_like(x, aspect - 0.75)])
    return (2.0 * stacked).expand(n, -1, -1, -1)


def normalise(rgb: Tensor) -> Tensor:
    """The network's input from sRGB values (N, 3, H, W) in 0..1."""
    return ((rgb * 255 - 127) / 128).contiguous(memory_format=torch.channels_last)


def centred(focal_over_width: Tensor, aspect: float, known: bool = True) -> Camera:
    """Cameras whose principal point is the picture's centre; ``aspect`` is height over width."""
    half = torch.full_like(focal_over_width, 0.5)
    return Camera(focal_over_width, half, half * aspect, torch.full_like(half, float(known)))
