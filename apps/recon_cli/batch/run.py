"""``recon build`` and ``recon depth`` on many photos: calls ``recon.batch`` with the command line's request."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

import click

from recon.batch.clip_frames import expected_frames
from recon.batch.item import Maker
from recon.batch.own_depth import check_options, with_own_depth
from recon.batch.plan import Plan, plan_batch
from recon.batch.run_many import run
from recon.batch.store import local_copy
from recon.batch.store_path import StorePath
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
    """Processes all inputs of a command line into one folder.

    Args:
        session: The session of the command.
        request: The request of the command line.
        options: Options for all photos.
        maker: Writes the outputs of each photo.
        suffixes: Suffixes of all formats, with which the folder's name must not end.

    Raises:
        ReconError: The run cannot start or continue.
        click.UsageError: Options that apply to a single photo.
        click.exceptions.Exit: With code 1, if some photos failed.
    """
    refuse_single(options)
    folder = folder_from(request.outputs, suffixes)
    words = [path for word in request.words for path in (_listed() if word == STDIN else [word])]
    how: dict[str, Any] = {
        name: getattr(request, name) for name in ("every", "steady", "recursive", "resume", "overwrite")
    }
    with Drawing(session) as draw:
        if request.dry_run:
            show_plan(plan_batch(words, folder, options, maker=maker, on_event=draw, **how), session)
            return
        done = run(words, folder, options, maker=maker, ray=request.ray, on_event=draw, **how)
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
            f"see {done.failed_list} for the reasons; use --resume to retry them",
        )


def refuse_single(options: Options) -> None:
    """Refuses options that apply to a single photo.

    Raises:
        click.UsageError: An option refers to pixels of a photo, or to a file that belongs to one.
    """
    try:
        check_options(options)
    except ValueError as error:
        raise click.UsageError(getattr(error, "on_command_line", str(error))) from error


def folder_from(outputs: Sequence[Path], known: Sequence[str]) -> Path:
    """The output folder given with ``-o``.

    Args:
        outputs: All ``-o``.
        known: Suffixes of formats, which no folder should have.

    Raises:
        click.UsageError: It looks like the name of a file, or there are several.
    """
    if len(outputs) != 1:
        raise click.UsageError(
            "several photos are written to one folder: use a single -o DIR, and --format for the files in it"
        )
    (folder,) = outputs
    if folder.suffix.lower() in known and not folder.is_dir():
        raise click.UsageError(
            f"several photos are written to a folder: use -o DIR and --format {folder.suffix.lower()[1:]}, not "
            f"{folder}"
        )
    return folder


_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"RIFF", b"GIF8", b"BM")
"""First bytes of JPEG, PNG, TIFF, WebP, GIF and BMP; HEIF has ``ftyp`` after four bytes of length."""


def _listed() -> list[str]:
    """The paths on standard input: one per line, or separated by zero bytes as from ``find -print0``."""
    data = sys.stdin.buffer.read()
    if data.startswith(_PICTURES) or data[4:8] == b"ftyp":
        raise click.UsageError(
            "standard input is an image, but `-` reads the names of photos. Save it to a file first: "
            "cat > photo.jpg, then recon build photo.jpg"
        )
    lines = data.split(b"\0") if b"\0" in data else data.split(b"\n")
    return [os.fsdecode(line.rstrip(b"\r")) for line in lines if line.strip()]


def show_plan(plan: Plan, session: Session) -> None:
    """Shows what would be done, for ``--dry-run``."""
    journal = session.journal
    would = [str(target.path) for target in plan.outputs]
    _show_first(plan, session)
    if plan.done:
        journal.decide("resume", f"{len(plan.done)} of {len(plan.inputs.files)} are already done")
    for path in would[:_SHOWN]:
        journal.decide("output", f"would write {path}", path=path)
    if len(would) > _SHOWN:
        journal.decide("output", f"and {len(would) - _SHOWN} more")
    session.result |= {"would_write": would, "done_before": len(plan.done)}


def _show_first(plan: Plan, session: Session) -> None:
    """Shows the plan for the first readable photo, which most likely applies to all."""
    from recon_cli.dry_run import plan_model

    for file in plan.todo:
        if file.is_video:
            clip = Clip.open(file.path)
            duration = "" if clip.duration_s is None else f", {clip.duration_s:.1f} s"
            frames = expected_frames(clip, plan.every)
            session.journal.decide("video", f"{file.path.name}{duration}, about {frames} frames")
            continue
        try:
            options = with_own_depth(plan.options, file.name, file.path)
            with (
                local_copy(file.path) if isinstance(file.path, StorePath) else nullcontext(file.path) as path
            ):
                plan_model(path, options, session)
        except (PhotoError, DepthFileError) as error:
            session.journal.warn("failed", str(error))
            continue
        return


def fail_with(session: Session, message: str) -> NoReturn:
    """Exits with code 1 after a partial failure; the JSON output still contains all successful results."""
    session.journal.warn("failed", message)
    if session.json:
        entries = [vars(entry) for entry in session.journal.entries]
        warnings = [entry.message for entry in session.journal.entries if entry.kind == "warning"]
        values = {"ok": False, "error": {"type": "BatchError", "message": message}, **session.result}
        click.echo(json.dumps({**values, "entries": entries, "warnings": warnings}, indent=1, default=str))
    raise click.exceptions.Exit(1)
