"""Photos of flat pictures: a painting, drawing, poster, photo or screen that fills the frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.preview import surfaces
from tools.preview.indoor import interior
from tools.preview.scene import Builder, Material, Rng, Scene, Shot
from tools.preview.textures import SIZE

_MOTIFS = ["landscape", "portrait", "animal", "street", "room", "park", "closeup", "plaza"]


def sheet(seed: int, rng: Rng) -> Scene:
    """A picture on a wall, an easel or a table, taken from so near that little else is seen."""
    w, d, h = rng.uniform(2.5, 6), rng.uniform(3, 7), rng.uniform(2.4, 3.2)
    scene = interior(seed, rng, "sheet", w, d, h)
    b = Builder(scene, rng)
    scene.pictures.append(_motif(seed, rng))
    wide = float(np.exp(rng.uniform(np.log(0.2), np.log(1.8))))
    high = wide * rng.uniform(0.6, 1.4)
    c = rng.uniform(0.6, 1.0)
    glow = rng.uniform(0.5, 1.5) if rng.random() < 0.2 else 0.0
    skin = b.material(Material((c, c, c), texture="own", scale_m=0.0, glow=glow, gloss=rng.uniform(0, 0.4)))
    lying = rng.random() < 0.25 and wide < 0.8
    if lying:
        y = rng.uniform(0.7, 0.8)
        b.add("box", (0, y - 0.02, 0), (1.6, 0.04, 1.2), surfaces.wood(b))
        b.add("box", (0, y + 0.002, 0), (wide, 0.004, high), skin)
        place = (0.0, y, 0.0)
    else:
        y = (
            float(np.clip(rng.normal(1.5, 0.15), high / 2 + 0.05, h - high / 2 - 0.05))
            if high < h - 0.2
            else h / 2
        )
        z = d / 2 - 0.04
        b.add("box", (0, y, z), (wide, high, 0.03), skin)
        if rng.random() < 0.6:
            rim, t = surfaces.wood(b), rng.uniform(0.02, 0.09)
            for s in (-1, 1):
                b.add("box", (s * (wide + t) / 2, y, z - 0.01), (t, high + 2 * t, 0.05), rim)
                b.add("box", (0, y + s * (high + t) / 2, z - 0.01), (wide, t, 0.05), rim)
        place = (0.0, y, z)
    scene.targets = [(*place, wide)]
    scene.shot = Shot(
        target_m=(0.75 * wide + 0.05, 1.5 * wide + 0.15),
        target_share=1.0,
        above_deg=(55, 88) if lying else (-8, 10),
        around=0.35 if not lying else 3.1,
        near_m=0.1,
        middle_m=0.0,
        offset=0.05,
    )
    return scene


def _motif(seed: int, rng: Rng) -> NDArray[np.uint8]:
    """Return what the sheet shows: a generated view as a photo, as paint, or as a drawing in lines."""
    from tools.preview.view import views  # a view of another scene: it needs the whole renderer

    kind = _MOTIFS[int(rng.integers(len(_MOTIFS)))]
    image = views(seed + 500_000_000, SIZE, SIZE, 1, kind)[0].rgb
    style = rng.random()
    if style < 0.35:
        return image
    smooth = cv2.bilateralFilter(image, 9, 60, 7)
    if style < 0.65:  # paint: strokes of one colour
        strokes = cv2.medianBlur(smooth, int(rng.choice([3, 5, 7])))
        return (strokes // 24 * 24 + 12).astype(np.uint8)
    grey = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 9, 4)
    paper = (rng.uniform(0.8, 1.0, 3) * 255).astype(np.float32)
    ink = np.repeat(lines[..., None].astype(np.float32) / 255, 3, 2)
    if style < 0.8:  # coloured in
        ink = ink * (0.4 + 0.6 * (smooth // 40 * 40 + 20).astype(np.float32) / 255)
    return np.clip(paper * ink + 10, 0, 255).astype(np.uint8)
