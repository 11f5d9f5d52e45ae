"""EfficientNet-Lite, the encoder of the preview network, without its classifier.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, in the "Lite" form of
2020: no squeeze-and-excitation, ReLU6, a stem that does not scale. Strided convolutions pad as TensorFlow's
"SAME" does (more at the right and at the bottom), since the ImageNet weights were trained so.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

_STEM = 32
_NORM_EPS = 1e-3


@dataclass(frozen=True)
class _Stage:
    """Inverted bottlenecks of one width; the first one has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    width: int


# Table 1 of the paper.
_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
# Width and depth coefficients of the sizes.
_COEFFICIENTS = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
# The stages whose outputs are at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture.
_TAPS = (0, 1, 2, 4, 6)


def tap_widths(size: int) -> tuple[int, int, int, int, int]:
    """Channels of the five feature maps of EfficientNet-Lite ``size`` (0 to 2), finest first."""
    first, second, third, fourth, fifth = (
        _rounded(_STAGES[tap].width, _COEFFICIENTS[size][0]) for tap in _TAPS
    )
    return first, second, third, fourth, fifth


def _rounded(width: int, factor: float) -> int:
    """The width times the factor as a multiple of 8, at most 10 % less (the paper's program rounds so)."""
    scaled = width * factor
    nearest = max(8, int(scaled + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * scaled else nearest


class _SameConv(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's "SAME"."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            cin, cout, kernel, stride, padding=kernel // 2 if stride == 1 else 0, groups=groups, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 1:
            return super().forward(x)
        pads = []
        for side in (x.shape[3], x.shape[2]):
            total = max((-(-side // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - side, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(x, pads))


class Bottleneck(nn.Module):
    def __init__(self, cin: int, stage: _Stage, cout: int, stride: int) -> None:
        super().__init__()
        wide = cin * stage.expansion
        self.skips = stride == 1 and cin == cout
        self.expand = (
            nn.Identity()
            if stage.expansion == 1
            else nn.Sequential(_SameConv(cin, wide, 1), _norm(wide), nn.ReLU6())
        )
        self.depthwise = nn.Sequential(
            _SameConv(wide, wide, stage.kernel, stride, groups=wide), _norm(wide), nn.ReLU6()
        )
        self.project = nn.Sequential(_SameConv(wide, cout, 1), _norm(cout))

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.skips else y


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=_NORM_EPS, momentum=0.01)


class EfficientNetLite(nn.Module):
    """The encoder: a picture (N, 3, H, W), ``(sRGB - 127) / 128``, to five feature maps, finest first."""

    def __init__(self, size: int) -> None:
        super().__init__()
        width_factor, depth_factor = _COEFFICIENTS[size]
        self.stem = nn.Sequential(_SameConv(3, _STEM, 3, 2), _norm(_STEM), nn.ReLU6())
        self.stages = nn.ModuleList()
        cin = _STEM
        for k, stage in enumerate(_STAGES):
            cout = _rounded(stage.width, width_factor)
            # The first and the last stage are not made deeper.
            fixed = k in (0, len(_STAGES) - 1)
            repeats = stage.repeats if fixed else -int(-(stage.repeats * depth_factor) // 1)
            blocks = [
                Bottleneck(cin if b == 0 else cout, stage, cout, stage.stride if b == 0 else 1)
                for b in range(repeats)
            ]
            self.stages.append(nn.Sequential(*blocks))
            cin = cout

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        maps = []
        for k, stage in enumerate(self.stages):
            x = stage(x)
            if k in _TAPS:
                maps.append(x)
        return maps
