"""The depth of a clip's frames as one video of pictures, in one scale of colours from first to last."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.atomic_write import check_writable, staged
from recon.batch.clip_frames import expected_frames, item_of, report_focal
from recon.batch.clip_survey import Survey, survey
from recon.batch.events import Counted, Event, Written
from recon.batch.item import Item
from recon.batch.journals import Emit, ItemJournal, SharedJournal
from recon.batch.own_depth import check_options
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import Outcome, overlapped
from recon.batch.steady_clips import SteadyClips
from recon.batch.steps import AffectsAllPhotos, Estimated, estimate, load
from recon.depth_map.colormap import depth_picture
from recon.depth_map.write import DEFAULT_COLORMAP
from recon.errors import ExportError
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import Prepared, compose_scene
from recon.types import MetricDepth
from recon.video.reader import Clip
from recon.video.writer import VideoWriter

Span = tuple[float, float]
"""Depths at the ends of the colours, m."""


@dataclass(frozen=True)
class DepthVideo:
    """What was written."""

    path: Path
    frames: int
    lasts_s: float
    """Time of the last frame, s."""
    span_m: Span
    bytes: int
    seconds: float
    """What the frames took, s."""


def write_depth_video(
    clip: Clip,
    output: Path,
    options: Options | None = None,
    *,
    every: int = 1,
    steady: bool = True,
    colormap: str = DEFAULT_COLORMAP,
    span_m: Span | None = None,
    overwrite: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
) -> DepthVideo:
    """Writes the depth of each frame as a picture with a legend, at the frame's own time; all frames or no file.

    Args:
        clip: The video to read.
        output: The video to write; its suffix is the container.
        options: Of all frames.
        every: Take every Nth frame.
        steady: Whether the depth is made steady in time; otherwise each frame is estimated alone.
        colormap: One of ``recon.depth_map.colormap.COLORMAPS``.
        span_m: Depths at the ends of the colours, m; None: the 1st to the 99th percentile in a few frames.
        overwrite: Replace a file that is there.
        on_event: Called with the events of a batch: notes, the count, progress, and each frame when it is encoded.

    Raises:
        ValueError: Options that cannot hold for all frames.
        ReconError: The clip cannot be read, its depth not be estimated, or the file not be written.
    """
    options = options or Options()
    check_video_options(options)
    check_writable([(output,)], overwrite=overwrite, inputs=[clip.path])
    journal = SharedJournal(on_event, threading.current_thread())
    reported = _warn(clip, 0, journal)
    on_event(Counted(expected_frames(clip, every)))
    models = SharedModels(options, journal)
    seen = survey(clip, options, models, journal, want_span=span_m is None)
    report_focal(clip.path.name, seen, journal, steady=steady)
    span_m = _span(span_m, seen, journal)
    start = time.monotonic()
    with staged(output, overwrite=overwrite) as temporary:
        work = _Frames(clip, models, seen, _Pictures(temporary, colormap, span_m), on_event)
        clips = SteadyClips(models, journal, work.journal_of, steady=steady)
        frames, lasts_s = work.run(every, clips)
    _warn(clip, reported, journal)
    return DepthVideo(output, frames, lasts_s, span_m, output.stat().st_size, time.monotonic() - start)


def check_video_options(options: Options) -> None:
    """Refuses what cannot hold for all frames of a video.

    Raises:
        ValueError: Depth files, or what ``check_options`` refuses.
    """
    if options.depth or options.relative_depth:
        raise ValueError("your own depth files require a folder of frames: use -o DIR --format png")
    check_options(options)


def _warn(clip: Clip, reported: int, journal: Journal) -> int:
    """Passes on what is odd about a clip, but for what was said before; more of it may come while it is read."""
    for warning in clip.warnings[reported:]:
        journal.warn("video", warning)
    return len(clip.warnings)


def _span(given_m: Span | None, seen: Survey, journal: Journal) -> Span:
    span_m = given_m or seen.span_m
    if span_m is None:
        raise ExportError("no depth is known in the frames that were looked at: give --depth-range NEAR,FAR.")
    why = (
        "as given"
        if given_m
        else f"the 1st to the 99th percentile in {seen.frames} frames; --depth-range sets it"
    )
    journal.decide(
        "colours", f"{span_m[0]:.2f} m to {span_m[1]:.2f} m in all frames, {why}", depth_range_m=list(span_m)
    )
    return span_m


class _Pictures:
    """Writes pictures of depth to one video, whose size is that of the first."""

    def __init__(self, path: Path, colormap: str, span_m: Span) -> None:
        self.path, self.colormap, self.span_m = path, colormap, span_m
        self._writer: VideoWriter | None = None
        self._size: tuple[int, ...] = ()

    def add(self, picture: NDArray[np.uint8], time_s: float) -> None:
        """Writes the next one."""
        if self._writer is None:
            self._size = picture.shape
            height, width = picture.shape[:2]
            self._writer = VideoWriter(self.path, width=width, height=height)
        self._writer.add(self._fitted(picture), time_s)

    def close(self) -> None:
        """Ends the file."""
        if self._writer is not None:
            self._writer.close()

    def abandon(self) -> None:
        """Gives it up."""
        if self._writer is not None:
            self._writer.abandon()

    def _fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A stream may change its size on its way: such frames are padded to the size of the first."""
        if picture.shape == self._size:
            return picture
        from PIL import Image, ImageOps

        height, width = self._size[:2]
        return np.asarray(ImageOps.pad(Image.fromarray(picture), (width, height)))


