"""``recon depth clip.mp4 -o depth.mp4``: a video of depth in colours, in one scale from first to last."""

import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from recon.atomic_write import check_writable, staged
from recon.batch.clip_frames import expected_frames, report_focal
from recon.batch.clip_survey import Survey, survey
from recon.batch.events import Counted, Written
from recon.batch.inputs import is_video
from recon.batch.journals import ItemJournal, SharedJournal
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import overlapped
from recon.depth_map.colormap import depth_picture
from recon.depth_map.write import DEFAULT_COLORMAP
from recon.errors import ExportError
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import Prepared, compose_scene, estimate_depth, prepare
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth
from recon.video.reader import Clip, Frame
from recon.video.writer import VideoWriter
from recon_cli.batch.drawing import Drawing
from recon_cli.batch.request import Request
from recon_cli.batch.run import refuse_single
from recon_cli.console import Session

Span = tuple[float, float]


def make_depth_video(
    session: Session, request: Request, options: Options, colormap: str | None, span_m: Span | None
) -> None:
    """Writes the depth of each frame as a picture with a legend, at the frame's own time.

    Raises:
        click.UsageError: Anything but one video to one video.
        ReconError: It cannot be read, estimated or written.
    """
    path, output = _one_clip(request)
    refuse_single(options)
    if options.depth or options.relative_depth:
        raise click.UsageError("depth of your own goes with a folder of frames: give -o DIR --format png")
    check_writable([(output,)], overwrite=request.overwrite, inputs=[path])
    journal, clip = session.journal, Clip.open(path)
    for warning in clip.warnings:
        journal.warn("video", warning)
    if request.dry_run:
        journal.decide("output", f"would write {output}, about {expected_frames(clip, request.every)} frames")
        session.result["would_write"] = [str(output)]
        return
    models = SharedModels(options, journal)
    seen = survey(clip, options, models, journal, want_span=span_m is None)
    report_focal(path.name, seen.focal_px, seen.spread, seen.frames, journal)
    span_m = _told_span(span_m, seen, journal)
    told = len(clip.warnings)
    colormap = colormap or DEFAULT_COLORMAP
    with staged(output, overwrite=request.overwrite) as temporary:
        work = _Work(session, options, models, seen, colormap, span_m, temporary)
        frames, lasts_s = work.run(clip, request.every)
    for warning in clip.warnings[told:]:
        journal.warn("video", warning)
    size = output.stat().st_size
    values: dict[str, Any] = {
        "path": str(output),
        "frames": frames,
        "bytes": size,
        "depth_range_m": list(span_m),
    }
    journal.decide(
        "written",
        f"{output}: {frames} frames, {lasts_s:.1f} s, colours by {colormap}, {size / 1e6:.1f} MB",
        **values,
    )
    session.result["written"] = [values]


def _one_clip(request: Request) -> tuple[Path, Path]:
    if len(request.words) != 1 or not is_video(Path(request.words[0])):
        raise click.UsageError("a video is made of one video: give one, or -o DIR --format png for photos")
    if len(request.outputs) != 1 or request.formats is not None:
        raise click.UsageError("a video is written alone: give one -o, and no --format")
    if request.resume:
        raise click.UsageError(
            "--resume goes on with a folder of frames (-o DIR --format png); a video is written anew"
        )
    return Path(request.words[0]), request.outputs[0]


def _told_span(given_m: Span | None, seen: Survey, journal: Journal) -> Span:
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


class _Work:
    def __init__(
        self,
        session: Session,
        options: Options,
        models: SharedModels,
        seen: Survey,
        colormap: str,
        span_m: Span,
        path: Path,
    ) -> None:
        self.path = path
        self.session, self.options, self.models = session, options, models
        self.seen, self.colormap, self.span_m = seen, colormap, span_m
        self._writer: VideoWriter | None = None
        self._size: tuple[int, ...] = ()

    def run(self, clip: Clip, every: int) -> tuple[int, float]:
        """Writes all frames; returns how many, and the time of the last, s."""
        network = threading.current_thread()
        draw = Drawing(self.session)
        self.models.journal = SharedJournal(draw, network)
        frames, lasts_s = 0, 0.0
        journals: dict[int, ItemJournal] = {}

        def load(frame: Frame) -> Prepared:
            journals[frame.index] = ItemJournal(f"frame {frame.index}", draw, network)
            return self._prepared(frame, journals[frame.index])

        def estimate(frame: Frame, prepared: Prepared) -> Scene:
            journal = journals[frame.index]
            estimator = self.models.estimator_for(prepared)
            scale_sources = self.models.scale_sources_for(prepared, estimator)
            return compose_scene(
                prepared, estimate_depth(prepared, estimator, journal), scale_sources, journal
            )

        start = time.monotonic()
        # One finishing thread: the frames are encoded in their order.
        steps = overlapped(clip.frames(every), load, estimate, self._add, finishing=1)
        try:
            with draw, closing(steps) as outcomes:
                draw(Counted(expected_frames(clip, every)))
                for outcome in outcomes:
                    entries = tuple(journals.pop(outcome.item.index).entries)
                    if outcome.error is not None:
                        raise outcome.error
                    frames, lasts_s = frames + 1, outcome.item.time_s
                    draw(Written(f"frame {outcome.item.index}", clip.path, (), entries))
            if self._writer is not None:
                self._writer.close()
        except BaseException:
            if self._writer is not None:
                self._writer.abandon()
            raise
        self.session.result["seconds"] = time.monotonic() - start
        return frames, lasts_s

    def _prepared(self, frame: Frame, journal: Journal) -> Prepared:
        prepared = prepare(frame.photo, self.options, journal)
        focal_px = self.seen.focal_of(prepared.photo)
        if prepared.known_camera is not None or focal_px is None:
            return prepared
        size = {"width": prepared.photo.width, "height": prepared.photo.height}
        return replace(prepared, known_camera=Intrinsics.from_focal(focal_px, **size, source="model"))

    def _add(self, frame: Frame, scene: Scene) -> None:
        picture = depth_picture(self._kept(scene), self.colormap, self.span_m)
        if self._writer is None:
            self._size = picture.shape
            height, width = picture.shape[:2]
            self._writer = VideoWriter(self.path, width=width, height=height)
        self._writer.add(self._fitted(picture), frame.time_s)

    def _kept(self, scene: Scene) -> MetricDepth:
        depth, most_m = scene.depth, self.options.max_depth
        return depth if most_m is None else MetricDepth(depth.z_m, depth.valid & (depth.z_m <= most_m))

    def _fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A stream may change its size on its way: such frames are padded to the size of the first."""
        if picture.shape == self._size:
            return picture
        from PIL import Image, ImageOps

        height, width = self._size[:2]
        return np.asarray(ImageOps.pad(Image.fromarray(picture), (width, height)))
