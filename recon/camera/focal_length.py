"""Chooses the focal length: user > intrinsics in the file > EXIF > known rectangle > model > 60 degrees."""

from collections.abc import Sequence
from math import log

from recon.camera.camera_file import read_camera_file
from recon.camera.focal_from_rectangle import focal_from_rectangle
from recon.constraints import Constraint, Rectangle
from recon.journal import Journal
from recon.options import Options
from recon.photo.exif import PLAUSIBLE_35MM, focal_35mm_of_px, focal_px_of_35mm
from recon.statistics import COVERAGE_FACTOR
from recon.types import DEFAULT_FOV_DEG, Intrinsics, Photo

_DISAGREEMENT = 0.10
_OFF_RECTANGLE = 0.05
_OFF_CENTRE = 0.1
"""Offset of the principal point from the centre, as a fraction of the image size, that triggers a warning."""
_SAME_SHAPE = 0.02
"""Relative difference of two aspect ratios up to which one picture may be the other, resized."""

_TOPIC = "focal"


def known_camera(
    photo: Photo, options: Options, journal: Journal, constraints: Sequence[Constraint] = ()
) -> Intrinsics | None:
    """The camera of the upright photo, if it is known before a model runs; otherwise None.

    In this order: user options (``--camera``, ``--intrinsics``, ``--focal-px``, ``--focal-35mm``, ``--fov``),
    intrinsics in the file, EXIF, a known rectangle. Warns about implausible user options, and about a rectangle that
    contradicts the camera (a cropped photo).
    """
    size = {"width": photo.width, "height": photo.height}
    camera = stated_camera(photo, options, journal)
    fits = [focal_from_rectangle(one, **size) for one in constraints if isinstance(one, Rectangle)]
    best = min((each for each in fits if each is not None), key=lambda each: each.sigma, default=None)
    if best is None:
        return camera
    if camera is None:
        return Intrinsics.from_focal(best.focal_px, **size, source="fit")
    if abs(log(best.focal_px / camera.fx)) > max(_OFF_RECTANGLE, 3 * best.sigma):
        journal.warn(
            _TOPIC,
            f"the rectangle implies a focal length of {best.focal_px:.0f} px ± "
            f"{100 * COVERAGE_FACTOR * best.sigma:.0f} % (95 %), but "
            f"{camera.fx:.0f} px is used (source: {camera.source}); the photo may be cropped. If you trust the "
            f"rectangle, use --focal-px {best.focal_px:.0f}",
            focal_px=camera.fx,
            rectangle_focal_px=best.focal_px,
        )
    return camera


def stated_camera(photo: Photo, options: Options, journal: Journal) -> Intrinsics | None:
    """The camera from user options, the file, or EXIF; of an undistorted photo, the one it was undistorted for."""
    if photo.original is not None:
        return photo.intrinsics
    size = {"width": photo.width, "height": photo.height}
    given = _given_camera(options, **size)
    if given is not None:
        for doubt in _doubts(given):
            journal.warn(_TOPIC, doubt)
        return given
    if photo.intrinsics is not None:
        return photo.intrinsics
    if photo.exif_focal_px is not None:
        return Intrinsics.from_focal(photo.exif_focal_px, **size, source="exif")
    return None


def camera_of(
    photo: Photo,
    known: Intrinsics | None,
    model_focal_px: float | None,
    model_name: str,
    journal: Journal,
    *,
    fitted: bool = False,
) -> Intrinsics:
    """The camera that the scene is made with: the known one, else the model's, else the default.

    Journals one decision with the values ``focal_px``, ``fov_x_deg`` and ``source``. Warns if the model and the known
    camera differ by more than 10 %, or if the focal length is a guess.

    Args:
        photo: The photo.
        known: Result of ``known_camera``.
        model_focal_px: Focal length predicted by the model, px of the photo, or None.
        model_name: The model's name, for the journal.
        journal: Receives the decision.
        fitted: ``model_focal_px`` is not from a model but fitted to known lengths, and takes precedence.
    """
    size = {"width": photo.width, "height": photo.height}
    if fitted and model_focal_px is not None:
        camera = Intrinsics.from_focal(model_focal_px, **size, source="fit")
    else:
        camera = Intrinsics.best(known, model_focal_px, **size)

    origin = {
        "user": "as given",
        "file": "from the camera intrinsics in the file",
        "exif": f"from EXIF ({photo.exif_focal_note})",
        "fit": "fitted to the known lengths",
        "model": f"predicted by {model_name}",
        "default": "a guess",
    }[camera.source]
    journal.decide(
        _TOPIC,
        f"focal length {camera.fx:.1f} px (field of view {camera.fov_x_deg:.1f}°), {origin}",
        focal_px=camera.fx,
        fov_x_deg=camera.fov_x_deg,
        source=camera.source,
    )
    if camera.source == "default":
        journal.warn(_TOPIC, _why_default(photo))
    elif known is not None and model_focal_px is not None and not fitted:
        _compare(known, model_focal_px, model_name, journal)
    return camera


