"""``recon build`` and ``recon depth`` on many photos: the command line becomes a call of ``recon.batch``."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from recon.batch.clip_frames import expected_frames
from recon.batch.item import Maker
from recon.batch.own_depth import check_options, with_own_depth
from recon.batch.plan import Plan, plan_batch
from recon.batch.run_many import run
from recon.errors import DepthFileError, PhotoError
from recon.options import Options
from recon.video.reader import Clip
from recon_cli.batch.drawing import Drawing
from recon_cli.batch.request import Request
from recon_cli.console import Session
from recon_cli.first_tries import STDIN

_SHOWN = 5
_NAMED_AT_THE_END = 10


def run_batch(
    session: Session, request: Request, options: Options, maker: Maker, *, suffixes: Sequence[str]
) -> None:
    """Works through everything that a command line names, into one folder.

    Args:
        session: The command's.
        request: What is asked for.
        options: Of all photos.
        maker: What is made of each.
        suffixes: Of all formats: no folder's name may end so.

    Raises:
        ReconError: Nothing can be done.
        click.UsageError: Options that hold for one photo alone.
        click.exceptions.Exit: With code 1, where some failed.
    """
    refuse_single(options)
    folder = folder_from(request.outputs, suffixes)
    words = [path for word in request.words for path in (_listed() if word == STDIN else [word])]
    how: dict[str, Any] = {
        name: getattr(request, name) for name in ("every", "recursive", "resume", "overwrite")
    }
    with Drawing(session) as draw:
        if request.dry_run:
            show_plan(plan_batch(words, folder, options, maker=maker, on_event=draw, **how), session)
            return
        done = run(words, folder, options, maker=maker, on_event=draw, **how)
    session.result |= {
        "written": list(done.written),
        "failed": [one.as_dict() for one in done.failed],
        "done_before": done.done_before,
        "seconds": done.seconds,
    }
    if done.failed:
        names = ", ".join(
            dict.fromkeys(os.path.basename(one.photo) for one in done.failed[:_NAMED_AT_THE_END])
        )
        more = ", ..." if len(done.failed) > _NAMED_AT_THE_END else ""
        fail_with(
            session,
            f"{len(done.failed)} of {len(done.failed) + len(done.written)} failed ({names}{more}); "
            f"{done.failed_list} says why, and --resume tries them again",
        )


def refuse_single(options: Options) -> None:
    """Refuses what holds for one photo alone.

    Raises:
        click.UsageError: An option that names pixels of a photo, or a file that belongs to one.
    """
    try:
        check_options(options)
    except ValueError as error:
        raise click.UsageError(getattr(error, "on_command_line", str(error))) from error


def folder_from(outputs: Sequence[Path], known: Sequence[str]) -> Path:
    """The folder that ``-o`` names.

    Args:
        outputs: All ``-o``.
        known: Suffixes of formats, which no folder should have.

    Raises:
        click.UsageError: It is the name of a file, or there are several.
    """
    if len(outputs) != 1:
        raise click.UsageError(
            "several photos go into one folder: give one -o DIR, and --format for the files in it"
        )
    (folder,) = outputs
    if folder.suffix.lower() in known and not folder.is_dir():
        raise click.UsageError(
            f"several photos go into a folder: give -o DIR and --format {folder.suffix.lower()[1:]}, not {folder}"
        )
    return folder


_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"RIFF", b"GIF8", b"BM")
"""First bytes of JPEG, PNG, TIFF, WebP, GIF and BMP; HEIF has ``ftyp`` after four bytes of length."""


def _listed() -> list[str]:
    """The paths on standard input: one a line, or each ended by a zero byte as ``find -print0`` writes them."""
    data = sys.stdin.buffer.read()
    if data.startswith(_PICTURES) or data[4:8] == b"ftyp":
        raise click.UsageError(
            "standard input holds a picture, but `-` reads the names of photos. Save it to a file first: "
            "cat > photo.jpg, then recon build photo.jpg"
        )
    lines = data.split(b"\0") if b"\0" in data else data.split(b"\n")
    return [os.fsdecode(line.rstrip(b"\r")) for line in lines if line.strip()]


def show_plan(plan: Plan, session: Session) -> None:
    """``--dry-run``: what would be done."""
    journal = session.journal
    would = [str(target.path) for target in plan.outputs]
    _show_first(plan, session)
    if plan.done:
        journal.decide("resume", f"{len(plan.done)} of {len(plan.inputs.found)} are done already")
    for path in would[:_SHOWN]:
        journal.decide("output", f"would write {path}", path=path)
    if len(would) > _SHOWN:
        journal.decide("output", f"and {len(would) - _SHOWN} more")
    session.result |= {"would_write": would, "done_before": len(plan.done)}


def _show_first(plan: Plan, session: Session) -> None:
    """What holds for the first photo that can be read, most likely holds for all."""
    from recon_cli.dry_run import plan_model

    for found in plan.todo:
        if found.is_video:
            clip = Clip.open(found.path)
            told = "" if clip.duration_s is None else f", {clip.duration_s:.1f} s"
            frames = expected_frames(clip, plan.every)
            session.journal.decide("video", f"{found.path.name}{told}, about {frames} frames to do")
            continue
        try:
            plan_model(found.path, with_own_depth(plan.options, found.name, found.path), session)
        except (PhotoError, DepthFileError) as error:
            session.journal.warn("failed", str(error))
            continue
        return


def fail_with(session: Session, message: str) -> NoReturn:
    """Ends with exit code 1 where some failed, with everything that went well in the output all the same."""
    session.journal.warn("failed", message)
    if session.json:
        entries = [vars(entry) for entry in session.journal.entries]
        warnings = [entry.message for entry in session.journal.entries if entry.kind == "warning"]
        values = {"ok": False, "error": {"type": "BatchError", "message": message}, **session.result}
        click.echo(json.dumps({**values, "entries": entries, "warnings": warnings}, indent=1, default=str))
    raise click.exceptions.Exit(1)
