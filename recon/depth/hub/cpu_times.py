"""How long each network runs on a CPU, as a multiple of dav2-small's time at the models' default sizes.

Measured on 2026-11-27 with random weights, on which the time does not depend, by ``python -m tools.bench.models``
(processor seconds on one thread; dav2-small: 1.3; preview on 2026-11-28: 0.60 of 1.49) and ``tools.bench.network``
(Depth Pro with a known focal length).
"""

_TIMES = {
    "preview": 0.4,
    "dav2-small": 1.0,
    "dav2-base": 2.9,
    "dav2-large": 9.7,
    "da3-metric-large": 4.6,
    "moge2-vits": 8.2,
    "moge2-vitb": 12.0,
    "moge2-vitl": 29.0,
    "depthpro": 85.0,
}
_SAME_LAYERS = {
    "dav2-metric-indoor": "dav2",
    "dav2-metric-outdoor": "dav2",
    "da3-mono": "da3-metric",
}


def cpu_time(model: str) -> float | None:
    """The multiple for a built-in model; None for one that was not measured."""
    for family, measured in _SAME_LAYERS.items():
        if model.startswith(family):
            model = measured + model.removeprefix(family)
    return _TIMES.get(model)
