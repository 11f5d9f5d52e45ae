"""How often the 95 % interval of a distance between two photos contains the truth, without networks and pictures.

python -m tools.bench.distance_coverage [--draws 200]

Photos of a generated room with the depth of a sensor, which errs as recon assumes; poses and points that bundle
adjustment finds from noisy features, with a focal length that is 1 % off, or fitted, and a lens without distortion,
or with one that nobody stated. Of each draw several distances are measured, between positions that are off as those
that a person picks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.calibration.calibration import apply, as_json
from recon.constraints import PICKING_PX, Pixel
from recon.depth.sparse_points import on_grid
from recon.estimator_names import MEASURED
from recon.join import JoinedScene, distance
from recon.join.bundle import bundle_of
from recon.join.bundle_covariance import pose_covariance
from recon.join.joint_fit import joint_fit
from recon.join.posed_view import PosedView
from recon.join.view_problem import ViewData, view_problem
from recon.measure import Measurement
from recon.provenance import CalibrationRecord, ModelRecord, Provenance
from recon.statistics import COVERAGE_FACTOR
from recon.types import DepthEstimate, MetricDepth
from tools.bench.coverage_table import TITLES, cells, inside, main, shown
from tools.bench.timing import table
from tools.sequences.adjusted import adjusted, bent
from tools.sequences.walk import walk

_SENSOR_SCALE, _SENSOR_LOCAL, _KNOWN_FOCAL = 0.01, 0.01, 0.01
_EDGE = 1.1
_MARGIN_PX, _BLOCK_PX = 6, 4


@dataclass(frozen=True)
class Case:
    """What is drawn."""

    count: int
    """Photos."""
    fit_focal: bool
    noise_px: float
    lens_sigma: float = 0.0
    """Standard deviation of the distortion (k1), of which bundle adjustment knows nothing."""
    stated: bool = True
    """Whether the errors of the poses are known to recon."""


@dataclass(frozen=True)
class Drawn:
    """One distance."""

    measured: Measurement
    true_m: float

    @property
    def off(self) -> float:
        """Relative error."""
        return self.measured.value / self.true_m - 1

    @property
    def interval(self) -> float:
        """Relative half-width."""
        return COVERAGE_FACTOR * (self.measured.sigma or 0) / self.true_m

    @property
    def inside(self) -> bool:
        """Whether the interval contains the truth."""
        low, high = self.measured.low, self.measured.high
        return low is not None and high is not None and low <= self.true_m <= high

    @property
    def sigmas(self) -> float:
        """The error in stated standard deviations."""
        assert self.measured.sigma is not None
        return (self.measured.value - self.true_m) / self.measured.sigma


def distances(case: Case, draws: int, *, of_each: int = 4) -> Iterator[Drawn]:
    """Distances between a photo and another one, in many scenes."""
    for draw in range(draws):
        rng, views = np.random.default_rng([draw, 7]), _views(draw % 4, case.count)
        focal = 1.1 if case.fit_focal else float(np.exp(rng.normal(0, _KNOWN_FOCAL)))
        k1 = float(rng.normal(0, case.lens_sigma))
        found = adjusted(
            views,
            rng,
            points=100,
            fit_focal=case.fit_focal,
            noise_px=case.noise_px,
            focal=focal,
            distortion=k1,
        )
        scene = _scene(case, views, found, rng, k1)
        for _ in range(of_each):
            a, b = rng.choice(case.count, 2, replace=False)
            (a_px, a_m), (b_px, b_m) = (_picked(views[k], rng, k1) for k in (a, b))
            yield Drawn(distance(scene, (int(a), a_px), (int(b), b_px)), float(np.linalg.norm(b_m - a_m)))


def _picked(view: PosedView, rng: np.random.Generator, k1: float) -> tuple[Pixel, NDArray[np.float64]]:
    """A position on a surface as a person picks it, px, and the true point in the world, m."""
    k, margin = view.intrinsics, _MARGIN_PX
    while True:
        x, y = rng.uniform((margin, margin), (k.width - margin, k.height - margin))
        around = view.depth.z_m[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
        column, row = int(x) + 0.5, int(y) + 0.5
        px = bent(np.array([[column, row]]), view, k1)[0] + rng.normal(0, PICKING_PX, 2)
        if around.max() < _EDGE * around.min() and (px > margin / 2).all():
            break
    z = float(view.depth.z_m[int(y), int(x)])
    at = np.array([(column - k.cx) / k.fx, (row - k.cy) / k.fy, 1.0]) * z
    return (float(px[0]), float(px[1])), view.world_T_cam[:3, :3] @ at + view.centre_m


def _scene(
    case: Case,
    views: Sequence[PosedView],
    found: Mapping[str, NDArray[Any]],
    rng: np.random.Generator,
    k1: float,
) -> JoinedScene:
    """As ``join_photos`` makes it."""
    sigmas = [None if case.fit_focal else _KNOWN_FOCAL] * case.count
    bundle = bundle_of(found, range(case.count), sigmas, lens_sigma=case.lens_sigma)
    covariance = pose_covariance(bundle) if case.stated else None
    common, problems = rng.normal(0, _SENSOR_SCALE), []
    for k, view in enumerate(views):
        off = common + rng.normal(0, _SENSOR_SCALE)
        # Alike in neighbouring pixels, as sensors err: between single pixels, interpolation would average it.
        coarse = rng.normal(0, _SENSOR_LOCAL, np.array(view.depth.z_m.shape) // _BLOCK_PX)
        noise = np.kron(coarse, np.ones((_BLOCK_PX, _BLOCK_PX)))
        depth = MetricDepth((_seen(view, k1) * np.exp(off + noise)).astype(np.float32), view.depth.valid)
        here, size = found["image"] == k, {"width": view.photo.width, "height": view.photo.height}
        points = on_grid(found["px"][here], found["z"][here], **size).depth
        fx, fy, cx, cy = (float(each) for each in found["params"][k])
        camera = replace(view.intrinsics, fx=fx, fy=fy, cx=cx, cy=cy, source="fit")
        data = ViewData(view.photo.name or "", DepthEstimate(depth, MEASURED), camera, points)
        problems.append(view_problem(data))
    fitted = joint_fit(
        problems, unit_sigma=None, places=found["world_T_cam"][:, :3, 3], pose_covariance=covariance
    )
    posed, provenance = [], []
    for k, (problem, calibration) in enumerate(zip(problems, fitted.calibrations, strict=True)):
        world_T_cam = found["world_T_cam"][k].copy()
        world_T_cam[:3, 3] *= fitted.metres_per_unit
        depth = apply(calibration, problem.data.estimate.depth)
        posed.append(PosedView(views[k].photo, problem.data.camera, world_T_cam, depth))
        record = CalibrationRecord.from_dict(as_json(calibration))
        provenance.append(Provenance(model=ModelRecord(MEASURED), calibration=record))
    return JoinedScene(
        tuple(posed),
        tuple(provenance),
        scale_interval=fitted.scale_interval,
        errors=fitted.errors,
        poses_counted=case.stated,
    )


def _seen(view: PosedView, k1: float) -> NDArray[np.float32]:
    """(H, W) the true depth at the pixels of the lens."""
    columns, rows = np.meshgrid(np.arange(view.photo.width) + 0.5, np.arange(view.photo.height) + 0.5)
    px = np.stack([columns.ravel(), rows.ravel()], axis=1)
    straight = px
    for _ in range(3):
        straight = px - (bent(straight, view, k1) - straight)
    maps = (straight - 0.5).reshape(*columns.shape, 2).astype(np.float32)
    return np.asarray(
        cv2.remap(view.depth.z_m, maps, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    )


@cache
def _views(seed: int, count: int) -> tuple[PosedView, ...]:
    return walk(count, seed=seed, width=320, height=240).views


CASES = {
    "2 photos": Case(2, fit_focal=False, noise_px=0.4),
    "3 photos": Case(3, fit_focal=False, noise_px=0.6),
    "3 photos, focal length fitted": Case(3, fit_focal=True, noise_px=0.6),
    "5 photos, focal length fitted": Case(5, fit_focal=True, noise_px=2.0),
    "3 photos, focal length fitted, unknown lens": Case(3, fit_focal=True, noise_px=0.6, lens_sigma=0.02),
    "5 photos, focal length fitted, unknown lens": Case(5, fit_focal=True, noise_px=0.6, lens_sigma=0.02),
}


def coverage(draws: int) -> str:
    """The table of all cases, with and without the errors of the poses."""
    rows = []
    for title, case in CASES.items():
        some, without = (list(distances(replace(case, stated=known), draws)) for known in (True, False))
        rows.append(shown([title, *cells(some), inside(without)]))
    return table(("", "distances", *TITLES[1:], "inside without poses"), rows)


if __name__ == "__main__":
    main(__doc__, coverage)
