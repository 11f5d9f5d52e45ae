"""The frames of a video as items of a batch; they have one focal length, the median of the model's estimates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from recon.batch.clip_survey import Survey, survey
from recon.batch.inputs import Found
from recon.batch.item import Item, Target
from recon.batch.shared_models import SharedModels
from recon.journal import Journal
from recon.options import Options
from recon.video.reader import Clip, VideoError

_FRAME_DIGITS = 6
_OFF_FOCAL = 0.1
"""Deviation of a frame's focal length from the clip's that is worth a warning: the clip may zoom."""


def frame_name(clip: str, index: int) -> str:
    """``clip_000120`` of the frame 120: its number in the video, counted from 0."""
    return f"{clip}_{index:0{_FRAME_DIGITS}d}"


@dataclass(frozen=True)
class Surveyed:
    """A video after a first look at it."""

    found: Found
    clip: Clip | None
    """None where it cannot be read."""
    survey: Survey | None = None
    """Which focal length its frames have."""
    error: VideoError | None = None

    def expected(self, every: int) -> int:
        """How many items it comes to, as far as that is known."""
        return 1 if self.clip is None else expected_frames(self.clip, every)


def expected_frames(clip: Clip, every: int) -> int:
    """How many frames a video has by its own account, of which every Nth is taken."""
    return -(-(clip.expected_frames or every) // every)


def look_at(found: Found, options: Options, models: SharedModels, journal: Journal) -> Surveyed:
    """Opens a video and finds the focal length that all of its frames get, where a model predicts it.

    Raises:
        ReconError: The model cannot run.
    """
    try:
        clip = Clip.open(found.path)
        for warning in clip.warnings:
            journal.warn("video", warning)
        seen = survey(clip, options, models, journal, want_span=False)
    except VideoError as error:
        return Surveyed(found, None, error=error)
    report_focal(found.path.name, seen.focal_px, seen.spread, seen.frames, journal)
    return Surveyed(found, clip, seen)


def frames(
    seen: Surveyed, every: int, undone: Callable[[str], Sequence[Target]], journal: Journal
) -> Iterator[Item]:
    """The frames whose outputs are to be made; where the video breaks off, the last item is broken.

    Args:
        seen: The video.
        every: Takes every Nth frame.
        undone: The outputs of a frame's name that are left to do.
        journal: Gets what turns out to be odd about the video.
    """
    found, clip = seen.found, seen.clip
    if clip is None:
        yield Item(found.name, found.path, broken=seen.error)
        return
    told = len(clip.warnings)
    try:
        for frame in clip.frames(every):
            name = frame_name(found.name, frame.index)
            if targets := undone(name):
                values = {"frame": frame.index, "time_s": frame.time_s}
                focal_px = seen.survey.focal_of(frame.photo) if seen.survey else None
                yield Item(name, found.path, targets, frame.photo, focal_px, values)
    except VideoError as error:
        yield Item(found.name, found.path, broken=error)
    for warning in clip.warnings[told:]:
        journal.warn("video", warning)


def report_focal(
    name: str, focal_px: float | None, spread: float | None, count: int, journal: Journal
) -> None:
    """Says which focal length all frames of a clip get."""
    if focal_px is None:
        return
    journal.decide(
        "focal",
        f"{name}: {focal_px:.1f} px for all frames, the median of what the model tells of {count} of them",
        focal_px=focal_px,
        source="model",
    )
    if spread is not None and spread > _OFF_FOCAL:
        journal.warn(
            "focal",
            f"{name}: the model's focal lengths differ by up to {100 * spread:.0f} % from frame to frame; where the "
            "clip zooms, one for all is wrong. Give --focal-px, --focal-35mm or --fov if you know it",
        )
