"""A sample's files: the JPEG with its EXIF block, the 16-bit depth PNG, its entry in pairs.json."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tools.sample_data.sample import Sample

TAKEN_AT = "2026:11:21 10:30:00"
SENSOR_FOCAL_MM = 5.7  # of a phone's main camera; its 35 mm equivalent is the sample's
LENGTH_TOLERANCE_M = 0.004


def develop(rgb: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """What a lens and a sensor add to a render (H, W, 3): a trace of vignetting and of grain."""
    height, width = rgb.shape[:2]
    v, u = np.mgrid[0:height, 0:width] + 0.5
    radius = np.hypot(u - width / 2, v - height / 2) / np.hypot(width / 2, height / 2)
    light = rgb.astype(np.float64) * (1 - 0.10 * radius**2)[..., None]
    grain = np.random.default_rng(seed).normal(0, 1.1, (height, width, 1))
    return np.clip(np.rint(light + grain), 0, 255).astype(np.uint8)


def write_photo(path: Path, rgb: NDArray[np.uint8], sample: Sample) -> None:
    """Store the upright picture (H, W, 3) as the sensor would have: turned, with a tag that says so."""
    stored = np.rot90(rgb) if sample.orientation == 6 else rgb
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "recon"
    exif[ExifTags.Base.Model] = "rendered sample"
    exif[ExifTags.Base.Orientation] = sample.orientation
    exif[ExifTags.Base.DateTime] = TAKEN_AT
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = TAKEN_AT
    details[ExifTags.Base.FocalLength] = IFDRational(round(SENSOR_FOCAL_MM * 10), 10)
    details[ExifTags.Base.FocalLengthIn35mmFilm] = sample.camera.f35_mm
    details[ExifTags.Base.ColorSpace] = 1
    details[ExifTags.Base.ExifImageWidth] = stored.shape[1]
    details[ExifTags.Base.ExifImageHeight] = stored.shape[0]
    Image.fromarray(np.ascontiguousarray(stored)).save(path, quality=88, optimize=True, exif=exif)


def write_depth(path: Path, z_m: NDArray[np.float32], units_per_metre: float) -> None:
    """Store z-depth (H, W) in metres as 16-bit units, 0 where it is infinite."""
    units = np.where(np.isfinite(z_m), np.rint(z_m.astype(np.float64) * units_per_metre), 0)
    if units.max() > 65535 or (units[np.isfinite(z_m)] < 1).any():
        raise ValueError(f"expected depths of 1 to 65535 units, got up to {units.max():.0f}")
    Image.fromarray(units.astype(np.uint16)).save(path, optimize=True)


def entry(sample: Sample, z_m: NDArray[np.float32]) -> dict[str, Any]:
    """The sample's entry in pairs.json; checks its known lengths against the depth on the way."""
    camera = sample.camera
    return {
        "rgb": f"{sample.name}.jpg",
        "depth": f"{sample.name}.depth.png",
        "depth_units_per_metre": sample.depth_units_per_metre,
        "K_fx_fy_cx_cy": [camera.focal_px, camera.focal_px, camera.width / 2, camera.height / 2],
        "kind": "render",
        "scene": sample.surroundings,
        "licence": "CC0-1.0",
        "width_height": [camera.width, camera.height],
        "world_T_cam": np.round(camera.world_T_cam, 9).tolist(),
        "camera_height_m": camera.position[2],
        "known_lengths": [_known_length(sample, i, z_m) for i in range(len(sample.known_lengths))],
        "levels": [asdict(level) for level in sample.levels],
    }


def _known_length(sample: Sample, index: int, z_m: NDArray[np.float32]) -> dict[str, Any]:
    known = sample.known_lengths[index]
    pixels = []
    for point in (known.a, known.b):
        x, y, z = sample.camera.project(point)
        column, row = (
            int(x * z_m.shape[1] / sample.camera.width),
            int(y * z_m.shape[0] / sample.camera.height),
        )
        if not (0 <= row < z_m.shape[0] and 0 <= column < z_m.shape[1]):
            raise ValueError(
                f"{sample.name}: {known.name}: {point} is outside the picture, at {x:.0f}, {y:.0f}"
            )
        near = z_m[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        if not near.min() - LENGTH_TOLERANCE_M <= z <= near.max() + LENGTH_TOLERANCE_M:
            seen = f"{near.min():.3f} to {near.max():.3f} m"
            raise ValueError(f"{sample.name}: {known.name}: {point} at depth {z:.3f} m, but one sees {seen}")
        pixels.append([round(x, 2), round(y, 2)])
    length = float(np.linalg.norm(np.subtract(known.a, known.b)))
    return {"name": known.name, "a_px": pixels[0], "b_px": pixels[1], "length_m": round(length, 4)}


def update_pairs(path: Path, name: str, value: dict[str, Any]) -> None:
    """Put one entry into pairs.json, keeping the others."""
    pairs = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    pairs[name] = value
    path.write_text(json.dumps(dict(sorted(pairs.items())), indent=1) + "\n", encoding="utf-8")
