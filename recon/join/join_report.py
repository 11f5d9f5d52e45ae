"""What joining photos reports: poses, scale, and what was left out and why."""

from collections.abc import Sequence

from recon.calibration.report import WEAK
from recon.geometry.gravity import Levelling
from recon.join.joined_scene import LeftOut
from recon.join.joint_fit import JointFit
from recon.join.photo_set import NamedPhoto
from recon.join.poses import Poses
from recon.join.view_problem import ViewProblem
from recon.journal import Entry, Journal
from recon.types import DEFAULT_FOV_DEG
from recon.units import scale_text


def report_poses(poses: Poses, photos: Sequence[NamedPhoto], journal: Journal) -> None:
    """Which photos were placed, by what, and which were not."""
    journal.decide(
        "poses",
        f"{len(poses.by_photo)} of {len(photos)} photos placed ({poses.source})",
        source=poses.source,
        placed=[photos[index].name for index in sorted(poses.by_photo)],
    )
    for each in poses.left_out:
        report_left_out(each, journal)


def report_left_out(each: LeftOut, journal: Journal) -> None:
    """A photo that is not part of the scene, and why."""
    journal.warn("left out", f"{each.photo} is left out: {each.reason}", photo=each.photo)


def report_guessed_focal(poses: Poses, journal: Journal) -> None:
    """Warns if nothing says what the focal length is."""
    cameras = [pose.intrinsics for pose in poses.by_photo.values()]
    if any(camera is not None and camera.source == "default" for camera in cameras):
        journal.warn(
            "focal",
            f"The focal length is not known: a field of view of {DEFAULT_FOV_DEG:g}° along the longer side was "
            "assumed, so the photos may not fit together; give --focal-35mm, --focal-px or --fov, or three photos or "
            "more.",
        )


def report_fit(
    fitted: JointFit, problems: Sequence[tuple[int, ViewProblem]], poses: Poses, journal: Journal
) -> None:
    """The scale with its interval, and what disagreed."""
    unit = "" if poses.unit_sigma is None else f", {fitted.metres_per_unit:.4f} m per unit of the poses"
    journal.decide(
        "scale",
        f"one scale for {len(problems)} photos {scale_text(fitted.scale_interval)} (95 %){unit}",
        metres_per_unit=fitted.metres_per_unit,
        scale_interval=fitted.scale_interval,
    )
    if fitted.scale_interval > WEAK:
        journal.warn(
            "scale",
            f"the scale is only known {scale_text(fitted.scale_interval)} (95 %): add --length with the name of "
            "a photo (a.jpg:100,200:100,900=2.03m), or measured depth (--depth)",
        )
    for (_, view), calibration, vote in zip(problems, fitted.calibrations, fitted.votes, strict=True):
        journal.detail(
            "scale",
            f"{view.data.name}: 1/z = {calibration.scale:.4g} * value + {calibration.shift:.4g}, scatter "
            f"{100 * (calibration.relative_error or 0):.1f} %",
            photo=view.data.name,
            scale=calibration.scale,
            shift=calibration.shift,
        )
        if view.prior is not None and not vote:
            journal.warn(
                "scale",
                f"{view.data.name}: the metres of its depth disagree with those of the others; they are not used",
                photo=view.data.name,
            )
        for residual in calibration.constraints:
            if not residual.used:
                journal.warn(
                    "given",
                    f"{view.data.name}: {residual.constraint} disagrees with the rest, which implies "
                    f"{residual.fitted_m:.3g} m; it is not used",
                    photo=view.data.name,
                )


def report_voxels(chosen_m: float, used_m: float, journal: Journal) -> None:
    """How large the voxels are, and whether the mesh has larger ones than the photos resolve."""
    why = (
        ""
        if used_m == chosen_m
        else f" in the mesh: those of {1000 * chosen_m:.3g} mm would take too much memory"
    )
    journal.decide("voxel", f"voxels of {1000 * used_m:.3g} mm{why}", voxel_m=used_m)


def report_level(levelling: Levelling | None, journal: Journal) -> None:
    """How the scene was turned upright, or that it was not."""
    if levelling is None or not levelling.trusted:
        journal.decide(
            "level",
            "the scene keeps the first photo's frame: floors and walls in the photos do not determine gravity",
            applied=False,
        )
        return
    height_m = levelling.camera_height_m
    origin = (
        "no floor is visible, so heights are relative to the first camera"
        if height_m is None
        else f"the first camera is {height_m:.2f} m above the floor, which is at height 0"
    )
    journal.decide(
        "level",
        f"turned upright by {levelling.turn_deg:.1f}°; {origin}; --no-level keeps the first photo's frame",
        turn_deg=round(levelling.turn_deg, 3),
        **levelling.as_provenance(),
    )


class JournalOfPhoto(Journal):
    """Passes on warnings with the photo's name, and decisions of the first photo; those of others are details."""

    def __init__(self, journal: Journal, name: str, *, first: bool, count: int) -> None:
        super().__init__()
        self._journal, self._name, self._first, self._count = journal, name, first, count

    def show(self, entry: Entry) -> None:
        """Passes the entry on."""
        if entry.kind == "warning":
            self._journal.warn(entry.topic, f"{self._name}: {entry.message}", **entry.values)
        elif entry.kind == "decision" and self._first:
            message = f"{entry.message} (first of {self._count} photos)"
            self._journal.decide(entry.topic, message, **entry.values)
        else:
            self._journal.detail(entry.topic, f"{self._name}: {entry.message}", **entry.values)
