"""Aggregates rows: means and quantiles over photos, overall and per kind of scene."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recon.errors import Failure
from recon.evaluate.row import Measures, Row

_SINGLE = ("covered", "focal_error", "boundary_f1", "boundary_f1_pooled", "seconds")


@dataclass(frozen=True)
class Statistics:
    """Statistics of one number over the photos that have it."""

    photos: int
    mean: float
    q05: float
    q25: float
    median: float
    q75: float
    q95: float


@dataclass(frozen=True)
class Summary:
    """Statistics over some photos; every photo has the same weight."""

    photos: int
    values: Mapping[str, Statistics]
    """By name, those of an alignment as ``metric.abs_rel``; names that no photo has are absent."""


@dataclass(frozen=True)
class FailedPair(Failure):
    """A pair that could not be evaluated."""

    pair: str


@dataclass(frozen=True)
class ModelSummary:
    """The results of one model."""

    overall: Summary
    scenes: Mapping[str, Summary]
    """By kind of scene, in alphabetical order."""
    failed: tuple[FailedPair, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a report."""
        return {
            "overall": asdict(self.overall),
            "scenes": {scene: asdict(means) for scene, means in self.scenes.items()},
            "failed": [{"pair": one.pair, "type": one.type, "message": one.message} for one in self.failed],
        }


def summarise(rows: Iterable[Row]) -> dict[str, ModelSummary]:
    """For each model: statistics over all photos, over those of each ``scene``, and the failures."""
    values: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(lambda: defaultdict(_lists))
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    failed: dict[str, list[FailedPair]] = defaultdict(list)
    for row in rows:
        model = row.model
        counts[model][""] += 0
        if isinstance(row.result, Failure):
            failed[model].append(FailedPair(row.result.type, row.result.message, row.pair))
            continue
        for group in ("", row.scene) if row.scene else ("",):
            counts[model][group] += 1
            for name, value in _flat(row.result).items():
                values[model][group][name].append(value)
    return {
        model: ModelSummary(
            _summary(values[model][""], groups[""]),
            {scene: _summary(values[model][scene], n) for scene, n in sorted(groups.items()) if scene},
            tuple(failed[model]),
        )
        for model, groups in counts.items()
    }


def _lists() -> dict[str, list[float]]:
    return defaultdict(list)


def _flat(measures: Measures) -> dict[str, float]:
    """The numbers of a row by name, those of an alignment as ``scale.abs_rel``."""
    numbers = {name: getattr(measures, name) for name in _SINGLE}
    for alignment, errors in measures.errors.items():
        numbers |= {f"{alignment}.{name}": value for name, value in errors.items()}
    return {name: float(value) for name, value in numbers.items() if value is not None}


def _summary(values: Mapping[str, list[float]], photos: int) -> Summary:
    return Summary(photos, {name: _statistics(numbers) for name, numbers in values.items()})


def _statistics(numbers: list[float]) -> Statistics:
    low, quarter, middle, three_quarters, high = np.quantile(numbers, [0.05, 0.25, 0.5, 0.75, 0.95])
    mean = float(np.mean(numbers))
    return Statistics(
        len(numbers), mean, float(low), float(quarter), float(middle), float(three_quarters), float(high)
    )