class _Frames:
    """A clip's frames as items of a batch, from the file to the pictures."""

    def __init__(
        self, clip: Clip, models: SharedModels, seen: Survey, pictures: _Pictures, emit: Emit
    ) -> None:
        self.clip, self.options, self.models, self.seen = clip, models.options, models, seen
        self.pictures, self.emit = pictures, emit
        self._network = threading.current_thread()
        self._journals: dict[str, ItemJournal] = {}

    def run(self, every: int, clips: SteadyClips) -> tuple[int, float]:
        """Writes all frames; returns how many, and the time of the last, s."""
        frames, lasts_s = 0, 0.0
        name, path = self.clip.path.stem, self.clip.path
        items = (item_of(frame, name, path, self.seen) for frame in self.clip.frames(every))
        try:
            with closing(self._steps(items, clips)) as outcomes:
                for outcome in outcomes:
                    entries = tuple(self._journals.pop(outcome.item.name).entries)
                    if outcome.error is not None:
                        error = outcome.error
                        raise error.error if isinstance(error, AffectsAllPhotos) else error
                    values = outcome.item.values
                    frames, lasts_s = frames + 1, values["time_s"]
                    self.emit(Written(f"frame {values['frame']}", path, (), entries))
            self.pictures.close()
        except BaseException:
            self.pictures.abandon()
            raise
        return frames, lasts_s

    def journal_of(self, item: Item) -> ItemJournal:
        """Of a frame that is worked on."""
        return self._journals[item.name]

    def _steps(self, items: Iterator[Item], clips: SteadyClips) -> Generator[Outcome[Item, None], None, None]:
        def linked(item: Item) -> Prepared:
            prepared = self._load(item)
            clips.link(item, prepared)
            return prepared

        def estimated(item: Item, prepared: Prepared) -> Estimated:
            prepared = clips.with_focal(item, prepared)
            return estimate(item, prepared, self.models, self.journal_of(item))

        # One finishing thread: the frames are encoded in their order.
        return overlapped(items, linked, estimated, self._finish, between=clips.between, finishing=1)

    def _load(self, item: Item) -> Prepared:
        journal = ItemJournal(f"frame {item.values['frame']}", self.emit, self._network)
        self._journals[item.name] = journal
        return load(item, self.options, journal)

    def _finish(self, item: Item, estimated: Estimated) -> None:
        scene = estimated.scene or compose_scene(
            estimated.prepared, estimated.estimate, estimated.scale_sources, self.journal_of(item)
        )
        depth, most_m = scene.depth, self.options.max_depth
        if most_m is not None:
            depth = MetricDepth(depth.z_m, depth.valid & (depth.z_m <= most_m))
        picture = depth_picture(depth, self.pictures.colormap, self.pictures.span_m)
        self.pictures.add(picture, item.values["time_s"])
