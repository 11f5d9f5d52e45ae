"""Pairs and estimators whose errors are known."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from synthetic import CAMERA, floor_and_wall, with_box

from recon.depthfile import read_depth
from recon.errors import ModelUnavailable
from recon.journal import Journal
from recon.types import DepthEstimate, MetricDepth, Photo, RelativeDepth

TRUE_M = with_box(floor_and_wall(), slice(30, 90), slice(50, 100), 2.0)
"""(120, 160) m."""


@dataclass
class Fake:
    """Gives the truth of the photo's name, changed by ``change``."""

    folder: Path
    change: Callable[[NDArray[np.float32]], NDArray[Any]] = lambda z: z
    name: str = "fake"
    gives: Literal["metric", "relative"] = "metric"
    focal_px: float | None = None
    told_px: float | None = None

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """The truth, resized by nothing: fakes are for truths of the photo's own size."""
        self.told_px = focal_px
        assert photo.name is not None
        file = read_depth(self.folder / photo.name.replace(".jpg", ".png"))
        changed = self.change(file.z_m).astype(np.float32)
        kind = MetricDepth if self.gives == "metric" else RelativeDepth
        return DepthEstimate(kind(changed, file.valid), self.name, focal_px=self.focal_px)


@dataclass
class Missing:
    """Has no weights."""

    name: str = "missing"
    gives: Literal["metric", "relative"] = "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Raises."""
        raise ModelUnavailable("no weights")


def make(folder: Path, names: tuple[str, ...] = ("a", "b", "c")) -> None:
    """Good pairs, each 10 % farther than the one before."""
    rng = np.random.default_rng(0)
    for k, name in enumerate(names):
        rgb = rng.integers(0, 256, (*TRUE_M.shape, 3)).astype(np.uint8)
        Image.fromarray(rgb).save(folder / f"{name}.jpg")
        Image.fromarray(np.rint(1000 * (1 + 0.1 * k) * TRUE_M).astype(np.uint16)).save(folder / f"{name}.png")
    write(folder, {name: entry(name) for name in names})


def entry(name: str, **changed: Any) -> dict[str, Any]:
    """Of the manifest."""
    camera = [CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy]
    usual = {
        "rgb": f"{name}.jpg",
        "depth": f"{name}.png",
        "depth_units_per_metre": 1000,
        "K_fx_fy_cx_cy": camera,
    }
    return {**usual, "kind": "render", "scene": "indoor", **changed}


def write(folder: Path, entries: Any) -> None:
    """The manifest."""
    (folder / "pairs.json").write_text(json.dumps(entries))
