"""Which focal length is used, and why: user > the file's own intrinsics > EXIF > model > a stated default."""

from collections.abc import Sequence
from math import log

from recon.camera.focal_from_rectangle import focal_from_rectangle
from recon.constraints import Constraint, Rectangle
from recon.journal import Journal
from recon.options import Options
from recon.photo.exif import PLAUSIBLE_35MM, focal_35mm_of_px, focal_px_of_35mm
from recon.statistics import COVERAGE_FACTOR
from recon.types import DEFAULT_FOV_DEG, Intrinsics, Photo

_DISAGREEMENT = 0.10
_OFF_RECTANGLE = 0.05
_OFF_CENTRE = 0.25
"""Share of the picture by which a principal point may lie off the centre before it is doubted."""

_TOPIC = "focal"


def known_camera(
    photo: Photo, options: Options, journal: Journal, constraints: Sequence[Constraint] = ()
) -> Intrinsics | None:
    """The camera of the upright photo as far as it is known before a model runs; None where it is not.

    The user's numbers (``--intrinsics``, ``--focal-px``, ``--focal-35mm``, ``--fov``) go before the intrinsics
    inside the file, those before EXIF, and that before what a known rectangle tells. What looks wrong is journaled as
    a warning: user's numbers that no camera has, a rectangle that contradicts the rest (a cropped picture).
    """
    size = {"width": photo.width, "height": photo.height}
    camera = _stated_camera(photo, options, journal)
    told = [focal_from_rectangle(one, **size) for one in constraints if isinstance(one, Rectangle)]
    best = min((each for each in told if each is not None), key=lambda each: each.sigma, default=None)
    if best is None:
        return camera
    if camera is None:
        return Intrinsics.from_focal(best.focal_px, **size, source="fit")
    if abs(log(best.focal_px / camera.fx)) > max(_OFF_RECTANGLE, 3 * best.sigma):
        journal.warn(
            _TOPIC,
            f"the rectangle tells a focal length of {best.focal_px:.0f} px ± "
            f"{100 * COVERAGE_FACTOR * best.sigma:.0f} % (95 %), but "
            f"{camera.fx:.0f} px is used (source: {camera.source}): the picture may be cropped; give "
            f"--focal-px {best.focal_px:.0f} if you trust the rectangle",
            focal_px=camera.fx,
            rectangle_focal_px=best.focal_px,
        )
    return camera


def _stated_camera(photo: Photo, options: Options, journal: Journal) -> Intrinsics | None:
    """The camera by the user's numbers, the file, or EXIF."""
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

    Journals one decision with the values ``focal_px``, ``fov_x_deg`` and ``source``, and a warning where the
    model and what is known disagree by over 10 %, or where nothing is known.

    Args:
        photo: The photo.
        known: What ``known_camera`` returned.
        model_focal_px: Focal length that the model predicts, px of the photo; None where it predicts none.
        model_name: The model's name, for the journal.
        journal: Gets the decision.
        fitted: ``model_focal_px`` is no model's, but fits the lengths that the user knows, and goes before all.
    """
    size = {"width": photo.width, "height": photo.height}
    if fitted and model_focal_px is not None:
        camera = Intrinsics.from_focal(model_focal_px, **size, source="fit")
    else:
        camera = Intrinsics.best(known, model_focal_px, **size)

    origin = {
        "user": "as given",
        "file": "from the camera intrinsics inside the file",
        "exif": f"from EXIF ({photo.exif_focal_note})",
        "fit": "as the known lengths tell",
        "model": f"as {model_name} predicts",
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
    """What suggests that the user's camera belongs to another picture or another unit."""
    doubts = []
    size = f"{camera.width}x{camera.height}"
    off = max(abs(camera.cx / camera.width - 0.5), abs(camera.cy / camera.height - 0.5))
    if off > _OFF_CENTRE:
        where = "lies outside of" if off > 0.5 else "is far from the centre of"
        doubts.append(
            f"The given principal point ({camera.cx:g}, {camera.cy:g}) {where} the {size} photo: the camera may be "
            "that of another resolution; scale it to the photo's."
        )
    focal_35mm = focal_35mm_of_px(camera.fx, width=camera.width, height=camera.height)
    if not PLAUSIBLE_35MM[0] <= focal_35mm <= PLAUSIBLE_35MM[1]:
        doubts.append(
            f"The given focal length of {camera.fx:g} px is a 35 mm equivalent of {focal_35mm:.3g} mm on the "
            f"{size} photo, which no usual camera has: check its unit and the resolution that it belongs to."
        )
    return doubts


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
        f"{known.source}): the picture may be cropped, or the number wrong; give --focal-px if you know better.",
        focal_px=known.fx,
        model_focal_px=model_focal_px,
    )
