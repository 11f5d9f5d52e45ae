"""``recon depth clip.mp4 -o depth.mp4``: the command line becomes a call of ``recon.batch.depth_video``."""

from pathlib import Path

import click

from recon.atomic_write import check_writable
from recon.batch.clip_frames import expected_frames
from recon.batch.depth_video import Span, check_video_options, write_depth_video
from recon.batch.inputs import is_video
from recon.depth_map.write import DEFAULT_COLORMAP
from recon.options import Options
from recon.video.reader import Clip
from recon_cli.batch.drawing import Drawing
from recon_cli.batch.request import Request
from recon_cli.console import Session


def make_depth_video(
    session: Session, request: Request, options: Options, colormap: str | None, span_m: Span | None
) -> None:
    """Writes the depth of each frame as an image with a legend, with the timestamps of the clip.

    Raises:
        click.UsageError: Not exactly one input video and one output video.
        ReconError: The video cannot be read, estimated or written.
    """
    path, output = _one_clip(request)
    try:
        check_video_options(options)
    except ValueError as error:
        raise click.UsageError(getattr(error, "on_command_line", str(error))) from error
    journal, overwrite = session.journal, request.overwrite
    clip = Clip.open(path)
    if request.dry_run:
        check_writable([(output,)], overwrite=overwrite, inputs=[path])
        for warning in clip.warnings:
            journal.warn("video", warning)
        frames = expected_frames(clip, request.every)
        journal.decide("output", f"would write {output}, about {frames} frames")
        session.result["would_write"] = [str(output)]
        return
    colormap = colormap or DEFAULT_COLORMAP
    with Drawing(session) as draw:
        done = write_depth_video(
            clip,
            output,
            options,
            every=request.every,
            steady=request.steady,
            colormap=colormap,
            span_m=span_m,
            overwrite=overwrite,
            on_event=draw,
        )
    written = {
        "path": str(output),
        "frames": done.frames,
        "bytes": done.bytes,
        "depth_range_m": list(done.span_m),
    }
    journal.decide(
        "written",
        f"{output}: {done.frames} frames, {done.lasts_s:.1f} s, colours by {colormap}, {done.bytes / 1e6:.1f} MB",
        **written,
    )
    session.result |= {"written": [written], "seconds": done.seconds}


def _one_clip(request: Request) -> tuple[Path, Path]:
    if len(request.words) != 1 or not is_video(Path(request.words[0])):
        raise click.UsageError(
            "to write a video, pass exactly one input video; for photos, use -o DIR --format png"
        )
    if len(request.outputs) != 1 or request.formats is not None:
        raise click.UsageError("to write a video, use a single -o and no --format")
    if request.resume:
        raise click.UsageError(
            "a video cannot be resumed: use -o DIR --format png to resume a folder of frames"
        )
    if request.ray is not None:
        raise click.UsageError("--ray processes photos; omit it for a video")
    return Path(request.words[0]), request.outputs[0]
