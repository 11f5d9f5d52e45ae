"""What the journal is told of the stages of a reconstruction."""

import numpy as np

from recon.geometry.gravity import Levelling
from recon.journal import Journal
from recon.scene import Scene


def report_depth(scene: Scene, journal: Journal) -> None:
    """How far away the scene is."""
    known = scene.depth.z_m[scene.depth.valid]
    if not known.size:
        journal.warn("depth", "no pixel has a depth")
        return
    near, middle, far = (float(x) for x in np.percentile(known, [1, 50, 99]))
    share = 100 * known.size / scene.depth.valid.size
    journal.decide(
        "depth",
        f"{near:.2f} m to {far:.2f} m (1 to 99 %), median {middle:.2f} m, known at {share:.1f} % of the pixels",
        near_m=near,
        median_m=middle,
        far_m=far,
        known_fraction=share / 100,
    )


def report_pixels(scene: Scene, journal: Journal) -> None:
    """Which part of the photo is not in the geometry, and why."""
    dropped, total = scene.dropped, scene.depth.valid.size
    reasons = {
        "depth not known": dropped.unknown,
        "sky": dropped.sky,
        f"beyond {scene.options.max_depth} m": dropped.too_far,
        "flying pixels at depth edges (a mesh gives them to a surface)": dropped.flying,
    }
    told = [f"{100 * count / total:.1f} % {reason}" for reason, count in reasons.items() if count]
    journal.decide(
        "dropped",
        ", ".join(told) or "nothing",
        unknown=dropped.unknown,
        sky=dropped.sky,
        too_far=dropped.too_far,
        flying=dropped.flying,
        kept=dropped.kept,
    )
    if scene.backdrop_m is not None:
        journal.warn(
            "sky", f"the sky is kept as a backdrop at {scene.backdrop_m:.1f} m: that distance is made up"
        )
    elif scene.options.sky == "keep":
        why = "the depth does not tell where sky is" if scene.sky is None else "no sky was found"
        journal.warn("sky", f"--sky keep has no effect: {why}", option="--sky")


def report_levelling(levelling: Levelling, journal: Journal) -> None:
    """How the scene was stood upright, or why it was not."""
    values = levelling.as_provenance()
    told = f"pitch {levelling.pitch_deg:+.1f}°, roll {levelling.roll_deg:+.1f}°"
    height_m = levelling.camera_height_m
    level, upright = 100 * levelling.floor_share, 100 * levelling.wall_share
    seen = f"{level:.0f} % of the picture is level and {upright:.0f} % upright"
    if not levelling.trusted:
        journal.warn(
            "level",
            "the scene is not levelled: its floor and walls do not tell where down is "
            f"({seen}; confidence {levelling.confidence:.2f})",
            **values,
        )
        return
    stands = (
        "no floor is seen, so heights count from the camera"
        if height_m is None
        else f"the camera is {height_m:.2f} m above the lowest level surface seen, which is at height 0"
    )
    journal.decide(
        "level", f"{told} of the camera; {stands} ({seen}; confidence {levelling.confidence:.2f})", **values
    )


def report_faces(scene: Scene, faces: int, journal: Journal) -> None:
    """That simplifying left more triangles than were asked for."""
    asked = scene.options.faces
    if asked is not None and faces > asked:
        journal.warn(
            "faces",
            f"{faces:,} triangles are left, not the {asked:,} asked for: the scene has too many separate pieces; "
            "--stride 2 or --edge 0 leaves fewer",
        )
