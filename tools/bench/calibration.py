"""Tests whether the 95 % intervals of a calibration cover the truth in 95 % of all cases.

    python -m tools.bench.calibration sample_data --table prior --draws 5000
    python -m tools.bench.calibration FOLDER [--table shift] [--draws 1000] [--seed 0]

FOLDER holds pairs.json with measured depth (docs/evaluation.md).

Table ``prior``: in every draw the true depth of a random photo is made an estimate by an error model, that of the
embedded preview and that of noisy measured depth, and nested sets of none, one, two and three true constraints
(distances, lengths, the camera's height) are given to the fit. Prints how often the 95 % intervals cover the truth,
and how often they are wider than without any constraint: of the common factor, of the distance of a random pixel and
of the length between two, as ``recon measure`` propagates them (wider by over 1 %, since they are drawn).

Table ``shift``: in every draw the true depth is made relative by a random scale and shift of inverse depth; the
network's error is put on it as relative noise of inverse depth, the same for 3 x 3 pixels; then distances or lengths
at random pixels, some of them grossly wrong, are given to the fit. Prints how often the 95 % intervals of scale,
shift and of the depth at a random pixel cover the truth.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon.calibration.calibration import Calibration
from recon.calibration.error_models import known_error_model
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.constraints import Constraint, DistanceAt, LengthBetween
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.types import RelativeDepth
from tools.bench.error_draws import drawn_case, outcome
from tools.bench.truths import Truth, truths_of

GIVEN = 0.01
"""Relative standard deviation of the lengths; the fit is given it."""
NETWORK = 0.03
"""The same for the inverse depth of the network."""
_NOISY = ErrorModel("drawn", scale=0.02, smooth=0.01, reach=0.1, local=0.01, photos=0, source="drawn")
"""Typical of a depth camera: 2 % in scale, 1 % over patches, 1 % from pixel to pixel."""
_COUNTS = (0, 1, 2, 3)
_LONGEST_PX = 288
_STRATA = 10


@dataclass(frozen=True)
class Drawn:
    """One draw: estimate and truth."""

    estimate: Calibration
    scale: float
    shift: float
    covers_depth: bool
    """Whether the interval of the depth at a random pixel, by the calibration alone, covers its truth."""

    @property
    def covers_scale(self) -> bool:
        """Whether the scale's interval covers its truth."""
        return bool(abs(self.estimate.scale - self.scale) < 1.96 * np.sqrt(self.estimate.covariance[0][0]))

    @property
    def covers_shift(self) -> bool:
        """Whether the shift's interval covers its truth."""
        return bool(abs(self.estimate.shift - self.shift) < 1.96 * np.sqrt(self.estimate.covariance[1][1]))


