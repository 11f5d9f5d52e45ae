"""Refinement: outlines of a small map come to the photo's edges; depth, kind and all else stay."""

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
import pytest

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.preview import Preview
from recon.depth.refined import Refined, refine
from recon.evaluate.metrics.boundary_f1 import boundary_f1
from recon.journal import Journal
from recon.options import Options, Refinement
from recon.types import DepthEstimate, MetricDepth, Photo, RelativeDepth

SMALL = (48, 36)
DISC = (np.mgrid[0:288, 0:384][0] - 140) ** 2 + (np.mgrid[0:288, 0:384][1] - 200) ** 2 < 90**2
TRUE = np.where(DISC, 2.0, 5.0).astype(np.float32)
RGB = np.where(DISC[..., None], [180, 120, 90], [60, 90, 140]).astype(np.uint8)
KNOWN = np.ones(TRUE.shape, bool)
BOTH: tuple[Refinement, ...] = ("guided", "bilateral")


def interpolated(values: np.ndarray) -> np.ndarray:
    """As networks of ``SMALL`` give it."""
    small = cv2.resize(values, SMALL, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (384, 288), interpolation=cv2.INTER_LINEAR), np.float32)


class Soft:
    """Depth of a small map, interpolated."""

    name = "soft"
    gives: Literal["metric"] = "metric"

    def __init__(self, **details: object) -> None:
        self.details = details

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        sigma = np.full(TRUE.shape, 0.1, np.float32)
        sky = ~KNOWN
        sky[:20] = True
        depth = MetricDepth(interpolated(TRUE), ~sky, log_sigma=sigma)
        return DepthEstimate(depth, self.name, focal_px=70.0, sky=sky, details=self.details)


def f1(z_m: np.ndarray) -> float:
    found = boundary_f1(z_m.astype(np.float32), TRUE, KNOWN)
    assert found is not None
    return found.pooled


@pytest.mark.parametrize(("how", "least"), [("guided", 0.9), ("bilateral", 0.9)])
@pytest.mark.parametrize("relative", [False, True])
def test_outlines_come_to_the_edges_of_the_photo(how: Refinement, least: float, relative: bool) -> None:
    z_m: np.ndarray
    if relative:
        # Relative depth may be negative.
        depth = refine(
            RelativeDepth(interpolated(7 / TRUE - 3), KNOWN), RGB, how, width=SMALL[0], height=SMALL[1]
        )
        assert isinstance(depth, RelativeDepth)
        z_m = 7 / (depth.inverse + 3)
    else:
        depth = refine(MetricDepth(interpolated(TRUE), KNOWN), RGB, how, width=SMALL[0], height=SMALL[1])
        assert isinstance(depth, MetricDepth)
        z_m = depth.z_m
    assert f1(z_m) > least > 3 * f1(interpolated(TRUE))
    assert np.abs(z_m / TRUE - 1).mean() < 0.01


@pytest.mark.parametrize("how", BOTH)
def test_all_but_the_outlines_stays(how: Refinement) -> None:
    soft = Soft(processing_width=SMALL[0], processing_height=SMALL[1])
    plain = soft.estimate(Photo(RGB), focal_px=None, journal=Journal())
    estimate = Refined(soft, how).estimate(Photo(RGB), focal_px=None, journal=Journal())
    assert estimate.details == {**plain.details, "refine": how}
    assert isinstance(estimate.depth, MetricDepth) and isinstance(plain.depth, MetricDepth)
    assert estimate.sky is not None and plain.sky is not None
    np.testing.assert_array_equal(estimate.sky, plain.sky)
    np.testing.assert_array_equal(estimate.depth.valid, plain.depth.valid)
    assert replace(estimate.depth, z_m=plain.depth.z_m) == plain.depth
    assert (estimate.depth.z_m != plain.depth.z_m).any()


@pytest.mark.parametrize("how", BOTH)
def test_what_is_not_known_does_not_bleed_in(how: Refinement) -> None:
    soft = interpolated(TRUE)
    depth = refine(MetricDepth(np.where(DISC, np.nan, soft), ~DISC), RGB, how, width=48, height=36)
    assert isinstance(depth, MetricDepth)
    # A slope that is continued, to the border or into a gap, may overshoot by a percent.
    assert depth.z_m[~DISC].min() > 4 and depth.z_m[~DISC].max() < 5.05


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (Soft(), "the size of its map is not known"),
        (Soft(processing_width=370, processing_height=280), "its map is about as large as the photo"),
        (Preview(), "its outlines follow the photo already"),
    ],
)
def test_without_effect_it_says_so(estimator: Soft | Preview, reason: str) -> None:
    journal = Journal()
    estimate = Refined(estimator, "guided").estimate(Photo(RGB), focal_px=None, journal=journal)
    assert "refine" not in estimate.details
    warnings = [entry.message for entry in journal.entries if entry.kind == "warning"]
    assert warnings == [f"--refine has no effect on {estimator.name}: {reason}"]


def test_the_registry_refines_after_it_augments() -> None:
    made = registry.create("dav2-small", RunOptions(augment=("flip",), refine="bilateral"))
    assert isinstance(made, Refined) and made.inner.name == "dav2-small" and made.gives == "relative"
    with pytest.raises(ValueError, match="refine must be one of guided, bilateral"):
        Options(refine="sharp")  # type: ignore[arg-type]
