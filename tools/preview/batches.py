"""From stored views to training batches: crop, resize, flip, and the variety that cameras and files add."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recon.depth.nets.preview import size_for
from tools.preview.shards import ShardPool

Rng = np.random.Generator


@dataclass(frozen=True)
class Batch:
    """`rgb` (N, H, W, 3) uint8; at half the size `log_inverse` (N, h, w) and `sky` (N, h, w); `log_focal` (N,).

    `uncropped` (N,) bool: the field of view is that of a whole photo, fit to teach the focal length.
    """

    rgb: Tensor
    log_inverse: Tensor
    sky: Tensor
    log_focal: Tensor
    uncropped: Tensor


def log_canonical_inverse(z_m: NDArray, focal_over_width: float) -> NDArray[np.float32]:
    """Return log(f / (W z)); 0 in the sky, which is masked out."""
    z = np.where(np.isfinite(z_m), np.maximum(z_m, 0.05), 1.0).astype(np.float32)
    return np.where(np.isfinite(z_m), np.log(focal_over_width) - np.log(z), 0.0).astype(np.float32)


def _crop(rng: Rng, width: int, height: int, aspect: float, zoom: float) -> tuple[int, int, int, int]:
    """Return x, y, w, h of a crop with the aspect ratio, `zoom` of the largest one."""
    w = min(width, height * aspect) * zoom
    h = w / aspect
    free_x, free_y = width - w, height - h
    # mostly near the middle: a photo's principal point is in its centre
    x = free_x * np.clip(rng.normal(0.5, 0.2), 0, 1)
    y = free_y * np.clip(rng.normal(0.5, 0.2), 0, 1)
    return int(x), int(y), max(8, int(w)), max(8, int(h))


def _vary(rgb: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """Change brightness, colours, sharpness, noise and compression as cameras and files do."""
    image = rgb.astype(np.float32) / 255
    if rng.random() < 0.8:
        image = image ** np.float32(np.exp(rng.normal(0, 0.2)))
        image = image * np.exp(rng.normal(0, 0.06, 3) + rng.normal(0, 0.12)).astype(np.float32)
    if rng.random() < 0.3:
        grey = image.mean(-1, keepdims=True)
        image = grey + (image - grey) * np.float32(rng.uniform(0, 1.6))
    u = rng.random()
    if u < 0.06:  # a shaken hand
        kernel = np.zeros((5, 5), np.float32)
        kernel[2] = 0.2
        turn = cv2.getRotationMatrix2D((2.0, 2.0), rng.uniform(0, 180), 1.0)
        kernel = cv2.warpAffine(kernel, turn, (5, 5))
        image = cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1e-3))
    elif u < 0.22:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2))
    elif u < 0.4:
        image = image + (image - cv2.GaussianBlur(image, (0, 0), 1.0)) * np.float32(rng.uniform(0.2, 1.0))
    if rng.random() < 0.4:
        image = image + rng.normal(size=image.shape).astype(np.float32) * np.float32(rng.uniform(0, 0.05))
    out = np.clip(image * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.03:  # the plain margin that some files carry
        edge = max(1, int(rng.uniform(0.008, 0.03) * out.shape[1]))
        colour = 255 if rng.random() < 0.5 else 0
        out[:edge] = out[-edge:] = colour
        out[:, :edge] = out[:, -edge:] = colour
    if rng.random() < 0.3:
        _, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])
        out = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return out


def make_batch(pool: ShardPool, rng: Rng, count: int, pixels: int, *, vary: bool = True) -> Batch:
    """Return a batch of `count` views at about `pixels` pixels (sides are multiples of 16)."""
    drawn = pool.draw(count)
    source_h, source_w = drawn[0][0].shape[:2]
    width, height = size_for(source_w / source_h, pixels, 16)
    half = (width // 2, height // 2)
    rgbs, logs, skies, focals, wholes = [], [], [], [], []
    for rgb, z_m, focal in drawn:
        whole = rng.random() < 0.5
        zoom = 1.0 if whole else rng.uniform(0.65, 1.0)
        x, y, w, h = _crop(rng, source_w, source_h, width / height, zoom)
        focal = focal * source_w / w  # the crop is narrower: the same focal length in px over fewer px
        part, z = rgb[y : y + h, x : x + w], z_m[y : y + h, x : x + w].astype(np.float32)
        if rng.random() < 0.5:
            part, z = part[:, ::-1], z[:, ::-1]
        shrink = width < w
        image = cv2.resize(
            np.ascontiguousarray(part),
            (width, height),
            interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR,
        )
        depth = cv2.resize(np.ascontiguousarray(z), half, interpolation=cv2.INTER_NEAREST_EXACT)
        rgbs.append(_vary(image, rng) if vary else image)
        logs.append(log_canonical_inverse(depth, focal))
        skies.append(~np.isfinite(depth))
        focals.append(np.log(focal))
        wholes.append(whole)
    return Batch(
        torch.from_numpy(np.stack(rgbs)),
        torch.from_numpy(np.stack(logs)),
        torch.from_numpy(np.stack(skies)),
        torch.tensor(focals, dtype=torch.float32),
        torch.tensor(wholes),
    )


class BatchStream:
    """Makes batches of about `pixels` pixels in a thread, a few ahead.

    The pool changes a shard for every `per_refresh` views drawn.
    """

    def __init__(self, pool: ShardPool, rng: Rng, count: int, pixels: int, per_refresh: int = 512) -> None:
        self._pool, self._rng, self._count, self._per_refresh = pool, rng, count, per_refresh
        self.pixels = pixels
        self._queue: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=3)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        drawn = 0
        while not self._stop.is_set():
            try:
                # sizes vary a little from batch to batch, so that no one size of things in px is learnt
                pixels = round(self.pixels * float(np.exp(self._rng.uniform(-0.35, 0.35))))
                item: Batch | BaseException = make_batch(self._pool, self._rng, self._count, pixels)
                drawn += self._count
                if drawn >= self._per_refresh:
                    drawn = 0
                    self._pool.refresh()
            except (LookupError, ValueError, OSError) as error:
                item = error
            while not self._stop.is_set():
                try:
                    self._queue.put(item, timeout=0.5)
                    break
                except queue.Full:
                    continue
            if isinstance(item, BaseException):
                return

    def next(self) -> Batch:
        """Return the next batch; raises what the thread raised."""
        item = self._queue.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        self._thread.join(timeout=10)
