"""The variety of cameras and files, on the device: light, colour, lens, sharpness, noise, compression, frames.

Every function takes pictures (N, 3, H, W) in 0..1 and draws anew for each of them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def strong(x: Tensor, photos: Tensor | None = None) -> Tensor:
    """Return pictures as other cameras, lights and files would have left them; `photos` lend their colours (see
    `lend`).
    """
    if photos is not None:
        x = _some(0.25, x, lend(x, photos))
    x = _some(0.8, x, _light(x))
    x = _some(0.25, x, _vignette(x))
    x = _some(0.15, x, _flare(x))
    x = _some(0.35, x, _blur(x, 0.4, 1.8))
    x = _some(0.2, x, x + _uniform(x, 0.3, 1.2) * (x - _gaussian(x, 1.0)))
    x = _some(0.15, x, _coarse(x))
    x = _some(0.5, x, x + torch.randn_like(x) * _uniform(x, 0.0, 0.06))
    x = _some(0.35, x, _jpeg(x.clamp(0, 1)))
    x = _some(0.08, x, x.mean(1, keepdim=True).expand_as(x))
    return _some(0.04, x.clamp(0, 1), _frame(x.clamp(0, 1)))


def weak(x: Tensor) -> Tensor:
    """Return pictures with a little noise and light, for the teacher."""
    return (x * _uniform(x, 0.93, 1.07) + 0.01 * torch.randn_like(x)).clamp(0, 1)


def _uniform(x: Tensor, low: float, high: float, channels: int = 1) -> Tensor:
    return low + (high - low) * torch.rand(len(x), channels, 1, 1, device=x.device)


def _some(share: float, x: Tensor, changed: Tensor) -> Tensor:
    return torch.where(torch.rand(len(x), 1, 1, 1, device=x.device) < share, changed, x)


def _light(x: Tensor) -> Tensor:
    """Gamma, exposure, white balance, saturation, contrast."""
    x = x.clamp(1e-4, 1) ** torch.exp(0.3 * torch.randn(len(x), 1, 1, 1, device=x.device))
    gain = 0.2 * torch.randn(len(x), 1, 1, 1, device=x.device) + 0.09 * torch.randn(
        len(x), 3, 1, 1, device=x.device
    )
    x = (x * torch.exp(gain)).clamp(0, 1)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * _uniform(x, 0.3, 1.6)
    middle = x.mean((1, 2, 3), keepdim=True)
    return (middle + (x - middle) * _uniform(x, 0.6, 1.3)).clamp(0, 1)


def _radius2(x: Tensor) -> Tensor:
    """Squared distance from a random place near the middle, over the half diagonal."""
    h, w = x.shape[-2:]
    centre = 0.15 * torch.randn(len(x), 2, 1, 1, device=x.device)
    v = torch.linspace(-1, 1, h, device=x.device)[None, :, None] - centre[:, 0]
    u = torch.linspace(-1, 1, w, device=x.device)[None, None] - centre[:, 1]
    return (u**2 + v**2)[:, None] / 2


def _vignette(x: Tensor) -> Tensor:
    return x * (1 - _uniform(x, 0.1, 0.7) * _radius2(x)).clamp(0, 1)


def _flare(x: Tensor) -> Tensor:
    """A soft bright spot and veiling light, as from a lamp or the sun inside or just outside the image."""
    h, w = x.shape[-2:]
    at = torch.rand(len(x), 2, 1, 1, device=x.device) * 2.4 - 1.2
    v = torch.linspace(-1, 1, h, device=x.device)[None, :, None] - at[:, 0]
    u = torch.linspace(-1, 1, w, device=x.device)[None, None] - at[:, 1]
    spot = torch.exp(-(u**2 + v**2)[:, None] / _uniform(x, 0.01, 0.4))
    return (x + spot * _uniform(x, 0.2, 1.0) * _uniform(x, 0.7, 1.0, 3) + _uniform(x, 0.0, 0.15)).clamp(0, 1)


def _gaussian(x: Tensor, sigma: float) -> Tensor:
    reach = max(1, math.ceil(2.5 * sigma))
    k = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype) / sigma) ** 2)
    k = (k / k.sum()).expand(3, 1, -1)
    x = functional.conv2d(functional.pad(x, (reach, reach, 0, 0), "replicate"), k[:, :, None, :], groups=3)
    return functional.conv2d(functional.pad(x, (0, 0, reach, reach), "replicate"), k[:, :, :, None], groups=3)


def _blur(x: Tensor, low: float, high: float) -> Tensor:
    """One blur for the batch, by a random share for each picture."""
    sigma = low + (high - low) * float(torch.rand(()))
    return x + _uniform(x, 0.3, 1.0) * (_gaussian(x, sigma) - x)


def _coarse(x: Tensor) -> Tensor:
    """Fewer pixels, enlarged again."""
    h, w = x.shape[-2:]
    factor = 0.35 + 0.5 * float(torch.rand(()))
    small = functional.interpolate(x, size=(round(h * factor), round(w * factor)), mode="area")
    return functional.interpolate(small, size=(h, w), mode="bilinear", align_corners=False)


def _dct() -> Tensor:
    k = torch.arange(8.0)
    m = torch.cos(math.pi * (2 * k[None] + 1) * k[:, None] / 16) * 0.5
    m[0] *= 0.5**0.5
    return m


def _jpeg(x: Tensor) -> Tensor:
    """The blocks and ringing of JPEG: 8 x 8 cosine transforms, rounded more coarsely the finer they are."""
    n, c, h, w = x.shape
    hh, ww = h // 8 * 8, w // 8 * 8
    m = _dct().to(x)
    blocks = x[..., :hh, :ww].reshape(n, c, hh // 8, 8, ww // 8, 8).transpose(3, 4)
    k = torch.arange(8.0, device=x.device)
    step = (1 + k[:, None] + k[None]) * _uniform(x, 0.003, 0.03)[..., None, None].square().sqrt()
    coefficients = m @ blocks @ m.T
    rounded = torch.round(coefficients / step) * step
    out = x.clone()
    out[..., :hh, :ww] = (m.T @ rounded @ m).transpose(3, 4).reshape(n, c, hh, ww)
    return out


def _frame(x: Tensor) -> Tensor:
    """The plain border that some files carry."""
    out = x.clone()
    edge = max(1, int(x.shape[-1] * (0.01 + 0.04 * float(torch.rand(())))))
    colour = float(torch.rand(()) < 0.5)
    out[..., :edge, :], out[..., -edge:, :], out[..., :edge], out[..., -edge:] = (colour,) * 4
    return out


def lend(x: Tensor, photos: Tensor, reach: float = 0.02) -> Tensor:
    """Return the pictures with the low frequencies' amplitudes of photos: their colours and light (Yang and
    Soatto, "FDA: Fourier Domain Adaptation for Semantic Segmentation", 2020).
    """
    h, w = x.shape[-2:]
    photos = photos[torch.randint(len(photos), (len(x),), device=x.device)]
    if photos.shape[-2:] != (h, w):
        photos = functional.interpolate(photos, size=(h, w), mode="bilinear", align_corners=False)
    ours, theirs = torch.fft.rfft2(x.float()), torch.fft.rfft2(photos.float())
    b = max(1, int(min(h, w) * reach))
    near = torch.zeros(ours.shape[-2:], dtype=torch.bool, device=x.device)
    near[:b, :b] = near[-b:, :b] = True
    amplitude = torch.where(near, theirs.abs(), ours.abs())
    mixed = torch.fft.irfft2(torch.polar(amplitude, ours.angle()), s=(h, w))
    return mixed.clamp(0, 1)
