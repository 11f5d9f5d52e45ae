"""Journal entries about the stages of a reconstruction."""

from collections.abc import Sequence

import numpy as np

from recon.frames import Axes
from recon.geometry.gravity import SURE_CONFIDENCE
from recon.geometry.mesh.coverage import lost_share
from recon.journal import Journal
from recon.options import Options, Shape
from recon.scene import Scene
from recon.types import DepthEstimate, Mesh
from recon.units import metres, significant

_LOST_SHARE = 0.01
"""Share of the pixels without a triangle that is worth a warning."""
_NEVER_FEW = 100_000
"""More triangles are not counted: the default mesh of the sample photos has no such share by far."""


def report_size(estimate: DepthEstimate, options: Options, journal: Journal) -> None:
    """Warns if the model does not follow ``--processing-size``."""
    if options.processing_size is not None and "processing_width" not in estimate.details:
        journal.warn(
            "options",
            f"--processing-size has no effect: {estimate.model} does not use it",
            option="--processing-size",
        )


def report_depth(scene: Scene, journal: Journal) -> None:
    """Journals the range of depth."""
    valid_m = scene.depth.z_m[scene.depth.valid]
    if not valid_m.size:
        journal.warn("depth", "no pixel has a depth")
        return
    near, middle, far = (float(x) for x in np.percentile(valid_m, [1, 50, 99]))
    share, sure = 100 * valid_m.size / scene.depth.valid.size, scene.depth.scale_interval
    journal.decide(
        "depth",
        f"{metres(near, sure)} to {metres(far, sure)} (1 to 99 %), median {metres(middle, sure)}, at {share:.1f} % "
        "of the pixels",
        near_m=near,
        median_m=middle,
        far_m=far,
        known_fraction=share / 100,
    )


def report_pixels(scene: Scene, journal: Journal) -> None:
    """Journals which part of the photo is not in the geometry, and why."""
    dropped, total = scene.dropped, scene.depth.valid.size
    reasons = {
        "without depth": dropped.unknown,
        "sky": dropped.sky,
        f"beyond {scene.options.max_depth} m": dropped.too_far,
        "flying pixels at depth edges (a mesh snaps them to a surface)": dropped.flying,
    }
    texts = [f"{100 * count / total:.1f} % {reason}" for reason, count in reasons.items() if count]
    journal.decide(
        "dropped",
        ", ".join(texts) or "nothing",
        unknown=dropped.unknown,
        sky=dropped.sky,
        too_far=dropped.too_far,
        flying=dropped.flying,
        kept=dropped.kept,
    )
    if scene.backdrop_m is not None:
        journal.warn(
            "sky", f"the sky is kept as a backdrop at {scene.backdrop_m:.1f} m: this distance is arbitrary"
        )
    elif scene.options.sky == "keep":
        why = "the depth source provides no sky mask" if scene.sky is None else "no sky was detected"
        journal.warn("sky", f"--sky keep has no effect: {why}", option="--sky")


def report_levelling(scene: Scene, wanted: Sequence[tuple[Shape, Axes | None]], journal: Journal) -> None:
    """Journals by how much the scene was turned upright and how to avoid it, or why it was not.

    Args:
        scene: The scene.
        wanted: What is written: shapes, with the axes that their formats prescribe.
        journal: The journal.
    """
    used = [scene.levelling(shape, fixed_axes) for shape, fixed_axes in wanted]
    levelling = next((each for each in used if each is not None), None)
    if levelling is None:
        _report_not_level(scene, wanted, journal)
        return
    values = levelling.as_provenance()
    level, upright = 100 * levelling.floor_share, 100 * levelling.wall_share
    visible = f"{level:.0f} % of the image is horizontal and {upright:.0f} % vertical"
    if not levelling.trusted:
        journal.warn(
            "level",
            "the scene is not levelled: gravity could not be estimated from floor and walls "
            f"({visible}; confidence {levelling.confidence:.2f})",
            **values,
        )
        return
    height_m = levelling.camera_height_m
    origin = (
        "no floor is visible, height 0 is the camera"
        if height_m is None
        else f"the camera is {metres(height_m, scene.depth.scale_interval)} above the floor"
    )
    clouds = "" if None not in used else ", as point clouds do"
    journal.decide(
        "level",
        f"turned upright by {levelling.turn_deg:.1f}°; {origin}; --no-level keeps the camera's frame{clouds}",
        turn_deg=round(levelling.turn_deg, 3),
        **values,
    )
    journal.detail(
        "level",
        f"the camera's pitch {levelling.pitch_deg:+.1f}°, roll {levelling.roll_deg:+.1f}°; {visible}; confidence "
        f"{levelling.confidence:.2f}; the floor is the lowest visible horizontal surface, at height 0",
    )