def draw(
    truth: Truth, count: int, outliers: float, rng: np.random.Generator, *, lengths: bool, stated: bool
) -> Drawn:
    """One calibration from ``count`` constraints.

    Args:
        truth: The scene.
        count: Number of constraints.
        outliers: Fraction of them that are wrong by a factor of 1.5 to 4 in either direction.
        rng: Source of all randomness.
        lengths: Use lengths between pixels instead of distances from the camera.
        stated: Whether the fit is given the error of the network; otherwise it estimates it from the scatter.

    Raises:
        CalibrationError: The fit failed.
    """
    scale, shift = float(np.exp(rng.uniform(np.log(0.01), np.log(50)))), float(rng.uniform(-0.3, 0.1))
    inverse = np.divide(1, truth.z_m, out=np.zeros_like(truth.z_m), where=truth.valid).astype(np.float64)
    rows, columns = inverse.shape
    error = rng.normal(0, NETWORK, (rows // 3 + 1, columns // 3 + 1))
    noisy = inverse * np.exp(error.repeat(3, axis=0).repeat(3, axis=1)[:rows, :columns])
    relative = RelativeDepth(((noisy - shift) / scale).astype(np.float32), truth.valid)
    wrong = rng.permutation(count) < int(outliers * count)
    constraints: list[Constraint] = []
    for pixels, is_wrong in zip(_pixels(truth, count, rng, ends=2 if lengths else 1), wrong, strict=True):
        points = [truth.point((column + 0.5, row + 0.5)) for row, column in pixels]
        true_m = float(np.linalg.norm(points[0] - points[1] if lengths else points[0]))
        known_m = true_m * np.exp(rng.normal(0, GIVEN))
        if is_wrong:
            known_m *= np.exp(rng.choice([-1, 1]) * rng.uniform(np.log(1.5), np.log(4)))
        where = [(column + 0.5, row + 0.5) for row, column in pixels]
        make = LengthBetween(where[0], where[1], known_m, GIVEN * known_m) if lengths else None
        constraints.append(make or DistanceAt(where[0], known_m, GIVEN * known_m))
    spread = ErrorModel("drawn", 0.0, 0.0, 1.0, NETWORK, 0, "drawn") if stated else None
    known = FitData(tuple(constraints))
    estimate = calibrate(
        relative, known, camera=truth.camera, unknowns=Unknowns(shift=True), model="drawn", spread=spread
    )
    ((row, column),) = next(_pixels(truth, 1, rng, ends=1))
    gradient = np.array([(inverse[row, column] - shift) / scale, 1.0])
    off = gradient @ np.array([estimate.scale - scale, estimate.shift - shift])
    half = 1.96 * np.sqrt(gradient @ np.array(estimate.covariance) @ gradient)
    return Drawn(estimate, scale, shift, bool(abs(off) < half))


def _pixels(
    truth: Truth, count: int, rng: np.random.Generator, *, ends: int
) -> Iterator[list[tuple[int, int]]]:
    """Centres of 3 x 3 blocks, spread evenly over the range of inverse depth: users pick near and far objects."""
    rows, cols = np.nonzero(truth.valid[1:-1:3, 1:-1:3])
    rows, cols = 3 * rows + 1, 3 * cols + 1
    # At a depth edge the true depth is ambiguous.
    smooth = np.ones(len(rows), bool)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        neighbour_m = truth.z_m[rows + dy, cols + dx]
        smooth &= truth.valid[rows + dy, cols + dx] & (np.abs(neighbour_m / truth.z_m[rows, cols] - 1) < 0.02)
    rows, cols = rows[smooth], cols[smooth]
    inverse = 1 / truth.z_m[rows, cols]
    low, high = np.percentile(inverse, [2, 98])
    strata = np.clip(((inverse - low) / (high - low) * _STRATA).astype(int), 0, _STRATA - 1)
    wanted = rng.permutation(np.resize(rng.permutation(_STRATA), count))
    for stratum in wanted:
        inside = np.flatnonzero(strata == stratum)
        inside = inside if len(inside) >= 5 else np.arange(len(rows))
        chosen = [int(rng.choice(inside))]
        while len(chosen) < ends:
            other = int(rng.integers(len(rows)))
            if (
                np.hypot(rows[other] - rows[chosen[0]], cols[other] - cols[chosen[0]])
                > 0.1 * truth.z_m.shape[0]
            ):
                chosen.append(other)
        yield [(int(rows[at]), int(cols[at])) for at in chosen]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--table", choices=("prior", "shift"), default="shift")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    table = _prior_table if arguments.table == "prior" else _shift_table
    table(arguments.folder, arguments.draws, arguments.seed)


def _prior_table(folder: Path, draws: int, seed: int) -> None:
    truths = truths_of(folder, longest_px=_LONGEST_PX)
    print(f"{len(truths)} depth maps, {draws} draws, seed {seed}; medians of widths and of |error|")
    print(
        "| depth | constraints | covered: scale | distance | length | wider: scale | distance | length "
        "| scale ± | distance off | length off | refused |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    preview = known_error_model("preview")
    assert preview is not None
    for name, model in (("preview", preview), ("measured", _NOISY)):
        rng = np.random.default_rng((seed, len(name)))
        rows: dict[int, list[tuple[float, ...]]] = {count: [] for count in _COUNTS}
        refused = dict.fromkeys(_COUNTS, 0)
        for _ in range(draws):
            case = drawn_case(truths[rng.integers(len(truths))], model, max(_COUNTS), rng)
            none = outcome(case, 0)
            for count in _COUNTS:
                try:
                    rows[count].append(outcome(case, count).row(none))
                except CalibrationError:
                    refused[count] += 1
        for count, covered in rows.items():
            each = np.array(covered)
            shares = " | ".join(f"{100 * share:.1f} %" for share in each[:, :6].mean(axis=0))
            sizes = " | ".join(f"{100 * size:.1f} %" for size in np.median(each[:, 6:], axis=0))
            print(f"| {name} | {count} | {shares} | {sizes} | {refused[count]} |", flush=True)


def _shift_table(folder: Path, draws: int, seed: int) -> None:
    truths = truths_of(folder)
    print(f"{len(truths)} depth maps, {draws} draws a line, seed {seed}; the median is of |error|")
    print("| what | count | wrong | network's error | covered: scale | shift | depth | scale off | refused |")
    print("|---|---|---|---|---|---|---|---|---|")
    for lengths in (False, True):
        for stated in (True, False):
            for count in (2, 3, 10, 1000):
                for outliers in (0.0, 0.1, 0.3):
                    if (outliers and int(outliers * count) == 0) or (not stated and count < 4):
                        continue
                    _line(truths, draws, seed, count, outliers, lengths=lengths, stated=stated)


def _line(
    truths: list[Truth], draws: int, seed: int, count: int, outliers: float, *, lengths: bool, stated: bool
) -> None:
    rng = np.random.default_rng((seed, count, int(100 * outliers), lengths, stated))
    drawn, refused = [], 0
    for _ in range(draws):
        try:
            truth = truths[rng.integers(len(truths))]
            drawn.append(draw(truth, count, outliers, rng, lengths=lengths, stated=stated))
        except CalibrationError:
            refused += 1
    off = np.median([abs(each.estimate.scale / each.scale - 1) for each in drawn])
    covered = [
        100 * np.mean([getattr(each, name) for each in drawn])
        for name in ("covers_scale", "covers_shift", "covers_depth")
    ]
    print(
        f"| {'lengths' if lengths else 'distances'} | {count} | {100 * outliers:.0f} % | "
        f"{'stated' if stated else 'found'} | {covered[0]:.1f} % | {covered[1]:.1f} % | {covered[2]:.1f} % | "
        f"{100 * off:.2f} % | {refused} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
