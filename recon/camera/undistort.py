"""Undistorts a photo: a pinhole picture of the same view, after which every stage is exact for a pinhole camera."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.camera.camera_file import read_camera_file
from recon.camera.focal_length import stated_camera
from recon.camera.lens import NAMES, Array, Lens, LensKind
from recon.constraints import Constraint, DistanceAt, LengthBetween, Pixel, Rectangle, pixels_of
from recon.errors import CalibrationError, LensError
from recon.journal import Journal
from recon.options import Options
from recon.types import BoolMap, Intrinsics, OriginalPicture, Photo

MOST_STRETCH = 4.0
"""The outer part of a picture that would be stretched more than this along the radius is left out."""
_MOST_PIXELS = 2.0
"""Of the new picture, times those of the photo: above it, the focal length is reduced."""
_MOST_WITHOUT_RAY = 0.05
"""Share of the pixels of a photo with the opencv model for which there may be no ray."""
_MOST_SIDE_PX = 32_766
"""OpenCV counts pixels in 16 bits when it resamples."""
_GRID = 257
_ROWS_AT_ONCE = 64


def undistort(photo: Photo, options: Options, journal: Journal) -> Photo:
    """The photo as a pinhole camera would have taken it; the same photo if the options state no distortion.

    The camera's place and direction are kept, so depth along the optical axis is the same for both pictures.

    Raises:
        LensError: The camera file cannot be used, the focal length is not known, or the coefficients are nonsense.
    """
    lens = None if photo.original is not None else _lens(photo, options, journal)
    return photo if lens is None else without_lens(photo, lens, journal)


def without_lens(photo: Photo, lens: Lens, journal: Journal) -> Photo:
    """The photo that this lens took, as a pinhole camera would have taken it.

    Raises:
        LensError: The photo is too large, or the coefficients are nonsense.
    """
    if max(photo.width, photo.height) > _MOST_SIDE_PX:
        raise LensError(
            f"a photo of {photo.width} x {photo.height} px is too large to undistort: a side has at most "
            f"{_MOST_SIDE_PX} px; scale it down"
        )
    _check(lens)
    camera, kept = choose_pinhole(lens)
    undistorted = _Undistortion(lens, camera)
    rgb, present = undistorted.picture(photo)
    shown = ", ".join(
        f"{name} {value:.4g}" for name, value in zip(NAMES[lens.kind], lens.coefficients, strict=False)
    )
    empty = 1 - np.count_nonzero(present) / present.size
    scale = camera.fx / lens.camera.fx
    journal.decide(
        "lens",
        f"undistorted ({lens.kind}: {shown}): {photo.width} x {photo.height} px became {camera.width} x "
        f"{camera.height} px, {camera.fov_x_deg:.1f}° x {camera.fov_y_deg:.1f}°, at {scale:.2f} of the scale; "
        f"{100 * kept:.1f} % of the photo is in it, {100 * empty:.1f} % of the new picture is empty",
        kind=lens.kind,
        coefficients=list(lens.coefficients),
        width=camera.width,
        height=camera.height,
        kept_fraction=round(kept, 4),
        empty_fraction=round(empty, 4),
    )
    original = OriginalPicture(
        photo.width, photo.height, undistorted.positions, undistorted.moved, _record(lens, camera, kept)
    )
    return replace(
        photo,
        rgb=rgb,
        present=None if present.all() else present,
        intrinsics=camera,
        original=original,
        jpeg_bytes=None,
        jpeg_metadata=b"",
    )


def moved_constraints(constraints: Sequence[Constraint], photo: Photo) -> tuple[Constraint, ...]:
    """Constraints with positions in the original photo, as positions in the undistorted one.

    Raises:
        CalibrationError: A position is not in the undistorted picture.
    """
    return tuple(_moved_constraint(one, photo) for one in constraints)


def _moved_constraint(one: Constraint, photo: Photo) -> Constraint:
    original = photo.original
    pixels = pixels_of(one)
    if original is None or not pixels:
        return one
    moved: list[Pixel] = [(float(u), float(v)) for u, v in original.moved(np.array(pixels, float))]
    for (x, y), (u, v) in zip(pixels, moved, strict=True):
        if not (0 <= u <= photo.width and 0 <= v <= photo.height):
            raise CalibrationError(
                f"{one.text}: {x:g},{y:g} is not in the undistorted picture, which leaves out the outer part of the "
                "photo; choose a position nearer to its centre"
            )
    if isinstance(one, DistanceAt):
        return replace(one, pixel_px=moved[0])
    if isinstance(one, LengthBetween):
        return replace(one, a_px=moved[0], b_px=moved[1])
    assert isinstance(one, Rectangle)
    a, b, c, d = moved
    return replace(one, corners_px=(a, b, c, d))


def choose_pinhole(lens: Lens) -> tuple[Intrinsics, float]:
    """The camera of the undistorted picture, and the share of the distorted picture's pixels that are in it.

    The focal length is kept, so that the centre keeps its resolution. The picture is as large as all rays need that
    are stretched at most ``MOST_STRETCH`` times, and is reduced to at most twice the photo's pixels.

    Raises:
        LensError: All rays but one are stretched more.
    """
    k = lens.camera
    u, v = np.meshgrid(np.linspace(0, k.width, _GRID), np.linspace(0, k.height, _GRID))
    x, y = lens.rays(u, v)
    with np.errstate(invalid="ignore"):
        useful = np.isfinite(x) & (lens.stretch(x, y) <= MOST_STRETCH)
    if not (useful.any() and np.ptp(x[useful]) > 0 and np.ptp(y[useful]) > 0):
        raise LensError(
            f"nearly no part of the photo of {k.width} x {k.height} px fits into a picture without distortion: check "
            f"that the focal length of {k.fx:g} x {k.fy:g} px belongs to the photo and its coefficients"
        )
    left, right = float(x[useful].min()), float(x[useful].max())
    top, bottom = float(y[useful].min()), float(y[useful].max())
    pixels = (right - left) * k.fx * (bottom - top) * k.fy
    scale = min(1.0, sqrt(_MOST_PIXELS * k.width * k.height / pixels))
    fx, fy = k.fx * scale, k.fy * scale
    width, height = max(1, round((right - left) * fx)), max(1, round((bottom - top) * fy))
    camera = Intrinsics(fx, fy, -left * fx, -top * fy, width, height, k.source)
    with np.errstate(invalid="ignore"):
        inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    return camera, float(np.count_nonzero(inside) / inside.size)


@dataclass(frozen=True)
class _Undistortion:
    lens: Lens
    camera: Intrinsics

    def positions(self, start: int, stop: int) -> tuple[Array, Array]:
        """Where the pixel centres of these rows lie in the original, px, two (rows, W); NaN where in none."""
        k = self.camera
        x, y = np.meshgrid(
            (np.arange(k.width) + 0.5 - k.cx) / k.fx, (np.arange(start, stop) + 0.5 - k.cy) / k.fy
        )
        u, v = self.lens.project(x, y)
        with np.errstate(invalid="ignore"):
            size = self.lens.camera
            inside = (u >= 0) & (u < size.width) & (v >= 0) & (v < size.height)
        return np.where(inside, u, np.nan), np.where(inside, v, np.nan)

    def moved(self, pixels: Array) -> Array:
        """Positions in the original, (N, 2) px, to the undistorted picture; NaN where it does not reach."""
        x, y = self.lens.rays(pixels[:, 0], pixels[:, 1])
        k = self.camera
        return np.stack([k.fx * x + k.cx, k.fy * y + k.cy], axis=1)

    def picture(self, photo: Photo) -> tuple[NDArray[np.uint8], BoolMap]:
        """The pixels, white where there are none, and where there are some."""
        height, width = self.camera.height, self.camera.width
        rgb = np.full((height, width, 3), 255, np.uint8)
        present = np.zeros((height, width), np.bool_)
        # An array of our own: OpenCV refuses read-only ones.
        source = np.array(photo.rgb)
        for start in range(0, height, _ROWS_AT_ONCE):
            rows = slice(start, min(start + _ROWS_AT_ONCE, height))
            u, v = self.positions(rows.start, rows.stop)
            found = np.isfinite(u)
            if photo.present is not None:
                columns, lines = (np.where(found, each, 0).astype(np.intp) for each in (u, v))
                found &= photo.present[lines, columns]
            # OpenCV counts pixels from 0.
            at = [np.where(found, each - 0.5, -1).astype(np.float32) for each in (u, v)]
            block = cv2.remap(source, at[0], at[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            rgb[rows] = np.where(found[..., None], block, rgb[rows])
            present[rows] = found
        return rgb, present


def _lens(photo: Photo, options: Options, journal: Journal) -> Lens | None:
    """The lens that the options state; None for none, or one without distortion."""
    if options.camera_file is not None:
        lens = read_camera_file(options.camera_file, width=photo.width, height=photo.height)
        return None if lens.is_pinhole else lens
    kind: LensKind = "opencv" if options.fisheye is None else "fisheye"
    coefficients = options.distortion if options.fisheye is None else options.fisheye
    if coefficients is None:
        return None
    camera = stated_camera(photo, options, journal)
    if camera is None:
        raise LensError(
            "lens coefficients count in focal lengths, and the photo does not state its own: add --intrinsics "
            "FX,FY,CX,CY of the same calibration, or --focal-px"
        )
    lens = Lens(camera, kind, coefficients)
    return None if lens.is_pinhole else lens


def _check(lens: Lens) -> None:
    """Refuses coefficients with which a good part of the picture has no ray of its own."""
    k = lens.camera
    advice = "check the coefficients' order and that the focal length and the photo's size belong to them"
    if lens.kind == "fisheye":
        if lens.folds_at_px < min(k.width, k.height) / 2:
            raise LensError(
                f"with these fisheye coefficients the radius stops growing {lens.folds_at_px:.0f} px from the "
                f"centre, inside the photo of {k.width} x {k.height} px: {advice}"
            )
        return
    u, v = np.meshgrid(np.linspace(0, k.width, _GRID), np.linspace(0, k.height, _GRID))
    without = float(np.mean(np.isnan(lens.rays(u, v)[0])))
    if without > _MOST_WITHOUT_RAY:
        raise LensError(
            f"with these distortion coefficients {100 * without:.0f} % of the photo of {k.width} x {k.height} px is "
            f"seen along no ray (the radius stops growing {lens.folds_at_px:.0f} px from the centre): {advice}"
        )


def _record(lens: Lens, camera: Intrinsics, kept: float) -> dict[str, object]:
    """For the provenance."""
    k = lens.camera
    return {
        "kind": lens.kind,
        "coefficients": list(lens.coefficients),
        "fx_px": k.fx,
        "fy_px": k.fy,
        "cx_px": k.cx,
        "cy_px": k.cy,
        "width_px": k.width,
        "height_px": k.height,
        "kept_fraction": round(kept, 4),
    }
