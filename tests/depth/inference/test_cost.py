"""Time and memory of a model."""

import sys
from typing import Any

import numpy as np
import pytest

from recon.depth.inference import cost
from recon.depth.inference.cost import estimate_with_cost
from recon.journal import Journal
from recon.types import DepthEstimate, MetricDepth, Photo

PHOTO = Photo(np.zeros((4, 6, 3), np.uint8))
DEPTH = DepthEstimate(MetricDepth(np.ones((4, 6), np.float32), np.ones((4, 6), np.bool_)), "fake")


class Fake:
    """Downloads for 1 s, loads for 2 s, runs for 4 s of a simulated clock, and needs some memory meanwhile."""

    name = "fake"
    gives = "metric"
    now = 0.0

    def __init__(self, floats: int = 0) -> None:
        self.floats = floats

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        with journal.stage("Loading fake"):
            with journal.stage("Downloading fake"):
                self.now += 1
            self.now += 2
        with journal.stage("Running fake"):
            self.now += 4
        used = np.ones(self.floats)
        journal.decide("model", f"used {used.size}")
        return DEPTH


def test_loading_is_not_part_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, journal = Fake(), Journal()
    monkeypatch.setattr(cost.time, "perf_counter", lambda: fake.now)
    estimate, took = estimate_with_cost(fake, PHOTO, focal_px=None, journal=journal)
    assert estimate is DEPTH and (took.seconds, took.loading_s) == (4, 3)
    assert [entry.message for entry in journal.entries] == ["used 0"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the peak")
def test_the_peak_of_memory_is_measured_although_it_is_freed() -> None:
    journal = Journal()
    large = estimate_with_cost(Fake(20_000_000), PHOTO, focal_px=None, journal=journal)[1]
    small = estimate_with_cost(Fake(), PHOTO, focal_px=None, journal=journal)[1]
    assert large.memory_bytes is not None and small.memory_bytes is not None
    assert 155e6 < large.memory_bytes < 200e6 and small.memory_bytes < 40e6


def test_where_the_system_does_not_say_memory_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost.sys, "platform", "darwin")
    took: Any = estimate_with_cost(Fake(), PHOTO, focal_px=None, journal=Journal())[1]
    assert took.memory_bytes is None
