"""What the trainer draws from: generated views, real pairs and photos, on the device, cropped there to batches.

Depth is sampled at the nearest pixel, so that no depth between two surfaces arises; colours are interpolated.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recon.depth.nets.preview import Camera
from tools.preview.shards import read_shard, shard_paths

DEFAULT_FOCAL_OVER_LONG = 0.5 / float(np.tan(np.deg2rad(60) / 2))
"""Of a photo whose camera is not known: the long side under 60 degrees."""
_FARTHEST_M = 30_000.0
_SKY = 1e6


@dataclass(frozen=True)
class Batch:
    """N images and their labels; maps have half the size of the images.

    `rgb` (N, 3, H, W) in 0..1; `camera` as given to the network; `log_inverse` (N, h, w) for that camera; `valid`
    (N, h, w) bool; `sky` (N, h, w): 1 sky, 0 not, -1 unknown; `metric` (N,) bool: the scale is known, not only
    the shape.
    """

    rgb: Tensor
    camera: Camera
    log_inverse: Tensor
    valid: Tensor
    sky: Tensor
    metric: Tensor

    def __len__(self) -> int:
        return len(self.rgb)


@dataclass(frozen=True)
class Item:
    """One picture on the device: `rgb` (3, H, W) uint8, `z_m` (H, W) float32: 0 unknown, inf sky; f / W."""

    rgb: Tensor
    z_m: Tensor
    focal: float
    focal_known: bool
    metric: bool
    sky_known: bool


@dataclass(frozen=True)
class Crop:
    """A window of the source in its pixels, and whether it is mirrored."""

    x: float
    y: float
    width: float
    mirrored: bool


def draw_crop(
    rng: np.random.Generator, source: tuple[int, int], size: tuple[int, int], smallest: float
) -> Crop:
    """Return a window of the shape of `size` (h, w) in a source (h, w): half of the time the largest one, else
    down to `smallest` of it.
    """
    aspect = size[0] / size[1]
    widest = min(source[1], source[0] / aspect)
    width = widest * (1.0 if rng.random() < 0.5 else rng.uniform(smallest, 1.0))
    free = source[1] - width, source[0] - width * aspect
    at = np.clip(rng.normal(0.5, 0.25, 2), 0, 1)
    return Crop(free[0] * at[0], free[1] * at[1], width, bool(rng.random() < 0.5))


def _sample(images: Tensor, crops: list[Crop], size: tuple[int, int], mode: str) -> Tensor:
    """Return (N, C, h, w): a window each of images (N, C, H, W)."""
    h, w = size
    height, width = images.shape[-2:]
    numbers = torch.tensor([(c.x, c.y, c.width, c.mirrored) for c in crops], dtype=torch.float32)
    x0, y0, wide, mirrored = numbers.to(images.device, non_blocking=True).unbind(1)
    u = (torch.arange(w, device=images.device) + 0.5) / w
    u = torch.where(mirrored[:, None] > 0, 1 - u, u)
    x = x0[:, None] + u * wide[:, None]
    y = y0[:, None] + (torch.arange(h, device=images.device) + 0.5) / w * wide[:, None]
    grid = torch.stack(
        [(2 * x / width - 1)[:, None].expand(-1, h, -1), (2 * y / height - 1)[:, :, None].expand(-1, -1, w)],
        -1,
    )
    return functional.grid_sample(images.float(), grid, mode, "border", align_corners=False)


def crop_camera(item: Item, crop: Crop, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Return f, cx, cy over the crop's width, and whether f is known; one in four is given the default instead."""
    height, width = item.rgb.shape[-2:]
    known = item.focal_known and rng.random() < 0.75
    focal = item.focal if known else DEFAULT_FOCAL_OVER_LONG * max(width, height) / width
    cx = (width / 2 - crop.x) / crop.width
    return (
        focal * width / crop.width,
        1 - cx if crop.mirrored else cx,
        (height / 2 - crop.y) / crop.width,
        float(known),
    )


