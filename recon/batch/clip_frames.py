"""The frames of a video as items of a batch; all share one focal length, the median of the model's estimates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from recon.batch.clip_survey import Survey, survey
from recon.batch.inputs import InputFile
from recon.batch.item import Item, Target
from recon.batch.shared_models import SharedModels
from recon.journal import Journal
from recon.options import Options
from recon.video.reader import Clip, VideoError

_FRAME_DIGITS = 6
_OFF_FOCAL = 0.1
"""A larger relative deviation of a frame's focal length from the clip's is a warning: the clip may zoom."""


def frame_name(clip: str, index: int) -> str:
    """``clip_000120`` for frame 120, counted from 0."""
    return f"{clip}_{index:0{_FRAME_DIGITS}d}"


@dataclass(frozen=True)
class Surveyed:
    """A video after the survey of a few frames."""

    file: InputFile
    clip: Clip | None
    """None if it cannot be read."""
    survey: Survey | None = None
    """Survey of the focal length of its frames."""
    error: VideoError | None = None

    def expected(self, every: int) -> int:
        """The expected number of items."""
        return 1 if self.clip is None else expected_frames(self.clip, every)


def expected_frames(clip: Clip, every: int) -> int:
    """Number of frames to reconstruct, from the frame count that the video declares."""
    return -(-(clip.expected_frames or every) // every)


def survey_video(file: InputFile, options: Options, models: SharedModels, journal: Journal) -> Surveyed:
    """Opens a video and determines the focal length for all of its frames if a model predicts it.

    Raises:
        ReconError: The model cannot run.
    """
    try:
        clip = Clip.open(file.path)
        for warning in clip.warnings:
            journal.warn("video", warning)
        surveyed = survey(clip, options, models, journal, want_span=False)
    except VideoError as error:
        return Surveyed(file, None, error=error)
    report_focal(file.path.name, surveyed.focal_px, surveyed.spread, surveyed.frames, journal)
    return Surveyed(file, clip, surveyed)


def frames(
    surveyed: Surveyed, every: int, missing: Callable[[str], Sequence[Target]], journal: Journal
) -> Iterator[Item]:
    """The frames with missing outputs; if the video is cut off, the last item is marked as broken.

    Args:
        surveyed: The video.
        every: Use every Nth frame.
        missing: Returns the missing outputs for the name of a frame.
        journal: Receives warnings about the video.
    """
    file, clip = surveyed.file, surveyed.clip
    if clip is None:
        yield Item(file.name, file.path, broken=surveyed.error)
        return
    reported = len(clip.warnings)
    try:
        for frame in clip.frames(every):
            name = frame_name(file.name, frame.index)
            if targets := missing(name):
                values = {"frame": frame.index, "time_s": frame.time_s}
                focal_px = surveyed.survey.focal_of(frame.photo) if surveyed.survey else None
                yield Item(name, file.path, targets, frame.photo, focal_px, values)
    except VideoError as error:
        yield Item(file.name, file.path, broken=error)
    for warning in clip.warnings[reported:]:
        journal.warn("video", warning)


def report_focal(
    name: str, focal_px: float | None, spread: float | None, count: int, journal: Journal
) -> None:
    """Journals the focal length used for all frames of a clip."""
    if focal_px is None:
        return
    journal.decide(
        "focal",
        f"{name}: {focal_px:.1f} px for all frames, the median of the model's estimates on {count} of them",
        focal_px=focal_px,
        source="model",
    )
    if spread is not None and spread > _OFF_FOCAL:
        journal.warn(
            "focal",
            f"{name}: the model's focal lengths differ by up to {100 * spread:.0f} % between frames; if the clip "
            "zooms, a common focal length is wrong. Use --focal-px, --focal-35mm or --fov if you know it",
        )
