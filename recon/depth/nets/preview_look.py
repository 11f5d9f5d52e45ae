"""Runs the preview network on a photo, and reads its weights file; only these two load torch."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

if TYPE_CHECKING:
    from recon.depth.nets.preview import PreviewNet

_CLOSER = 2.46
"""Pixels of the closer look, over those of the first."""
_SMOOTH_SHARE = 0.03
"""Over the map's width: the closer look decides what is finer than this standard deviation, the first the rest."""
_STEP, _STEP_REACH = 0.25, 7
"""Change of log depth within 5 pixels that is an outline in the closer look, and the pixels around it that belong."""
_MOST_SIGMA = 1.0
_SPECK = 0.0005
"""Share of the picture below which a region has no say."""
_ISLAND, _ISLAND_DOUBT = 0.03, 0.15
"""A region that is no sky, up to this share of the picture, becomes sky if its mean probability of sky is higher: a
cloud does, a balloon does not."""
_GAP, _GAP_DOUBT = 0.01, 0.25
"""The same for sky within other things: a glint on water becomes water, the sky in an arch stays."""


class Look(NamedTuple):
    """What is seen in one photo, maps of about half the size of the closer look."""

    log_inverse: NDArray[np.float32]
    """(h, w) natural logarithm of canonical inverse depth C = f / (W z), 1/m."""
    sky: NDArray[np.float32]
    """(h, w) probability of sky."""
    log_sigma: NDArray[np.float32]
    """(h, w) standard deviation of log depth, as the network predicts it (see ``Weights.calibrated``)."""


def size_for(aspect: float, pixels: int, multiple: int = 32) -> tuple[int, int]:
    """Returns (width, height) of about ``pixels`` pixels, multiples of ``multiple``; aspect: width over height."""
    width = max(multiple, round((pixels * aspect) ** 0.5 / multiple) * multiple)
    height = max(multiple, round((pixels / aspect) ** 0.5 / multiple) * multiple)
    return width, height


def size_of_closer(aspect: float, pixels: int) -> tuple[int, int]:
    """(width, height) of the closer look's picture, px; ``aspect``: width over height, ``pixels``: of the first."""
    return size_for(aspect, round(_CLOSER * pixels))


class Maps(NamedTuple):
    """What the network predicts for n pictures of one size."""

    log_inverse: NDArray[np.float32]
    """(n, h, w) log canonical inverse depth."""
    sky: NDArray[np.float32]
    """(n, h, w) probability of sky."""
    variance: NDArray[np.float32]
    """(n, h, w) of log depth."""


def look(
    net: "PreviewNet", rgb: NDArray[np.uint8], focal_over_width: float, *, known: bool, pixels: int
) -> Look:
    """Looks at a photo and at its mirror image, then closer, for the outlines.

    Args:
        net: In evaluation mode.
        rgb: (H, W, 3) uint8 sRGB.
        focal_over_width: Focal length over the photo's width.
        known: It is the camera's, and no default.
        pixels: About how many pixels the network sees in the first look.
    """
    import torch

    from recon.depth.nets.preview import centred, normalise

    def maps(size: tuple[int, int], *, mirrored: bool) -> Maps:
        shrinks = size[0] < rgb.shape[1]
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        seen = torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)[None].float() / 255
        if mirrored:
            seen = torch.cat([seen, seen.flip(3)])
        camera = centred(torch.full((len(seen),), focal_over_width), size[1] / size[0], known)
        found = net(normalise(seen), camera)
        return Maps(found.log_inverse.numpy(), torch.sigmoid(found.sky_logit).numpy(), found.variance.numpy())

    aspect = rgb.shape[1] / rgb.shape[0]
    with torch.inference_mode():
        both = maps(size_for(aspect, pixels), mirrored=True)
        return combined(both, maps(size_of_closer(aspect, pixels), mirrored=False))


