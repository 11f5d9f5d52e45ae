"""Jitter and error of generated clips before and after they are made steady in time.

    python -m tools.bench.steady                 # 20 minutes on two cores
    python -m tools.bench.steady --sheet s.png   # also ten frames of the first clip, before and after

The depth is the preview network's, and the truth with a random error in every frame: scale 5 %, shift of inverse
depth 3 % of the median's, and a smooth error of 2 %.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.preview import Preview
from recon.journal import Journal
from recon.types import BoolMap, Intrinsics, MetricDepth, Photo
from recon.video.links import Linker
from recon.video.steadier import Steadier, Steady
from tools.clips import Kind, TrueFrame, clip

CLIPS: tuple[tuple[Kind, str, int, bool], ...] = (
    ("static", "room", 3, True),
    ("static", "room", 11, True),
    ("walk", "street", 5, False),
)
_EDGE_PX = 6
_SHEET_FRAMES = 10


@dataclass(frozen=True)
class Score:
    """Of one clip, in percent of the distance."""

    jitter: float
    """Median over static pixels of the standard deviation of log depth over time (a walk: of its error)."""
    jitter_mm: float
    flicker: float
    """Median change of the error from one frame to the next."""
    error: float
    """Mean absolute error of log depth."""
    edge: float
    """Mean absolute error within 6 px of the outline of what moves; nan without one."""


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    print("| clip | depth | jitter | mm | frame to frame | error | at outlines of what moves | s per frame |")
    print("|---|---|---|---|---|---|---|---|")
    for path, kind, seed, mover in CLIPS:
        frames = list(clip(path, kind, seed, given.frames, mover=mover))
        for name, depths in (("shaken truth", shaken(frames)), ("preview", by_network(frames))):
            after, seconds = steady(frames, depths)
            row = _row(score(frames, depths), score(frames, after))
            what = f"{path}, {kind} {seed}" + (", something moves" if mover else "")
            print(f"| {what} | {name} | {row} | {seconds / len(frames):.3f} |", flush=True)
        if given.sheet is not None and (path, kind, seed, mover) == CLIPS[0]:
            cv2.imwrite(str(given.sheet), sheet(frames, depths, after))


def by_network(frames: Sequence[TrueFrame]) -> list[MetricDepth]:
    """The preview network's depth of each frame alone."""
    network, depths = Preview(), []
    for frame in frames:
        depth = network.estimate(Photo(frame.rgb), focal_px=frame.focal_px, journal=Journal()).depth
        assert isinstance(depth, MetricDepth)
        depths.append(depth)
    return depths


def shaken(frames: Sequence[TrueFrame]) -> list[MetricDepth]:
    """The truth with an error of its own in each frame."""
    rng, depths = np.random.default_rng(1), []
    for frame in frames:
        valid = np.isfinite(frame.z_m)
        z_m = np.where(valid, frame.z_m, 1)
        log_scale, shift = rng.normal(0, 0.05), rng.normal(0, 0.03) / float(np.median(z_m[valid]))
        smooth = cv2.resize(rng.normal(0, 0.02, (5, 6)), z_m.shape[::-1], interpolation=cv2.INTER_CUBIC)
        inverse = np.maximum(np.exp(log_scale + smooth) / z_m + shift, 1e-3)
        depths.append(MetricDepth((1 / inverse).astype(np.float32), valid))
    return depths


def steady(frames: Sequence[TrueFrame], depths: Sequence[MetricDepth]) -> tuple[list[MetricDepth], float]:
    """The depths held steady, and the seconds of one core that took."""
    start = time.process_time()
    linker, steadier = Linker(), Steadier[int]()
    given: list[Steady[int]] = []
    for k, (frame, depth) in enumerate(zip(frames, depths, strict=True)):
        height, width = depth.z_m.shape
        camera = Intrinsics.from_focal(frame.focal_px, width=width, height=height, source="user")
        given += steadier.add(k, depth, linker.add(frame.rgb), camera)
    given += steadier.flush()
    return [each.depth for each in given], time.process_time() - start


def score(frames: Sequence[TrueFrame], depths: Sequence[MetricDepth]) -> Score:
    """Compares depths with the truth."""
    true_m = np.stack([frame.z_m for frame in frames])
    moving = np.stack([frame.moving for frame in frames])
    valid = np.stack([depth.valid for depth in depths]) & np.isfinite(true_m)
    z_m = np.stack([depth.z_m for depth in depths])
    off = np.where(valid, np.log(np.where(valid, z_m, 1) / np.where(valid, true_m, 1)), 0)
    static = valid.all(axis=0) & ~_wider(np.any(moving, axis=0), _EDGE_PX)
    spread = off[:, static].std(axis=0)
    edge = valid & np.stack([_wider(each, _EDGE_PX) & _wider(np.invert(each), _EDGE_PX) for each in moving])
    return Score(
        100 * float(np.median(spread)),
        1000 * float(np.median(spread * np.where(valid, true_m, 0)[:, static].mean(axis=0))),
        100 * float(np.median(np.abs(np.diff(off[:, static], axis=0)))),
        100 * float(np.abs(off[valid]).mean()),
        100 * float(np.abs(off[edge]).mean()) if edge.any() else float("nan"),
    )


def sheet(
    frames: Sequence[TrueFrame], before: Sequence[MetricDepth], after: Sequence[MetricDepth]
) -> NDArray[np.uint8]:
    """Ten frames from left to right: the picture, the depth before and after, BGR; below, what both changed by."""
    chosen = np.linspace(1, len(frames) - 1, _SHEET_FRAMES).astype(int)
    near, far = np.quantile(before[0].z_m[before[0].valid], [0.02, 0.98])

    def shown(depth: MetricDepth) -> NDArray[np.uint8]:
        level = np.clip((np.log(depth.z_m) - np.log(near)) / np.log(far / near), 0, 1)
        return cv2.applyColorMap((255 * (1 - level)).astype(np.uint8), cv2.COLORMAP_TURBO)

    def changed(depths: Sequence[MetricDepth], k: int) -> NDArray[np.uint8]:
        change = np.log(depths[k].z_m / depths[k - 1].z_m)
        return cv2.applyColorMap(np.clip(128 + 1280 * change, 0, 255).astype(np.uint8), cv2.COLORMAP_TWILIGHT)

    columns = [
        np.vstack(
            [
                frames[k].rgb[..., ::-1],
                shown(before[k]),
                shown(after[k]),
                changed(before, k),
                changed(after, k),
            ]
        )
        for k in chosen
    ]
    return np.hstack(columns)


def _wider(mask: BoolMap, px: int) -> BoolMap:
    square = np.ones((2 * px + 1, 2 * px + 1), np.uint8)
    wider: BoolMap = cv2.dilate(mask.astype(np.uint8), square).astype(bool)
    return wider


def _row(before: Score, after: Score) -> str:
    times = before.jitter / after.jitter
    values = [f"{before.jitter:.2f} -> {after.jitter:.2f} % ({times:.1f}x)"]
    values += [f"{before.jitter_mm:.0f} -> {after.jitter_mm:.0f}"]
    values += [f"{before.flicker:.2f} -> {after.flicker:.2f} % ({before.flicker / after.flicker:.1f}x)"]
    values += [f"{before.error:.1f} -> {after.error:.1f} %"]
    values += ["" if np.isnan(before.edge) else f"{before.edge:.1f} -> {after.edge:.1f} %"]
    return " | ".join(values)


if __name__ == "__main__":
    main()
