"""How often the 95 % interval of a joined scene's scale contains the truth, without networks and photos.

python -m tools.bench.join_coverage [--draws 200]

Relative depth has a random scale and shift, noise, 10 % wrong points and one length known to 1 cm in one of three
photos. Sensors have errors of scale as recon assumes; their poses are those that bundle adjustment finds from noisy
features, with a focal length that is 1 % off, or fitted, and a lens without distortion, or with one that nobody
stated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.constraints import PICKING_PX, LengthBetween, Pixel
from recon.depth.sparse_points import on_grid
from recon.estimator_names import MEASURED
from recon.join.bundle import bundle_of
from recon.join.bundle_covariance import pose_covariance
from recon.join.joint_fit import JointFit, joint_fit
from recon.join.posed_view import PosedView
from recon.join.view_problem import ViewData, view_problem
from recon.statistics import COVERAGE_FACTOR
from recon.types import DepthEstimate
from tools.bench.coverage_table import TITLES, cells, main, shown
from tools.bench.timing import table
from tools.sequences.adjusted import adjusted, size_of
from tools.sequences.noise import smooth_noise
from tools.sequences.spoiled import spoiled, true_length
from tools.sequences.walk import walk

_SENSOR_SCALE, _KNOWN_FOCAL, _LENS = 0.01, 0.01, 0.02
_EDGE = 1.1


@dataclass(frozen=True)
class Drawn:
    """One draw: the error of the logarithm of the scale, and what the interval says of it."""

    off: float
    interval: float
    """Relative half-width, as ``JointFit.scale_interval``."""

    @property
    def inside(self) -> bool:
        """Whether the interval contains the truth."""
        return abs(self.off) <= np.log1p(self.interval)

    @property
    def sigmas(self) -> float:
        """The error in stated standard deviations."""
        return float(COVERAGE_FACTOR * self.off / np.log1p(self.interval))


def relative(draws: int, *, noise: float, smooth: bool) -> Iterator[Drawn]:
    """Three photos of relative depth at exact poses."""
    views = _views(0, 3)
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        ends = [_inside_a_surface(views[1], rng) for _ in range(2)]
        length = _measured(true_length(views[1], *ends), rng)
        unit_m = float(np.exp(rng.normal()))
        problems = []
        for k, view in enumerate(views):
            known = (length,) if k == 1 else ()
            noisy = smooth_noise(view, rng, noise) if smooth else view
            own = 0.0 if smooth else noise
            data = spoiled(
                noisy, rng, kind="relative", unit_m=unit_m, noise=own, constraints=known, truth=view
            )
            problems.append(view_problem(data))
        fitted = joint_fit(problems, unit_sigma=None)
        yield Drawn(float(np.log(fitted.metres_per_unit / unit_m)), fitted.scale_interval)


def _inside_a_surface(view: PosedView, rng: np.random.Generator) -> Pixel:
    """A position such as a person picks: without a depth edge next to it."""
    while True:
        x, y = rng.uniform((10, 40), (150, 110))
        around = view.depth.z_m[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
        if around.max() < _EDGE * around.min():
            return float(x), float(y)


def _measured(length: LengthBetween, rng: np.random.Generator) -> LengthBetween:
    """The length as a person measures it: off by its standard deviation, at pixels that are off by theirs."""
    a_px, b_px = np.array([length.a_px, length.b_px]) + rng.normal(0, PICKING_PX, (2, 2))
    known_m = length.known_m + float(rng.normal(0, length.sigma_m))
    return LengthBetween(tuple(a_px), tuple(b_px), known_m, length.sigma_m)


def sensors(
    draws: int, *, count: int, fit_focal: bool, noise_px: float, points: int = 100, lens_sigma: float = 0.0
) -> Iterator[Drawn]:
    """Photos with measured depth, at poses with the errors of bundle adjustment; with ``lens_sigma``, of a lens with
    an unknown distortion of this standard deviation."""
    for draw in range(draws):
        rng, views = np.random.default_rng(draw), _views(draw % 4, count)
        focal = 1.1 if fit_focal else float(np.exp(rng.normal(0, _KNOWN_FOCAL)))
        errors = {"noise_px": noise_px, "focal": focal, "distortion": float(rng.normal(0, lens_sigma))}
        found = adjusted(views, rng, points=points, fit_focal=fit_focal, **errors)
        sigmas = [None if fit_focal else _KNOWN_FOCAL] * count
        bundle = bundle_of(found, range(count), sigmas, lens_sigma=lens_sigma)
        fitted = _fitted(views, found, rng, pose_covariance(bundle))
        true_size = size_of(np.array([view.world_T_cam for view in views]))
        off = np.log(fitted.metres_per_unit * size_of(found["world_T_cam"]) / true_size)
        yield Drawn(float(off), fitted.scale_interval)


def _fitted(
    views: Sequence[PosedView],
    found: Mapping[str, NDArray[Any]],
    rng: np.random.Generator,
    covariance: NDArray[np.float64] | None,
) -> JointFit:
    common, problems = rng.normal(0, _SENSOR_SCALE), []
    for k, view in enumerate(views):
        off = common + rng.normal(0, _SENSOR_SCALE) + rng.normal(0, 0.01, view.depth.z_m.shape)
        depth = replace(view.depth, z_m=(view.depth.z_m * np.exp(off)).astype(np.float32))
        here, size = found["image"] == k, {"width": view.photo.width, "height": view.photo.height}
        points = on_grid(found["px"][here], found["z"][here], **size).depth
        data = ViewData(f"photo {k}", DepthEstimate(depth, MEASURED), view.intrinsics, points)
        problems.append(view_problem(data))
    return joint_fit(problems, unit_sigma=None, pose_covariance=covariance)


@cache
def _views(seed: int, count: int) -> tuple[PosedView, ...]:
    return walk(count, seed=seed, width=160, height=120).views


def coverage(draws: int) -> str:
    """The table of all cases."""
    cases = {
        "3 photos, relative depth, 3 % independent noise": relative(draws, noise=0.03, smooth=False),
        "3 photos, relative depth, 10 % independent noise": relative(draws, noise=0.1, smooth=False),
        "3 photos, relative depth, 3 % smooth noise": relative(draws, noise=0.03, smooth=True),
        "2 photos, sensor": sensors(draws, count=2, fit_focal=False, noise_px=0.2),
        "3 photos, sensor": sensors(draws, count=3, fit_focal=False, noise_px=0.3),
        "3 photos, sensor, focal length fitted": sensors(draws, count=3, fit_focal=True, noise_px=0.3),
        "5 photos, sensor, focal length fitted": sensors(draws, count=5, fit_focal=True, noise_px=1.0),
        **{
            f"{count} photos, sensor, focal length fitted, unknown lens": sensors(
                draws, count=count, fit_focal=True, noise_px=0.3, lens_sigma=_LENS
            )
            for count in (3, 5)
        },
    }
    rows = [shown([title, *cells(list(drawn))]) for title, drawn in cases.items()]
    return table(("", *TITLES), rows)


if __name__ == "__main__":
    main(__doc__, coverage)
