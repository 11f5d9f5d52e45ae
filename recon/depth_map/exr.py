"""Finds the depth in an EXR file: by the meaning of its parts, layers and channels, never by a last letter."""

import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import DepthFileError

DEPTH_NAMES = frozenset({"z", "depth", "depthm", "zdepth", "depthz", "zm", "zbuffer", "pz"})
"""Names of layers, parts and channels that mean z-depth, without their signs and in small letters."""
OTHER_QUANTITIES = frozenset(
    (
        *("a", "alpha", "mask", "matte", "shadow", "ao", "mist", "id", "index", "uv", "st"),
        *("n", "normal", "normals", "p", "pos", "position", "positions", "point", "points"),
        *("vector", "velocity", "motion", "speed", "flow"),
        *(
            "disparity",
            "disp",
            "inverse",
            "confidence",
            "conf",
            "uncertainty",
            "variance",
            "weight",
            "facing",
            "ratio",
        ),
    )
)
"""A layer, part or single channel with one of these words holds something else, even if its only channel is Z."""
DEPTH_CHANNELS = ("z", "v", "y", "r", "depth", "d", "l")
"""Channels of a depth layer, in the order in which they are tried."""
MAX_PIXELS = 250_000_000
"""Largest display window, px."""


@dataclass(frozen=True)
class ExrChannel:
    """One channel of one part."""

    part: str
    """Name of the part; empty in a file of one part."""
    name: str
    """Full name, such as ``ViewLayer.Depth.Z``."""
    pixels: NDArray[Any]
    """The values inside the data window."""
    data_window: tuple[int, int, int, int]
    """First column and row, last column and row, px."""
    display_window: tuple[int, int, int, int]
    """The same of the picture that the file is of."""

    @property
    def last(self) -> str:
        """The name inside its layer, in small letters."""
        return self.name.rpartition(".")[2].lower()

    @property
    def layer(self) -> tuple[str, str]:
        """The part and the layer, which distinguish channels with the same last name."""
        return self.part, self.name.rpartition(".")[0]

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.part}: {self.name}" if self.part and not self.name.startswith(self.part) else self.name


def read_exr(path: Path) -> tuple[NDArray[Any], str]:
    """The depth of an EXR file on the grid of its display window; 0 outside the data window.

    Returns:
        (h, w) values as stored, and the name of the channel.

    Raises:
        DepthFileError: The file is damaged, or no channel or more than one may be depth.
    """
    channels = _read_channels(path)
    matches = depth_channels(channels)
    held = ", ".join(sorted(one.label for one in channels)) or "none"
    if not matches:
        raise DepthFileError(
            f"{path}: expected one channel of depth (Depth.Z, Depth.V, Z or depth), got {held}. If one of them is "
            "depth, export it alone or name it Z."
        )
    if len(matches) > 1 and not all(np.array_equal(matches[0].pixels, one.pixels) for one in matches[1:]):
        names = ", ".join(one.label for one in matches)
        raise DepthFileError(f"{path}: several channels may be depth ({names}). Export the right one alone.")
    return _placed(path, matches[0]), matches[0].label


def depth_channels(channels: list[ExrChannel]) -> list[ExrChannel]:
    """The channels that may be depth, all of the same rank; the surest rank that the file has.

    First a channel of a layer or part that is called depth, then a channel that is itself called Z or depth and is
    no coordinate of a vector, then the only values of a file that holds nothing else.
    """
    layers: dict[tuple[str, str], dict[str, ExrChannel]] = {}
    for one in channels:
        layers.setdefault(one.layer, {})[one.last] = one
    named = [
        _scalar(layer)
        for (part, name), layer in layers.items()
        if _is_depth_layer([*part.split("."), *name.split(".")])
    ]
    bare = [
        one
        for (part, name), layer in layers.items()
        if not _is_vector(layer) and not _other(part) and (not name or _is_view(name, layer))
        for last, one in layer.items()
        if _plain(last) in DEPTH_NAMES
    ]
    by_layer = [one for one in named if one is not None]
    return by_layer or bare or _only_values(layers)


