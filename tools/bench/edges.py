"""Measures how well depth edges are cut, on generated scenes with exactly known surfaces.

    python -m tools.bench.edges --scenes 40

A link between two neighbouring pixels bridges two surfaces where the true depth between them jumps: it is sampled
by rays between the two pixel centres, and one of the small steps makes up most of the change of inverse depth. A
triangle bridges where one of its two links does. It belongs to a continuous surface where neither has a jump of any
size (no small step makes up a quarter of the change) and its pixels are seen at up to 80 degrees. Wanted: of the
first kind all cut, of the second kind none; what is in between, a jump of less than a centimetre, counts for neither.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.geometry.depth_edges import connect, flying
from recon.geometry.unproject import rays_of
from recon.types import Connections, Intrinsics, Rays
from tools.preview.camera import pinhole_rays, place_camera
from tools.preview.compose import compose, kind_for, rng_for
from tools.preview.raycast import Raycaster
from tools.preview.scene import Geometry

SUBSTEPS = 24
"""Rays between two neighbouring pixels."""
GAPS_M = (0.01, 0.05, 0.2)
"""A jump counts from the first size on; the table also shows those from the larger sizes on."""
STRETCH = 4.0
"""One column counts only jumps of at least this many pixel widths at their distance: below that, two pixels cannot
distinguish a small jump from a rough surface, and the triangle across it is not visibly stretched."""
MAX_INCIDENCE_DEG = 80.0
_LEAST_STEP = 0.001
"""Relative steps below this are not jumps for any method."""
_SMOOTH_SHARE = 0.25
"""Fraction of the change between two pixels: on a continuous surface, it is spread over many of the small steps."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """One view of a scene, with its true jumps."""

    z_m: NDArray[np.float32]
    hit: Bools
    gap_right_m: NDArray[np.float32]
    """(H, W - 1): size of the jump between neighbours in a row, m; 0 where the surface is continuous."""
    gap_down_m: NDArray[np.float32]
    jump_right: Bools
    """(H, W - 1): whether there is a jump of any size."""
    jump_down: Bools
    gentle: Bools
    """Whether a pixel is seen at up to 80 degrees from the normal."""
    rays: Rays


@dataclass(frozen=True)
class Kept:
    """The links and pixels that a method keeps."""

    links: Connections
    pixels: Bools


def see(seed: int, width: int, height: int) -> Truth:
    """Renders one generated scene and finds its true jumps."""
    scene = compose(seed, kind_for(seed))
    geometry: Geometry = scene.geometry()
    caster = Raycaster(geometry)
    camera = place_camera(scene, geometry, caster, rng_for(seed, "camera0"), width, height)
    rays = pinhole_rays(camera, width, height)
    hits = caster.cast(rays)
    hit = np.isfinite(hits.t).reshape(height, width)
    z_m = np.where(hit, hits.t.reshape(height, width), 1).astype(np.float32)
    direction = rays[:, 3:] / np.linalg.norm(rays[:, 3:], axis=1, keepdims=True)
    cosine = np.abs(np.einsum("ni,ni->n", direction, hits.normal)).reshape(height, width)
    grid = rays.reshape(height, width, 6)
    intrinsics = Intrinsics.from_focal(
        camera.focal_over_width * width, width=width, height=height, source="user"
    )
    gap_right_m, jump_right = _gaps(
        caster, grid[:, :-1], grid[:, 1:], z_m[:, :-1], z_m[:, 1:], hit[:, :-1] & hit[:, 1:]
    )
    gap_down_m, jump_down = _gaps(caster, grid[:-1], grid[1:], z_m[:-1], z_m[1:], hit[:-1] & hit[1:])
    return Truth(
        z_m=z_m,
        hit=hit,
        gap_right_m=gap_right_m,
        gap_down_m=gap_down_m,
        jump_right=jump_right,
        jump_down=jump_down,
        gentle=hit & (cosine >= np.cos(np.radians(MAX_INCIDENCE_DEG))),
        rays=rays_of(intrinsics),
    )


def _gaps(
    caster: Raycaster,
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    z0: NDArray[np.float32],
    z1: NDArray[np.float32],
    both: Bools,
) -> tuple[NDArray[np.float32], Bools]:
    """Sizes of the jumps between neighbours, m, (H, W), and whether there is a jump of any size."""
    gaps, any_jump = np.zeros(z0.shape, np.float32), np.zeros(z0.shape, np.bool_)
    apart_m = np.abs(z0 - z1)
    at = np.nonzero(both & ((apart_m > GAPS_M[0]) | (apart_m > _LEAST_STEP * z0)))
    share = np.linspace(0, 1, SUBSTEPS + 1, dtype=np.float32)[None, :, None]
    between = start[at][:, None] * (1 - share) + end[at][:, None] * share
    t = caster.cast(between.reshape(-1, 6)).t.reshape(-1, SUBSTEPS + 1)
    inverse = np.where(np.isfinite(t), 1 / t, 0)
    step = np.abs(np.diff(inverse, axis=1))
    k = step.argmax(axis=1)
    rows = np.arange(len(k))
    largest, total = step[rows, k], np.abs(inverse[:, -1] - inverse[:, 0])
    jump_m = np.abs(t[rows, k + 1] - t[rows, k])
    jumps = (largest > 0.5 * total) & (jump_m >= GAPS_M[0])
    gaps[at] = np.where(jumps, np.minimum(jump_m, 1e3), 0)
    any_jump[at] = jumps | (largest > _SMOOTH_SHARE * total)
    return gaps, any_jump


def ours(edge: float) -> Callable[[Truth], Kept]:
    """The rule of recon at a threshold."""

    def method(truth: Truth) -> Kept:
        links = connect(truth.z_m, truth.hit, truth.rays, edge)
        return Kept(links, truth.hit & ~flying(links, truth.hit))

    return method


def plain_relative(threshold: float) -> Callable[[Truth], Kept]:
    """Pixels are dropped where depth varies by more than this share within 3 x 3 pixels, as MoGe does."""

    def method(truth: Truth) -> Kept:
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(truth.z_m, 1, mode="edge"), (3, 3))
        varies = (windows.max(axis=(2, 3)) - windows.min(axis=(2, 3))) / truth.z_m > threshold
        return Kept(connect(truth.z_m, truth.hit, truth.rays, 0.0), truth.hit & ~varies)

    return method


def absolute(threshold_m: float) -> Callable[[Truth], Kept]:
    """Links are cut where depth differs by more than this, m."""

    def method(truth: Truth) -> Kept:
        links = connect(truth.z_m, truth.hit, truth.rays, 0.0)
        right = links.right & (np.abs(np.diff(truth.z_m, axis=1)) <= threshold_m)
        down = links.down & (np.abs(np.diff(truth.z_m, axis=0)) <= threshold_m)
        return Kept(Connections(right, down), truth.hit)

    return method


METHODS: dict[str, Callable[[Truth], Kept]] = {
    "none": ours(0.0),
    "absolute, 0.1 m": absolute(0.1),
    "plain relative, 0.04 (3 x 3 pixels)": plain_relative(0.04),
    "recon, --edge 0.04": ours(0.04),
    "recon, --edge 0.02": ours(0.02),
    "recon, --edge 0.01": ours(0.01),
    "recon, --edge 0.005": ours(0.005),
}


def corner_triangles(right: NDArray, down: NDArray) -> list[tuple[NDArray, NDArray]]:
    """The links of the four possible triangles of each square: (its link in a row, its link in a column)."""
    top, bottom, left, beyond = right[:-1], right[1:], down[:, :-1], down[:, 1:]
    return [(bottom, left), (top, beyond), (top, left), (bottom, beyond)]


def _triangle_pixels(pixels: Bools) -> list[Bools]:
    tl, tr, bl, br = pixels[:-1, :-1], pixels[:-1, 1:], pixels[1:, :-1], pixels[1:, 1:]
    return [tl & bl & br, tl & br & tr, tl & bl & tr, bl & br & tr]


def score(truth: Truth, kept: Kept) -> NDArray[np.int64]:
    """Counts (bridging, cut) for each gap size and for stretched ones, (continuous, lost), (pixels, pixels lost)."""
    counts = np.zeros((len(GAPS_M) + 3, 2), np.int64)
    whole = corner_triangles(truth.hit[:, :-1] & truth.hit[:, 1:], truth.hit[:-1] & truth.hit[1:])
    gaps = corner_triangles(truth.gap_right_m, truth.gap_down_m)
    links = corner_triangles(kept.links.right, kept.links.down)
    jumps = corner_triangles(truth.jump_right, truth.jump_down)
    gentle, pixels = _triangle_pixels(truth.gentle), _triangle_pixels(kept.pixels)
    width_m = truth.z_m * abs(truth.rays.x[1] - truth.rays.x[0])
    stretched = corner_triangles(
        truth.gap_right_m >= STRETCH * np.minimum(width_m[:, :-1], width_m[:, 1:]),
        truth.gap_down_m >= STRETCH * np.minimum(width_m[:-1], width_m[1:]),
    )
    for i in range(4):
        exists = whole[i][0] & whole[i][1]
        gap_m = np.maximum(*gaps[i])
        cut = ~(links[i][0] & links[i][1] & pixels[i])
        for k, size in enumerate(GAPS_M):
            bridging = exists & (gap_m >= size)
            counts[k] += bridging.sum(), (bridging & cut).sum()
        bridging = exists & (gap_m >= GAPS_M[0]) & (stretched[i][0] | stretched[i][1])
        counts[-3] += bridging.sum(), (bridging & cut).sum()
        continuous = exists & ~(jumps[i][0] | jumps[i][1]) & gentle[i]
        counts[-2] += continuous.sum(), (continuous & cut).sum()
    counts[-1] += truth.hit.sum(), (truth.hit & ~kept.pixels).sum()
    return counts


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=40, help="generated scenes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3_000_000_000, help="of the first (default: %(default)s)")
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 768), metavar=("W", "H"))
    options = parser.parse_args()
    totals = {name: np.zeros((len(GAPS_M) + 3, 2), np.int64) for name in METHODS}
    for k in range(options.scenes):
        truth = see(options.seed + k, *options.size)
        for name, method in METHODS.items():
            totals[name] += score(truth, method(truth))
    gap_names = [f"bridging, gap from {100 * gap:g} cm: cut" for gap in GAPS_M]
    gap_names.append(f"from {STRETCH:g} pixel widths: cut")
    print("| method |", " | ".join([*gap_names, "continuous to 80°: lost", "pixels lost"]), "|")
    print("|---|" + "---|" * (len(GAPS_M) + 3))
    for name, counts in totals.items():
        print(f"| {name} |", " | ".join(f"{100 * part / whole:.2f} %" for whole, part in counts), "|")
    print(
        f"\n{options.scenes} scenes of {options.size[0]} x {options.size[1]} pixels from seed {options.seed}."
    )


if __name__ == "__main__":
    main()
