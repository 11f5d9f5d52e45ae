"""The frames of a video as items of a batch; all share one focal length, the median of the model's estimates."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recon.batch.clip_survey import Survey, survey
from recon.batch.inputs import InputFile
from recon.batch.item import Item, Target
from recon.batch.shared_models import SharedModels
from recon.journal import Journal
from recon.options import Options
from recon.video.reader import Clip, Frame, VideoError
from recon.video.steadier import ahead_of, behind_of

_FRAME_DIGITS = 6


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


def survey_video(
    file: InputFile, options: Options, models: SharedModels, journal: Journal, *, steady: bool
) -> Surveyed:
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
    report_focal(file.path.name, surveyed, journal, steady=steady)
    return Surveyed(file, clip, surveyed)


def frames(
    surveyed: Surveyed,
    every: int,
    missing: Callable[[str], Sequence[Target]],
    journal: Journal,
    *,
    steady: bool = False,
) -> Iterator[Item]:
    """The frames with missing outputs; if the video is cut off, the last item is marked as broken.

    Args:
        surveyed: The video.
        every: Use every Nth frame.
        missing: Returns the missing outputs for the name of a frame.
        journal: Receives warnings about the video.
        steady: Whether to yield also the frames around them, as ``is_context``, which make them steady in time.
    """
    file, clip = surveyed.file, surveyed.clip
    if clip is None:
        yield Item(file.name, file.path, broken=surveyed.error)
        return
    reported = len(clip.warnings)
    try:
        items = (item_of(frame, file.name, file.path, surveyed.survey) for frame in clip.frames(every))
        planned = (replace(item, targets=missing(item.name)) for item in items)
        yield from _with_context(planned) if steady else (item for item in planned if item.targets)
    except VideoError as error:
        yield Item(file.name, file.path, broken=error)
    for warning in clip.warnings[reported:]:
        journal.warn("video", warning)


def item_of(frame: Frame, name: str, path: Path, seen: Survey | None) -> Item:
    """The item of a frame of the clip at ``path``, whose outputs begin with ``name``; without targets."""
    return Item(
        frame_name(name, frame.index),
        path,
        frame=frame.photo,
        focal_px=None if seen is None else seen.focal_of(frame.photo),
        values={"frame": frame.index, "time_s": frame.time_s},
        focal_by_shot=seen is not None and seen.differs,
    )


def _with_context(items: Iterable[Item]) -> Iterator[Item]:
    """The items with missing outputs, with those before and behind them as context."""
    before: deque[Item] = deque()
    following = 0
    for item in items:
        assert item.frame is not None
        size = {"width": item.frame.width, "height": item.frame.height}
        if item.targets:
            yield from before
            before.clear()
            yield item
            following = ahead_of(**size)
        elif following:
            following -= 1
            yield replace(item, is_context=True)
        else:
            before.append(replace(item, is_context=True))
            while len(before) > behind_of(**size):
                before.popleft()


def report_focal(name: str, seen: Survey, journal: Journal, *, steady: bool) -> None:
    """Journals the focal length used for all frames of a clip."""
    focal_px, spread, count = seen.focal_px, seen.spread, seen.frames
    if focal_px is None:
        return
    if steady and seen.differs:
        journal.decide(
            "focal",
            f"{name}: the model's focal lengths differ by up to {100 * (spread or 0):.0f} % between frames: each "
            "shot has one of its own",
            source="model",
        )
        return
    journal.decide(
        "focal",
        f"{name}: {focal_px:.1f} px for all frames, the median of the model's estimates on {count} of them",
        focal_px=focal_px,
        source="model",
    )
    if spread is not None and seen.differs:
        journal.warn(
            "focal",
            f"{name}: the model's focal lengths differ by up to {100 * spread:.0f} % between frames; if the clip "
            "zooms, a common focal length is wrong. Use --focal-px, --focal-35mm or --fov if you know it",
        )