def _given_camera(options: Options, *, width: int, height: int) -> Intrinsics | None:
    if options.camera_file is not None:
        return read_camera_file(options.camera_file, width=width, height=height).camera
    if options.intrinsics is not None:
        return Intrinsics(*options.intrinsics, width, height, "user")
    if options.fov is not None:
        return Intrinsics.from_fov(options.fov, width=width, height=height, source="user")
    focal_px = options.focal_px
    if options.focal_35mm is not None:
        focal_px = focal_px_of_35mm(options.focal_35mm, width=width, height=height)
    if focal_px is None:
        return None
    return Intrinsics.from_focal(focal_px, width=width, height=height, source="user")


def _doubts(camera: Intrinsics) -> list[str]:
    """Signs that the user's camera belongs to another image, resolution or unit."""
    doubts = []
    size = f"{camera.width}x{camera.height}"
    off = max(abs(camera.cx / camera.width - 0.5), abs(camera.cy / camera.height - 0.5))
    if off > _OFF_CENTRE:
        where = "is outside" if off > 0.5 else "is far from the centre of"
        doubts.append(
            f"The given principal point ({camera.cx:g}, {camera.cy:g}) {where} the {size} photo; the intrinsics may "
            f"be for another resolution. {_rescaled(camera)}"
        )
    focal_35mm = focal_35mm_of_px(camera.fx, width=camera.width, height=camera.height)
    if not PLAUSIBLE_35MM[0] <= focal_35mm <= PLAUSIBLE_35MM[1]:
        doubts.append(
            f"The given focal length of {camera.fx:g} px is equivalent to {focal_35mm:.3g} mm (35 mm film) on the "
            f"{size} photo, which is unusual. Check its unit and resolution."
        )
    return doubts


def _rescaled(camera: Intrinsics) -> str:
    """What to do with intrinsics of another size: the scaled numbers, where they are of the same picture, resized."""
    width, height = 2 * camera.cx, 2 * camera.cy
    if min(width, height) <= 0 or abs(log(width / height * camera.height / camera.width)) > _SAME_SHAPE:
        return "Scale them to the size of the photo."
    times = camera.width / width
    scaled = ",".join(f"{times * each:.6g}" for each in (camera.fx, camera.fy, camera.cx, camera.cy))
    return f"If they are for a photo of {width:.0f}x{height:.0f}, give --intrinsics {scaled} for this one."


def _why_default(photo: Photo) -> str:
    reason = f" ({photo.exif_focal_note})" if photo.exif_focal_note else ""
    return (
        f"The focal length is not known{reason}: a field of view of {DEFAULT_FOV_DEG:g}° along the longer "
        "side was assumed, so depth and width may not fit together; give --focal-35mm, --focal-px or --fov."
    )


def _compare(known: Intrinsics, model_focal_px: float, model_name: str, journal: Journal) -> None:
    if abs(model_focal_px / known.fx - 1) <= _DISAGREEMENT:
        return
    journal.warn(
        _TOPIC,
        f"{model_name} predicts a focal length of {model_focal_px:.1f} px, but {known.fx:.1f} px is used (source: "
        f"{known.source}); the photo may be cropped, or one of them is wrong. Use --focal-px if you know it.",
        focal_px=known.fx,
        model_focal_px=model_focal_px,
    )
