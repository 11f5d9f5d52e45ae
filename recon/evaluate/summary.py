"""Rows put together: means and quantiles over the photos, of all and of each kind of scene."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from recon.evaluate.evaluate_pair import ALIGNMENTS
from recon.evaluate.results_file import Row

_SINGLE = ("covered", "focal_error", "boundary_f1", "boundary_f1_pooled", "seconds")
_QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


def summarise(rows: Iterable[Row]) -> dict[str, Any]:
    """For each model: numbers over all photos, over those of each ``scene``, and what failed.

    Every photo counts once, whatever its size; what a photo lacks (boundaries, a known focal length) does not count.

    Returns:
        ``{model: {"overall": S, "scenes": {scene: S}, "failed": [{"pair", "type", "message"}]}}``, where S is
        ``{"photos": n, "values": {"metric.abs_rel": {"photos", "mean", "q05", ..., "median", ..., "q95"}, ...}}``.
    """
    values: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(lambda: defaultdict(_lists))
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    failed: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        model = row["model"]
        counts[model][""] += 0
        if not row["ok"]:
            failed[model].append({"pair": row["pair"], **row["error"]})
            continue
        for group in ("", row["scene"]) if row["scene"] else ("",):
            counts[model][group] += 1
            for name, value in _flat(row).items():
                values[model][group][name].append(value)
    return {
        model: {
            "overall": _summary(values[model][""], groups[""]),
            "scenes": {
                scene: _summary(values[model][scene], n) for scene, n in sorted(groups.items()) if scene
            },
            "failed": failed[model],
        }
        for model, groups in counts.items()
    }


def _lists() -> dict[str, list[float]]:
    return defaultdict(list)


def _flat(row: Row) -> dict[str, float]:
    """Numbers of a row by their name, those of an alignment as ``scale.abs_rel``."""
    found = {name: row[name] for name in _SINGLE}
    for alignment in ALIGNMENTS:
        for name, value in row.get(alignment, {}).items():
            found[f"{alignment}.{name}"] = value
    return {name: float(value) for name, value in found.items() if value is not None}


def _summary(values: Mapping[str, list[float]], photos: int) -> dict[str, Any]:
    return {"photos": photos, "values": {name: _statistics(found) for name, found in values.items()}}


def _statistics(found: list[float]) -> dict[str, float]:
    quantiles = np.quantile(found, list(_QUANTILES.values()))
    spread = {name: float(value) for name, value in zip(_QUANTILES, quantiles, strict=True)}
    return {"photos": len(found), "mean": float(np.mean(found)), **spread}