def combined(both: Maps, close: Maps) -> Look:
    """What the looks give together, at the size of the closer one.

    A network sees outlines sharper in a larger picture, but distances best, and walls flat, at the size that most
    of its training had: around the outlines of the closer look, that look is moved smoothly to the mean of the two
    others, and elsewhere the mean stays.

    Args:
        both: Of the photo, and of its mirror image.
        close: Of the photo, in a larger picture.
    """
    height, width = close.log_inverse.shape[1:]
    log_inverse, sky, variance = (
        cv2.resize((m[0] + m[1][:, ::-1]) / 2, (width, height), interpolation=cv2.INTER_LINEAR) for m in both
    )
    apart = close.log_inverse[0] - log_inverse
    sharper = apart - cv2.GaussianBlur(apart, (0, 0), _SMOOTH_SHARE * width)
    sigma = np.sqrt((variance + close.variance[0]) / 2)
    together = log_inverse + _near_outlines(close.log_inverse[0]) * sharper
    return Look(np.asarray(together, np.float32), settled(np.asarray(sky, np.float32)), sigma)


def _near_outlines(log_inverse: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) 1 at outlines, 0 away from them, with a soft border."""
    around = np.ones((5, 5), np.uint8)
    step = cv2.dilate(log_inverse, around) - cv2.erode(log_inverse, around) > _STEP
    near = cv2.dilate(step.astype(np.float32), np.ones((_STEP_REACH, _STEP_REACH), np.uint8))
    return np.asarray(cv2.GaussianBlur(near, (0, 0), 2), np.float32)


def calibrated_sigma(log_sigma: NDArray[np.float32], factor: float, power: float) -> NDArray[np.float32]:
    """The standard deviation of log depth from the predicted one; at most 1, which is no knowledge."""
    return np.asarray(np.minimum(factor * log_sigma**power, _MOST_SIGMA), np.float32)


@dataclass(frozen=True)
class Weights:
    """A network from a weights file, and how it was trained."""

    net: "PreviewNet"
    samples: int
    """Pictures that it was trained on."""
    pixels: int
    """Of the pictures that it sees first, see ``look``."""
    sigma_factor: float = 1.0
    """The standard deviation of log depth is ``sigma_factor * predicted ** sigma_power``, by photos that were held
    out from the training (``tools/preview/calibrate_sigma.py``)."""
    sigma_power: float = 1.0
    """See ``sigma_factor``."""

    def calibrated(self, log_sigma: NDArray[np.float32]) -> NDArray[np.float32]:
        """The standard deviation of log depth from the predicted one; at most 1, which is no knowledge."""
        return calibrated_sigma(log_sigma, self.sigma_factor, self.sigma_power)


def read_weights(path: Path) -> Weights:
    """Returns the network of a weights file (``tools/preview/export.py``), in float32, ready to predict.

    Raises:
        ValueError: The file is of another network.
    """
    import torch

    from recon.depth.nets.preview import NetworkConfig, PreviewNet

    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (not a dict)
    net = PreviewNet(NetworkConfig.from_dict(json.loads(metadata["config"])))
    missing, unknown = net.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unknown:
        raise ValueError(f"{path.name} is of another network: missing {missing[:3]}, unknown {unknown[:3]}")
    net = net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Weights(
        net,
        int(metadata["samples"]),
        int(metadata["pixels"]),
        float(metadata.get("sigma_factor", 1.0)),
        float(metadata.get("sigma_power", 1.0)),
    )


def settled(sky: NDArray[np.float32]) -> NDArray[np.float32]:
    """The probability of sky (h, w), 1 - p in small doubtful regions on the other side of 0.5."""
    found = _settled(sky, sky > 0.5, _GAP, _GAP_DOUBT, 1 - sky)
    return _settled(found, found <= 0.5, _ISLAND, _ISLAND_DOUBT, found)


def _settled(
    sky: NDArray[np.float32],
    region: NDArray[np.bool_],
    share: float,
    doubt: float,
    against: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Turns over the connected parts of a region that are specks, or small and doubtful, but not the largest part."""
    count, labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    if count <= 2:  # the rest of the picture, and one part
        return sky
    area = np.bincount(labels.ravel(), minlength=count)
    mean = np.bincount(labels.ravel(), against.ravel(), minlength=count) / area
    turned = (area < _SPECK * sky.size) | ((area < share * sky.size) & (mean > doubt))
    turned[0] = False
    turned[1 + int(area[1:].argmax())] = False
    return np.where(turned[labels], 1 - sky, sky).astype(np.float32)