def assemble(items: list[Item], size: tuple[int, int], rng: np.random.Generator, smallest: float) -> Batch:
    """Return a batch of one random crop of each item at `size` (h, w); items of one shape come together."""
    half = (size[0] // 2, size[1] // 2)
    groups: dict[tuple[int, ...], list[Item]] = defaultdict(list)
    for item in items:
        groups[tuple(item.rgb.shape)].append(item)
    device = items[0].rgb.device
    rgb, depth, cameras, sky_known, metric = [], [], [], [], []
    for shape, group in groups.items():
        crops = [draw_crop(rng, (shape[1], shape[2]), size, smallest) for _ in group]
        rgb.append(_sample(torch.stack([item.rgb for item in group]), crops, size, "bilinear"))
        z = torch.stack([item.z_m for item in group])[:, None]
        depth.append(_sample(torch.nan_to_num(z.float(), posinf=_SKY), crops, half, "nearest")[:, 0])
        cameras += [crop_camera(item, crop, rng) for item, crop in zip(group, crops, strict=True)]
        sky_known += [item.sky_known for item in group]
        metric += [item.metric for item in group]
    z = torch.cat(depth)
    camera = Camera(*torch.tensor(cameras, dtype=torch.float32).to(device, non_blocking=True).unbind(1))
    sky = z >= _SKY
    valid = (z > 0) & (z < _FARTHEST_M)
    log_inverse = torch.log(camera.focal)[:, None, None] - torch.log(z.clamp(0.02, _FARTHEST_M))
    labelled = torch.tensor(sky_known).to(device)[:, None, None] | valid
    return Batch(
        rgb=torch.cat(rgb) / 255,
        camera=camera,
        log_inverse=torch.where(valid, log_inverse, 0.0),
        valid=valid,
        sky=torch.where(labelled, sky.float(), -1.0),
        metric=torch.tensor(metric).to(device),
    )


def joined(batches: list[Batch]) -> Batch:
    """Return the batches as one."""
    parts = [[getattr(b, name) for b in batches] for name in ("rgb", "log_inverse", "valid", "sky", "metric")]
    rgb, log_inverse, valid, sky, metric = (torch.cat(part) for part in parts)
    camera = Camera(*(torch.cat(each) for each in zip(*(b.camera for b in batches), strict=True)))
    return Batch(rgb, camera, log_inverse, valid, sky, metric)


class ViewPool:
    """Generated views by size, on the device; the oldest give way above `limit_bytes`."""

    def __init__(self, folder: Path, device: torch.device, limit_bytes: float) -> None:
        self._folder, self._device, self._limit = folder, device, limit_bytes
        self._seen: set[str] = set()
        self._groups: dict[tuple[int, int], list[Item]] = defaultdict(list)
        self._bytes = 0.0

    def __len__(self) -> int:
        return sum(len(group) for group in self._groups.values())

    def refresh(self, most: int = 4) -> None:
        """Take in up to `most` new shards."""
        new = [path for path in shard_paths(self._folder) if path.name not in self._seen]
        for path in new[:most]:
            self._seen.add(path.name)
            shard = read_shard(path)
            rgb = torch.from_numpy(shard.rgb).to(self._device).permute(0, 3, 1, 2).contiguous()
            z = torch.from_numpy(shard.z_m).to(self._device)
            group = self._groups[tuple(shard.rgb.shape[1:3])]
            group += [
                Item(rgb[k], z[k], float(f), True, True, True) for k, f in enumerate(shard.focal_over_width)
            ]
            self._bytes += rgb.nbytes + z.nbytes
            while self._bytes > self._limit and len(group) > 1000:
                gone = group.pop(0)
                self._bytes -= gone.rgb.nbytes + gone.z_m.nbytes

    def draw(self, count: int, rng: np.random.Generator) -> tuple[list[Item], float]:
        """Return `count` views of one aspect ratio, and that (w / h); raises LookupError on an empty pool."""
        if not len(self):
            raise LookupError(f"no shards in {self._folder}: run the generator first")
        shapes = list(self._groups)
        weight = np.array([len(self._groups[shape]) for shape in shapes], float)
        shape = shapes[int(rng.choice(len(shapes), p=weight / weight.sum()))]
        group = self._groups[shape]
        return [group[int(k)] for k in rng.integers(len(group), size=count)], shape[1] / shape[0]


class PairPool:
    """Real pairs, drawn by place: each place as often as another, however many pairs it has."""

    def __init__(
        self, folder: Path, places: set[str] | None, without: set[str], device: torch.device
    ) -> None:
        self._places: dict[str, list[Item]] = defaultdict(list)
        for entry in read_train_pairs(folder):
            if entry.place in without or (places is not None and entry.place not in places):
                continue
            self._places[entry.place].append(entry.item(device))

    def __len__(self) -> int:
        return sum(len(group) for group in self._places.values())

    def draw(self, count: int, rng: np.random.Generator) -> list[Item]:
        """Return `count` pairs."""
        # The square root stands between one vote a place and one a pair: a room seen 20 times teaches more than
        # a shelf.
        names = list(self._places)
        weight = np.array([len(self._places[name]) for name in names]) ** 0.5
        result = []
        for k in rng.choice(len(names), size=count, p=weight / weight.sum()):
            group = self._places[names[int(k)]]
            result.append(group[int(rng.integers(len(group)))])
        return result


@dataclass(frozen=True)
class TrainPair:
    """A real photo with depth: `rgb` (H, W, 3) uint8, `z_m` (H, W) float32, 0 unknown, f / W or None."""

    name: str
    place: str
    rgb: np.ndarray
    z_m: np.ndarray
    focal: float | None
    metric: bool

    def item(self, device: torch.device) -> Item:
        """Return the pair on the device."""
        height, width = self.rgb.shape[:2]
        focal = self.focal or DEFAULT_FOCAL_OVER_LONG * max(width, height) / width
        rgb = torch.from_numpy(np.ascontiguousarray(self.rgb.transpose(2, 0, 1))).to(device)
        z = torch.from_numpy(self.z_m).to(device)
        return Item(rgb, z, focal, self.focal is not None, self.metric, False)


def read_train_pairs(folder: Path, longest: int = 512) -> list[TrainPair]:
    """Read the pairs that `pairs.json` of the training folder names, reduced to `longest` px."""
    result = []
    for name, entry in json.loads((folder / "pairs.json").read_text()).items():
        bgr = cv2.imread(str(folder / entry["rgb"]), cv2.IMREAD_COLOR)
        stored = cv2.imread(str(folder / entry["depth"]), cv2.IMREAD_UNCHANGED)
        if bgr is None or stored is None:
            raise FileNotFoundError(f"{folder}: the photo or depth of {name} cannot be read")
        k = entry.get("K_fx_fy_cx_cy")
        focal = float(k[0]) / bgr.shape[1] if k else None
        scale = min(1.0, longest / max(bgr.shape[:2]))
        size = (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale))
        rgb = cv2.resize(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), size, interpolation=cv2.INTER_AREA)
        depth = stored.astype(np.float32) / float(entry["depth_units_per_metre"] or 1.0)
        depth = np.asarray(cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST_EXACT), np.float32)
        result.append(
            TrainPair(name, entry["place"], np.asarray(rgb, np.uint8), depth, focal, bool(entry["metric"]))
        )
    return result


class PhotoPool:
    """Photos without depth."""

    def __init__(self, folder: Path, device: torch.device, longest: int = 448) -> None:
        self._items = []
        for path in sorted(folder.glob("*.jpg")):
            bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if bgr is None or min(bgr.shape[:2]) < 96:
                continue
            scale = min(1.0, longest / max(bgr.shape[:2]))
            size = (round(bgr.shape[1] * scale), round(bgr.shape[0] * scale))
            rgb = cv2.resize(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), size, interpolation=cv2.INTER_AREA)
            height, width = rgb.shape[:2]
            picture = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))).to(device)
            nothing = torch.zeros(height, width, device=device)
            focal = DEFAULT_FOCAL_OVER_LONG * max(width, height) / width
            self._items.append(Item(picture, nothing, focal, False, False, False))

    def __len__(self) -> int:
        return len(self._items)

    def draw(self, count: int, rng: np.random.Generator) -> list[Item]:
        """Return `count` photos."""
        return [self._items[int(k)] for k in rng.integers(len(self._items), size=count)]