def _read_channels(path: Path) -> list[ExrChannel]:
    # Not with OpenCV, whose wheels are built without OpenEXR.
    import OpenEXR

    try:
        # OpenEXR prints warnings to stdout, which the application uses for its output.
        with redirect_stdout(StringIO()), OpenEXR.File(str(path), separate_channels=True) as file:
            several = len(file.parts) > 1
            # Of a damaged part the library gives no channels, without an error.
            if not file.parts or not all(part.channels for part in file.parts):
                raise ValueError("it has a part without pixels")
            return [
                ExrChannel(
                    part=str(part.header.get("name", "")) if several else "",
                    name=name,
                    pixels=np.array(channel.pixels),
                    data_window=_window(part.header["dataWindow"]),
                    display_window=_window(part.header["displayWindow"]),
                )
                for part in file.parts
                for name, channel in part.channels.items()
            ]
    except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
        raise DepthFileError(f"{path}: cannot be read as an EXR file ({error}).") from error


def _window(corners: Any) -> tuple[int, int, int, int]:
    (left, top), (right, bottom) = corners
    return int(left), int(top), int(right), int(bottom)


def _scalar(layer: Mapping[str, ExrChannel]) -> ExrChannel | None:
    """The one value per pixel of a depth layer; None where it holds vectors or a colour picture of depth."""
    values = {last: one for last, one in layer.items() if last not in ("a", "alpha")}
    if _is_vector(values) or not _is_grey(values):
        return None
    if len(values) == 1:
        last, only = next(iter(values.items()))
        return None if _other(last) else only
    return next((values[last] for last in DEPTH_CHANNELS if last in values), None)


def _only_values(layers: Mapping[tuple[str, str], Mapping[str, ExrChannel]]) -> list[ExrChannel]:
    """A single channel, or the three equal ones that Blender writes for a grey result, and nothing else but alpha."""
    if len(layers) != 1:
        return []
    ((part, name), layer) = next(iter(layers.items()))
    if _other(part) or _other(name):
        return []
    values = {last: one for last, one in layer.items() if last not in ("a", "alpha")}
    colours = values.keys() == {"r", "g", "b"} and _is_grey(values)
    single = len(values) == 1 and not any(_other(last) for last in values)
    return [next(iter(values.values()))] if colours or single else []


def _is_depth_layer(words: list[str]) -> bool:
    """Whether a word means depth, and none behind it something else: ``Mask.Depth``, but not ``Depth.Normal``.

    What stands before is the name of a view or a scene, which may be any word.
    """
    last = max((k for k, word in enumerate(words) if _plain(word) in DEPTH_NAMES), default=None)
    return last is not None and not any(_other(word) for word in words[last:])


def _is_vector(layer: Mapping[str, ExrChannel]) -> bool:
    return "x" in layer or ("y" in layer and "z" in layer)


def _is_grey(layer: Mapping[str, ExrChannel]) -> bool:
    """False for colours: unequal R, G and B, or luminance with chroma."""
    if "ry" in layer or "by" in layer:
        return False
    colours = [layer[last] for last in ("r", "g", "b") if last in layer]
    return all(np.array_equal(colours[0].pixels, one.pixels, equal_nan=True) for one in colours[1:])


def _is_view(name: str, layer: Mapping[str, ExrChannel]) -> bool:
    """Whether a layer is a whole rendered view, whose Z is depth: called so, or with colours next to it."""
    return not _other(name) and ("layer" in name.lower() or {"r", "g", "b"} <= layer.keys())


def _other(name: str) -> bool:
    """Whether a word of the name means another quantity: ``Normal``, ``DenoisingNormal``, ``motion_vector``."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return any(word.lower() in OTHER_QUANTITIES for word in words)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _placed(path: Path, channel: ExrChannel) -> NDArray[Any]:
    """The values at their place in the display window, cut where they go beyond it."""
    left, top, right, bottom = channel.display_window
    x, y, last_x, last_y = channel.data_window
    width, height = right - left + 1, bottom - top + 1
    if channel.pixels.shape != (last_y - y + 1, last_x - x + 1):
        raise DepthFileError(
            f"{path}: channel {channel.label!r} is not stored at full resolution, one value each."
        )
    if channel.data_window == channel.display_window:
        return channel.pixels
    x0, y0, x1, y1 = max(x, left), max(y, top), min(last_x, right) + 1, min(last_y, bottom) + 1
    if x0 >= x1 or y0 >= y1 or width * height > MAX_PIXELS:
        raise DepthFileError(
            f"{path}: the data window {channel.data_window} does not fit the display window "
            f"{channel.display_window}."
        )
    placed = np.zeros((height, width), channel.pixels.dtype)
    placed[y0 - top : y1 - top, x0 - left : x1 - left] = channel.pixels[y0 - y : y1 - y, x0 - x : x1 - x]
    return placed
