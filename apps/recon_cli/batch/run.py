"""From a command line to a batch: what is found, what is done already, what is refused; then the work."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.batch.clip_survey import survey
from recon.batch.inputs import Found
from recon.batch.run_log import Record
from recon.batch.shared_models import SharedModels
from recon.errors import DepthFileError, PhotoError, ReconError
from recon.journal import Journal
from recon.options import Options
from recon.video.reader import Clip, VideoError, check_video_support
from recon_cli.batch.plan import (
    Existing,
    folder_from,
    inputs_from,
    refuse_single,
    settings_of,
    with_own_depth,
)
from recon_cli.batch.progress import Bar, PhotoJournal, SharedJournal
from recon_cli.batch.request import Request
from recon_cli.batch.worker import Batch, Job, Maker
from recon_cli.console import Session

_Surveyed = tuple[Clip, float | None] | VideoError

_FRAME_DIGITS = 6
_SHOWN = 5
_OFF_FOCAL = 0.1
"""Deviation of a frame's focal length from the clip's that is worth a warning: the clip may zoom."""


def frame_name(clip: str, index: int) -> str:
    """``clip_000120`` of the frame 120: its number in the video, counted from 0."""
    return f"{clip}_{index:0{_FRAME_DIGITS}d}"


@dataclass
class Run:
    """One command on many photos."""

    session: Session
    request: Request
    options: Options
    maker: Maker
    existing: Existing
    found: Sequence[Found]

    def __post_init__(self) -> None:
        self.done = {
            found for found in self.found if not (found.is_video or self._undone(found.name, found.path))
        }
        self.todo = [found for found in self.found if found not in self.done]
        if self.existing.resume:
            self._warn_of_changed()

    def _warn_of_changed(self) -> None:
        """What somebody has worked on since is kept, and told."""
        paths = [target.path for found in self.done for target in self._targets(found.name)]
        changed = [path for path in paths if self.existing.record.changed(self.existing.key(path))]
        if changed:
            names = ", ".join(sorted(path.name for path in changed)[:_SHOWN]) + (
                ", ..." if len(changed) > _SHOWN else ""
            )
            self.session.journal.warn(
                "resume",
                f"{names} {'was' if len(changed) == 1 else 'were'} changed after recon wrote it, and is kept; "
                "delete it, or use --overwrite, to make it again",
            )

    def check(self) -> None:
        """Refuses before the long work what could not be written in the end (``Existing.refuse``)."""
        self.existing.refuse(
            [_files(target) for target in self._planned()], [found.path for found in self.found]
        )
        if any(found.is_video for found in self.todo):
            check_video_support()

    def plan(self) -> None:
        """``--dry-run``: what would be done."""
        journal = self.session.journal
        would = [str(target.path) for target in self._planned()]
        self._plan_first()
        if self.done:
            journal.decide("resume", f"{len(self.done)} of {len(self.found)} are done already")
        for path in would[:_SHOWN]:
            journal.decide("output", f"would write {path}", path=path)
        if len(would) > _SHOWN:
            journal.decide("output", f"and {len(would) - _SHOWN} more")
        self.session.result |= {"would_write": would, "done_before": len(self.done)}

    def _plan_first(self) -> None:
        """What holds for the first photo that can be read, most likely holds for all."""
        from recon_cli.dry_run import plan_model

        journal = self.session.journal
        for found in self.todo:
            if found.is_video:
                clip = Clip.open(found.path)
                told = "" if clip.duration_s is None else f", {clip.duration_s:.1f} s"
                frames = _expected((clip, None), self.request.every)
                journal.decide("video", f"{found.path.name}{told}, about {frames} frames to do")
                continue
            try:
                plan_model(found.path, with_own_depth(self.options, found.name, found.path), self.session)
            except (PhotoError, DepthFileError) as error:
                journal.warn("failed", str(error))
                continue
            return

    def work(self) -> None:
        """Does it.

        Raises:
            ReconError: What no photo can be worked on without.
            click.exceptions.Exit: With code 1, where some failed.
        """
        journal = self.session.journal
        self.existing.record.open()
        models = SharedModels(self.options, journal)
        clips = {found: self._surveyed(found, models) for found in self.todo if found.is_video}
        total = sum(_expected(clips.get(found), self.request.every) for found in self.todo)
        bar = Bar(journal, total)
        # A bar cannot be shown inside of another one.
        models.journal = SharedJournal(bar)
        batch = Batch(self.session, self.options, self.maker, self.existing, models)
        batch.run(self._jobs(clips, bar), bar, skipped=len(self.done))

    def _jobs(self, clips: dict[Found, _Surveyed], bar: Bar) -> Iterator[Job]:
        for found in self.todo:
            surveyed = clips.get(found)
            if surveyed is None:
                yield Job(found.name, found.path, self._undone(found.name, found.path), PhotoJournal(bar))
            elif isinstance(surveyed, VideoError):
                yield Job(found.name, found.path, (), PhotoJournal(bar), broken=surveyed)
            else:
                yield from self._frames(found, *surveyed, bar)

    def _frames(self, found: Found, clip: Clip, focal_px: float | None, bar: Bar) -> Iterator[Job]:
        told = len(clip.warnings)
        try:
            for frame in clip.frames(self.request.every):
                name = frame_name(found.name, frame.index)
                targets = self._undone(name, found.path)
                if not targets:
                    continue
                values = {"frame": frame.index, "time_s": frame.time_s}
                journal = PhotoJournal(bar)
                yield Job(name, found.path, targets, journal, frame.photo, focal_px, values)
        except VideoError as error:
            yield Job(found.name, found.path, (), PhotoJournal(bar), broken=error)
        for warning in clip.warnings[told:]:
            self.session.journal.warn("video", warning)

    def _surveyed(self, found: Found, models: SharedModels) -> _Surveyed:
        """The clip, and the focal length that all of its frames get where a model tells it; or what is wrong."""
        journal = self.session.journal
        try:
            clip = Clip.open(found.path)
            for warning in clip.warnings:
                journal.warn("video", warning)
            seen = survey(clip, self.options, models, journal, want_span=False)
        except VideoError as error:
            return error
        tell_focal(found.path.name, seen.focal_px, seen.spread, seen.frames, journal)
        return clip, seen.focal_px

    def _planned(self) -> list[Any]:
        """The outputs that are left to do; of a video those of its first frame."""
        names = {found: frame_name(found.name, 0) if found.is_video else found.name for found in self.todo}
        return [target for found, name in names.items() for target in self._undone(name, found.path)]

    def _undone(self, name: str, path: Path) -> Sequence[Any]:
        """The outputs of a photo or frame that are left to do."""
        targets = self._targets(name)
        if not self.existing.resume:
            return targets
        try:
            options = with_own_depth(self.options, name, path)
        except ReconError:
            return targets  # it fails in its turn, and is told then
        sources = [each for each in (path, options.depth, options.relative_depth) if each is not None]
        return [target for target in targets if not self.existing.is_done(target.path, sources)]

    def _targets(self, name: str) -> Sequence[Any]:
        return self.maker.targets(self.existing.folder / name)


def run_batch(
    session: Session,
    request: Request,
    options: Options,
    maker: Maker,
    *,
    suffixes: Sequence[str],
    settings: dict[str, Any],
) -> None:
    """Works through everything that a command line names, into one folder.

    Args:
        session: The command's.
        request: What is asked for.
        options: Of all photos.
        maker: What is made of each.
        suffixes: Of all formats: no folder's name may end so.
        settings: Beside the options, what the outputs are made with; ``command`` among them.

    Raises:
        ReconError: Nothing can be done.
        click.UsageError: Options that hold for one photo alone.
        click.exceptions.Exit: With code 1, where some failed.
    """
    refuse_single(options)
    folder = folder_from(request.outputs, suffixes)
    record = Record(folder, settings_of(options=options, every=request.every, **settings))
    with record:
        if not request.dry_run:
            record.lock()
        inputs = inputs_from(request.words, record, recursive=request.recursive, session=session)
        existing = Existing(folder, record, request.resume, request.overwrite)
        run = Run(session, request, options, maker, existing, inputs.found)
        run.check()
        if request.dry_run:
            run.plan()
            return
        if not run.todo:
            session.journal.decide("done", f"all {len(run.done)} are done already")
            session.result |= {"written": [], "failed": [], "done_before": len(run.done)}
            return
        if run.done:
            session.journal.decide("resume", f"{len(run.done)} of {len(run.found)} are done already")
        run.work()


def _files(target: Any) -> tuple[Path, ...]:
    """All files of an output; one whose name its format cannot hold fails in its turn."""
    try:
        return tuple(target.files)
    except UnicodeEncodeError:
        return (target.path,)


def tell_focal(
    name: str, focal_px: float | None, spread: float | None, frames: int, journal: Journal
) -> None:
    """Says which focal length all frames of a clip get."""
    if focal_px is None:
        return
    journal.decide(
        "focal",
        f"{name}: {focal_px:.1f} px for all frames, the median of what the model tells of {frames} of them",
        focal_px=focal_px,
        source="model",
    )
    if spread is not None and spread > _OFF_FOCAL:
        journal.warn(
            "focal",
            f"{name}: the model's focal lengths differ by up to {100 * spread:.0f} % from frame to frame; where the "
            "clip zooms, one for all is wrong. Give --focal-px, --focal-35mm or --fov if you know it",
        )


def _expected(surveyed: _Surveyed | None, every: int) -> int:
    """How many photos one of the found comes to, as far as that is known."""
    if surveyed is None or isinstance(surveyed, VideoError):
        return 1
    return -(-(surveyed[0].expected_frames or every) // every)
