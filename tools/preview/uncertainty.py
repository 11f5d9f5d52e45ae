"""Calibrates the preview network's standard deviations of log depth: ``sigma = factor * predicted ** power``.

The power makes the differences between pixels as large as they are: it has the highest likelihood under Laplace
distributions, which the network is trained with, on photos and generated views in equal shares, as eight places of
photos alone would not determine it. The factor makes 95 % of the errors on photos smaller than 1.96 standard
deviations, since 95 % intervals are what `recon measure` reports. Errors are those after one scale for each picture,
as the error model counts that part apart (``recon.calibration.error_model``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from recon.statistics import COVERAGE_FACTOR

Array = NDArray[np.float64]

NOMINAL = (0.5, 0.68, 0.8, 0.9, 0.95)
_POWERS = np.linspace(0.0, 2.0, 81)
_WANTED = 0.95
_LEAST = 1e-6


@dataclass(frozen=True)
class Errors:
    """Errors of log depth of N pixels of some pictures."""

    error: Array
    """(N,) after one scale for each picture."""
    predicted: Array
    """(N,) standard deviations."""
    weight: Array
    """(N,); each place or kind of picture has one vote."""

    @classmethod
    def of(cls, samples: Sequence[tuple[Array, Array]], groups: Sequence[str]) -> "Errors":
        """Of samples (error, predicted) of pictures, and the group of each picture."""
        counts = {group: groups.count(group) for group in groups}
        weights = [
            np.full(len(error), 1 / counts[group] / max(len(error), 1))
            for (error, _), group in zip(samples, groups, strict=True)
        ]
        errors, predicted = zip(*samples, strict=True)
        return cls(np.concatenate(errors), np.concatenate(predicted), np.concatenate(weights))

    def calibrated(self, factor: float, power: float) -> "Errors":
        """With ``factor * predicted ** power``."""
        return Errors(self.error, factor * self.predicted**power, self.weight)


def fit_power(sources: Sequence[Errors]) -> float:
    """The exponent with the highest mean likelihood over the sources; each source has its own factor."""

    def cost(errors: Errors, power: float) -> float:
        size, log_predicted = np.maximum(np.abs(errors.error), _LEAST), np.log(errors.predicted)
        # The best Laplace scale is the mean of |error| / predicted^power; then the mean of |error| / scale is 1.
        scale = np.average(size * np.exp(-power * log_predicted), weights=errors.weight)
        return float(np.log(scale) + power * np.average(log_predicted, weights=errors.weight))

    return float(min(_POWERS, key=lambda power: sum(cost(errors, power) for errors in sources)))


def fit_factor(errors: Errors, power: float) -> float:
    """The factor with which 95 % of the errors are within 1.96 standard deviations."""
    ratio = np.abs(errors.error) / errors.predicted**power
    order = np.argsort(ratio)
    reached = np.cumsum(errors.weight[order]) / errors.weight.sum()
    return float(ratio[order][np.searchsorted(reached, _WANTED)] / COVERAGE_FACTOR)


def covered(errors: Errors) -> dict[float, float]:
    """Share of the errors within normal intervals of each nominal probability."""
    ratio = np.abs(errors.error) / errors.predicted
    return {p: float(np.average(ratio <= norm.ppf(0.5 + p / 2), weights=errors.weight)) for p in NOMINAL}


def by_tenth(errors: Errors) -> list[tuple[float, float]]:
    """(predicted, found) standard deviation of each tenth of the pixels, the surest first.

    The found one is the 95 % point of the errors over 1.96, so that single wild pixels do not decide.
    """
    order = np.argsort(errors.predicted, kind="stable")
    tenth = np.minimum((10 * np.cumsum(errors.weight[order]) / errors.weight.sum()).astype(int), 9)
    found = []
    for k in range(10):
        here = order[tenth == k]
        part = Errors(errors.error[here], np.ones(len(here)), errors.weight[here])
        predicted = float(np.sqrt(np.average(errors.predicted[here] ** 2, weights=part.weight)))
        found.append((predicted, fit_factor(part, 1.0)))
    return found


def tables(errors: dict[str, Errors]) -> str:
    """In Markdown: nominal and covered shares, then the predicted and the found error of each tenth."""
    head = " | ".join(f"{100 * p:.0f} %" for p in NOMINAL)
    lines = [f"| intervals of | {head} |", "|---" * (1 + len(NOMINAL)) + "|"]
    for name, one in errors.items():
        lines.append(
            f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in covered(one).values()) + " |"
        )
    lines += ["", f"| tenth of the pixels | {' | '.join(str(k) for k in range(1, 11))} |", "|---" * 11 + "|"]
    for name, one in errors.items():
        predicted, found = zip(*by_tenth(one), strict=True)
        lines.append(f"| {name}, predicted | " + " | ".join(f"{value:.3f}" for value in predicted) + " |")
        lines.append(f"| {name}, found | " + " | ".join(f"{value:.3f}" for value in found) + " |")
    return "\n".join(lines)
