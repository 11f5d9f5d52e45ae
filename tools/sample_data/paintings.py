"""Pictures for the walls and a pattern for the rug, painted with numpy: sRGB (H, W, 3) in [0, 1]."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _code(code: str) -> Array:
    return np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def _axes(height: int, width: int) -> tuple[Array, Array]:
    v, u = np.mgrid[0:height, 0:width]
    return (u + 0.5) / width, (v + 0.5) / height


def _ridge(u: Array, rng: np.random.Generator, roughness: float) -> Array:
    waves = [
        rng.uniform(0.4, 1) / k**1.2 * np.sin(2 * np.pi * k * u * 0.7 + rng.uniform(0, 6))
        for k in range(1, 24)
    ]
    return roughness * np.sum(waves, axis=0)


def hills(seed: int, sky: str = "#f2d3b0", far: str = "#b9a7a6", near: str = "#2f4a4f") -> Array:
    """Ranges of hills that fade into a hazy evening, with a low sun."""
    rng = np.random.default_rng(seed)
    u, v = _axes(480, 360)
    image = _code(sky) * (1 - 0.25 * v[..., None])
    disc = np.hypot((u - 0.63) * 0.75, v - 0.34) < 0.085
    image[disc] = _code("#e8794f")
    for step in range(5):
        edge = 0.42 + 0.12 * step + _ridge(u[0], rng, 0.035 + 0.008 * step)
        tone = _code(far) + (_code(near) - _code(far)) * step / 4
        image[v > edge] = tone
    return _matted(image + rng.normal(0, 0.012, image.shape), 0.13)


def blocks(seed: int, palette: tuple[str, ...]) -> Array:
    """Overlapping discs and bars in a few muted colours."""
    rng = np.random.default_rng(seed)
    u, v = _axes(480, 360)
    image = np.broadcast_to(_code("#efe6d6"), (*u.shape, 3)).copy()
    for index in range(7):
        colour = _code(palette[index % len(palette)])
        x, y, size = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.12, 0.28)
        round_one = np.hypot((u - x) * 0.75, v - y) < size
        bar = (np.abs(u - x) < size * 0.45) & (np.abs(v - y) < size * 1.3)
        image[(round_one & (v < y)) if index % 3 == 2 else (round_one if index % 2 else bar)] = colour
    return _matted(image + rng.normal(0, 0.012, image.shape), 0.10)


def stems(seed: int) -> Array:
    """Botanical line drawing: stems with paired leaves."""
    rng = np.random.default_rng(seed)
    u, v = _axes(480, 360)
    image = np.broadcast_to(_code("#f1ead9"), (*u.shape, 3)).copy()
    for stem in range(3):
        centre, lean = 0.3 + 0.2 * stem, rng.uniform(-0.12, 0.12)
        line = centre + lean * (1 - v) ** 2
        image[(np.abs(u - line) < 0.006) & (v > 0.2)] = _code("#3f5a41")
        for leaf in range(7):
            y, sign = 0.24 + 0.09 * leaf, 1 if leaf % 2 else -1
            x = centre + lean * (1 - y) ** 2 + sign * 0.055
            along = (u - x) * sign * 0.8 + (y - v) * 0.6
            across = (u - x) * sign * 0.6 - (y - v) * 0.8
            image[(along / 0.085) ** 2 + (across / 0.028) ** 2 < 1] = _code("#557a58") * rng.uniform(
                0.8, 1.15
            )
    return _matted(np.clip(image, 0, 1) + rng.normal(0, 0.01, image.shape), 0.12)


def _matted(image: Array, margin: float) -> Array:
    """The picture behind a white mat whose margin is a share of its width."""
    u, v = _axes(*image.shape[:2])
    side = np.minimum(np.minimum(u, 1 - u) * image.shape[1], np.minimum(v, 1 - v) * image.shape[0])
    out = np.where((side < margin * image.shape[1])[..., None], _code("#f4f1ea"), image)
    return np.clip(out, 0, 1)


def rug(seed: int) -> Array:
    """A flat-woven rug: borders, rows of stepped diamonds, threads of uneven dye."""
    rng = np.random.default_rng(seed)
    u, v = _axes(520, 760)
    ground, red, blue, cream = (_code(c) for c in ("#a2604c", "#8a4238", "#526a80", "#e3d5b8"))
    image = np.broadcast_to(ground, (*u.shape, 3)).copy()
    x, y = np.floor(u * 76) / 76, np.floor(v * 52) / 52
    for column, row in ((c, r) for c in range(6) for r in range(4)):
        distance = np.abs(x - (column + 0.5) / 6) * 6 + np.abs(y - (row + 0.5) / 4) * 4
        for limit, colour in ((0.86, blue), (0.62, cream), (0.44, red), (0.2, cream)):
            image[distance < limit] = colour
    edge = np.minimum(np.minimum(u, 1 - u) * 1.46, np.minimum(v, 1 - v))
    for limit, colour in ((0.12, cream), (0.105, blue), (0.07, cream), (0.06, red), (0.02, blue)):
        image[edge < limit] = colour
    thread = rng.normal(1, 0.045, (520, 1, 1)) * rng.normal(1, 0.05, image.shape[:2])[..., None]
    return np.clip(image * thread, 0, 1)
