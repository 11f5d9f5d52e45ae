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

_MOST_MOVED = 0.25
_SMOOTH_SHARE = 0.02
_MOST_SIGMA = 1.0
_SPECK = 0.0005
"""Share of the picture below which a region has no say."""
_ISLAND, _ISLAND_DOUBT = 0.03, 0.15
"""A region that is no sky, up to this share of the picture, becomes sky if its mean probability of sky is higher: a
cloud does, a balloon does not."""
_GAP, _GAP_DOUBT = 0.01, 0.25
"""The same for sky within other things: a glint on water becomes water, the sky in an arch stays."""


class Look(NamedTuple):
    """What is seen in one photo, maps of about half the size that the network sees."""

    log_inverse: NDArray[np.float32]
    """(h, w) natural logarithm of canonical inverse depth C = f / (W z), 1/m."""
    sky: NDArray[np.float32]
    """(h, w) probability of sky."""
    log_sigma: NDArray[np.float32]
    """(h, w) standard deviation of log depth, as the network predicts it (see ``Weights.calibrated``)."""


def look(
    net: "PreviewNet", rgb: NDArray[np.uint8], focal_over_width: float, *, known: bool, pixels: int
) -> Look:
    """Looks at a photo and at its mirror image.

    Args:
        net: In evaluation mode.
        rgb: (H, W, 3) uint8 sRGB.
        focal_over_width: Focal length over the photo's width.
        known: It is the camera's, and no default.
        pixels: About how many pixels the network sees.
    """
    import torch

    from recon.depth.nets.preview import centred, normalise, size_for

    height, width = rgb.shape[:2]
    size = size_for(width / height, pixels)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR)
    seen = torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)[None].float() / 255
    camera = centred(torch.full((2,), focal_over_width), size[1] / size[0], known)
    with torch.inference_mode():
        found = net(normalise(torch.cat([seen, seen.flip(3)])), camera)
        maps = (found.log_inverse, torch.sigmoid(found.sky_logit), found.variance)
    return combined(*(each.numpy() for each in maps), width_px=size[0])


def combined(
    log_inverse: NDArray[np.float32],
    sky: NDArray[np.float32],
    variance: NDArray[np.float32],
    *,
    width_px: int,
) -> Look:
    """What is seen in both pictures, whose maps are (2, h, w): of the photo, and of its mirror image.

    Args:
        log_inverse: Log canonical inverse depth.
        sky: Probability of sky.
        variance: Of log depth.
        width_px: Of the picture that the network saw.
    """
    maps = (log_inverse, sky, variance)
    plain, mirrored = zip(*((m[0], m[1][:, ::-1]) for m in maps), strict=True)
    # The mirror image moves the map smoothly and not pixel by pixel: the mean of two outlines would be a soft one.
    moved = np.clip((mirrored[0] - plain[0]) / 2, -_MOST_MOVED, _MOST_MOVED)
    together = plain[0] + cv2.GaussianBlur(moved, (0, 0), width_px * _SMOOTH_SHARE)
    return Look(together, settled((plain[1] + mirrored[1]) / 2), np.sqrt((plain[2] + mirrored[2]) / 2))


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
    """Size of the pictures that it sees."""
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