def _report_not_level(scene: Scene, wanted: Sequence[tuple[Shape, Axes | None]], journal: Journal) -> None:
    if scene.options.level is not None or not wanted or scene.options.axes == "opencv":
        return
    if all(shape == "cloud" for shape, _ in wanted):
        journal.detail("level", "point clouds keep the camera's frame; --level aligns them with gravity")
        return
    confidence = scene.gravity.confidence
    anyway = "; --level aligns it anyway" if scene.gravity.trusted else ""
    journal.decide(
        "level",
        f"the scene keeps the camera's frame: gravity is not sure (confidence {confidence:.2f}, "
        f"{SURE_CONFIDENCE} needed){anyway}",
        applied=False,
        confidence=round(confidence, 3),
    )


def report_uncertainty(scene: Scene, stored: bool, journal: Journal) -> None:
    """Warns where the standard deviation of the depth is asked for, and no file contains it.

    Args:
        scene: The scene.
        stored: Whether an output can contain it.
        journal: The journal.
    """
    if not scene.options.uncertainty:
        return
    if scene.depth.log_sigma is None:
        model = scene.provenance.model_name or "the source of the depth"
        why = f"{model} predicts no standard deviation of the depth; of the built-in models, preview does"
    elif not stored:
        why = "only point clouds in .ply contain it (and .npz, always)"
    else:
        return
    journal.warn("uncertainty", f"--uncertainty has no effect: {why}", option="--uncertainty")


def report_faces(scene: Scene, mesh: Mesh, journal: Journal) -> None:
    """The share of the full mesh that is kept; warns if so many triangles were too few or could not be reached."""
    faces, asked, step = len(mesh.faces), scene.options.faces, scene.stride_of("mesh")
    full = 2 * scene.photo.width * scene.photo.height
    if scene.options.stride is None and step > 1:
        then = "); --full keeps all" if asked is None else ", then simplified); --full starts from all"
        journal.decide(
            "triangles",
            f"{_millions(faces)} of {_millions(full)} million triangles (every {_ordinal(step)} pixel{then}",
            faces=faces,
            full=full,
            stride=step,
        )
    if asked is not None and faces > asked:
        journal.warn(
            "faces",
            f"{faces:,} triangles remain instead of the requested {asked:,}: the scene has too many separate pieces; "
            "use --stride 2 or --edge 0 to get fewer",
        )
    if asked is None or not 0 < faces <= _NEVER_FEW:
        return
    lost = lost_share(mesh, scene.surface.keep)
    if lost > _LOST_SHARE:
        # With k times the triangles, the share of holes falls to less than 1/k of it: so many suffice.
        enough = max(2 * asked, int(float(significant(asked * lost / _LOST_SHARE, 1))))
        journal.warn(
            "faces",
            f"{faces:,} triangles are too few for the outlines of this scene: {100 * lost:.1f} % of its pixels show "
            f"holes. More triangles leave fewer: use --faces {enough}",
            lost_fraction=round(lost, 4),
        )


def _millions(count: int) -> str:
    """``1.0``, ``24``: two digits."""
    millions = count / 1e6
    return (
        f"{millions:.0f}" if millions >= 9.95 else f"{millions:.2g}" if millions < 0.95 else f"{millions:.1f}"
    )


def _ordinal(number: int) -> str:
    tens = number // 10 % 10
    return f"{number}{'th' if tens == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
