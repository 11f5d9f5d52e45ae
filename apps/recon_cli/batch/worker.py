"""``recon build`` and ``recon depth`` on many photos: one model, stages overlapped, a record to go on from."""

import errno
import glob
import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, Protocol

import click

from recon.batch.run_log import FailedPhoto
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import Outcome, overlapped
from recon.calibration.references import Knowledge
from recon.depth import registry
from recon.depth.embedded import CarriedByPhoto
from recon.depth.estimator import Estimator
from recon.errors import ExportError, ModelUnavailable, ReconError
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import Prepared, compose_scene, estimate_depth, prepare
from recon.scene import Scene
from recon.types import DepthEstimate, Intrinsics, Photo
from recon_cli.batch.plan import Existing, with_own_depth
from recon_cli.batch.progress import Bar, Told
from recon_cli.console import Session
from recon_cli.outputs import HasJournal
from recon_cli.signals import Stopped

_NO_MORE_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_NAMED_AT_THE_END = 10


class Target(Protocol):
    """One output file of one photo."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The file and what is written beside it."""
        ...


class Maker(Protocol):
    """What a command makes of a scene."""

    def targets(self, stem: Path) -> Sequence[Any]:
        """The outputs of a photo, whose names begin with ``stem``."""
        ...

    def write(
        self, scene: Scene, targets: Sequence[Any], told: HasJournal, *, overwrite: bool
    ) -> list[dict[str, Any]]:
        """Writes them, and says what was written."""
        ...


@dataclass(frozen=True)
class Job:
    """One photo, or one frame of a video."""

    name: str
    """Of the outputs, relative to the folder and without suffix."""
    path: Path
    """The photo, or the video."""
    targets: Sequence[Target]
    journal: Journal
    photo: Photo | None = None
    """A frame, which is decoded already."""
    focal_px: float | None = None
    """What a video's frames have in common, where a model told it."""
    values: dict[str, Any] = field(default_factory=dict)
    """For the record: of a frame its number and time."""
    broken: ReconError | None = None
    """Why it cannot be read, where that is known already."""


class _HoldsForAll(Exception):
    """What is wrong with one photo is wrong with all of them."""

    def __init__(self, error: ReconError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass
class Batch:
    """The work on many photos."""

    session: Session
    options: Options
    maker: Maker
    existing: Existing
    models: SharedModels
    _worked: bool = False
    _writing: dict[str, Job] = field(default_factory=dict)
    _recorded: list[str] = field(default_factory=list)

    def run(self, jobs: Iterable[Job], bar: Bar, *, skipped: int) -> None:
        """Works through the jobs; each is told and recorded as it ends.

        Args:
            jobs: Taken one by one, in a thread that loads ahead.
            bar: Shows how far it is.
            skipped: How many were done before, for the summary.

        Raises:
            ReconError: What no photo can be worked on without.
            click.exceptions.Exit: With code 1, where some failed.
        """
        told = Told(self.session.journal)
        written: list[dict[str, Any]] = []
        failed: list[FailedPhoto] = []
        start = time.monotonic()
        try:
            steps = overlapped(jobs, self.load, self.estimate, self.finish, stopping=self._tell_stopping)
            with bar, closing(steps) as outcomes:
                for outcome in outcomes:
                    told.tell(outcome.item.name, outcome.item.journal.entries)
                    if outcome.error is None:
                        written.append({"photo": str(outcome.item.path), "written": outcome.value})
                    else:
                        failed.append(self._fail(outcome))
                    bar.advance()
        except _HoldsForAll as found:
            raise found.error from found
        except (KeyboardInterrupt, Stopped):
            if self._writing:
                self._break_off()
            self.session.journal.decide(
                "stopped",
                f"{len(self._recorded)} were written; the same command with --resume goes on from there",
            )
            raise
        self._end(written, failed, skipped, time.monotonic() - start)

    def load(self, job: Job) -> Prepared:
        """The first stage: the photo, and what is known before its depth.

        Raises:
            ReconError: It cannot be read, or lacks its depth file.
        """
        if job.broken is not None:
            raise job.broken
        options = with_own_depth(self.options, job.name, job.path)
        prepared = prepare(job.photo or job.path, options, job.journal)
        if prepared.known is None and job.focal_px is not None:
            size = {"width": prepared.photo.width, "height": prepared.photo.height}
            prepared = replace(prepared, known=Intrinsics.from_focal(job.focal_px, **size, source="model"))
        return prepared

    def estimate(self, job: Job, prepared: Prepared) -> Scene | tuple[Prepared, DepthEstimate, Knowledge]:
        """The second stage, the network's.

        Raises:
            ReconError: The model cannot run on this photo.
        """
        try:
            estimator = self.models.estimator_for(prepared)
            knowledge = self.models.knowledge_for(prepared, estimator)
        except ReconError as error:
            raise self._for_all(error, None) from error
        try:
            estimate = estimate_depth(prepared, estimator, job.journal)
        except ModelUnavailable as error:
            raise self._for_all(error, estimator) from error
        self._worked = True
        if knowledge.teacher is not None:
            # A reference may be a network, too: one at a time.
            return compose_scene(prepared, estimate, knowledge, job.journal)
        return prepared, estimate, knowledge

    def _for_all(self, error: ReconError, estimator: Estimator | None) -> Exception:
        """Of missing weights no other photo would fare better; the depth that photos carry may lack in one alone."""
        of_one = (
            self._worked or self.options.model == registry.INSIDE or isinstance(estimator, CarriedByPhoto)
        )
        return error if of_one else _HoldsForAll(error)

    def finish(
        self, job: Job, found: Scene | tuple[Prepared, DepthEstimate, Knowledge]
    ) -> list[dict[str, Any]]:
        """The third stage: the scene, its geometry, its files, and their rows in the record.

        Raises:
            ReconError: It cannot be made or written.
        """
        scene = found if isinstance(found, Scene) else compose_scene(*found, job.journal)
        record, paths = self.existing.record, [target.path for target in job.targets]
        keys = [self.existing.key(path) for path in paths]
        overwrite = all(self.existing.may_replace(path) or not path.exists() for path in paths)
        record.begin(str(job.path), keys)
        self._writing[job.name] = job
        try:
            self._make_folder(paths[0].parent)
            written = self.maker.write(scene, job.targets, job, overwrite=overwrite)
        finally:
            del self._writing[job.name]
        options = scene.options
        sources = [path for path in (job.path, options.depth, options.relative_depth) if path is not None]
        files = [self.existing.key(path) for target in job.targets for path in target.files]
        warnings = [entry.message for entry in job.journal.entries if entry.kind == "warning"]
        record.end(
            str(job.path),
            sources,
            keys,
            files,
            model=scene.provenance.model_name,
            warnings=warnings,
            **job.values,
        )
        self._recorded.append(job.name)
        return written

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExportError(f"the folder {folder} cannot be made: {error.strerror}.") from error

    def _tell_stopping(self) -> None:
        if self._writing:
            names = ", ".join(
                target.path.name for job in list(self._writing.values()) for target in job.targets
            )
            self.session.journal.decide(
                "stopping", f"finishing {names} first; Ctrl-C again breaks that off, too"
            )

    def _break_off(self) -> NoReturn:
        """Ends at once, after a second Ctrl-C: a thread that writes cannot be stopped, so its files are deleted."""
        for job in list(self._writing.values()):
            for target in job.targets:
                discard_unfinished(target.path)
        click.echo("error    stopped; no unfinished file was left behind", err=True)
        os._exit(130)

    def _fail(self, outcome: Outcome[Job, Any]) -> FailedPhoto:
        error, job = outcome.error, outcome.item
        assert error is not None
        if isinstance(error, _HoldsForAll):
            raise error
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _NO_MORE_ROOM:
            raise ExportError(f"{error} What is written is whole; --resume goes on from there.") from error
        failed = self.existing.record.fail(str(job.path), error, **job.values)
        place = "".join(f", {name} {value:g}" for name, value in job.values.items())
        failure = failed.failure
        message = failure.message if isinstance(error, ReconError) else f"{failure.type}: {failure.message}"
        self.session.journal.warn("failed", f"{job.path.name}{place}: {message}", **failed.as_dict())
        return failed

    def _end(
        self, written: list[dict[str, Any]], failed: list[FailedPhoto], skipped: int, seconds: float
    ) -> None:
        session = self.session
        listed = self.existing.record.write_failed(failed)
        pace = f" in {seconds:.1f} s" + (f", {seconds / len(written):.2f} s each" if len(written) > 1 else "")
        before = f"; {skipped} were done before" if skipped else ""
        session.journal.decide("done", f"{len(written)} written to {self.existing.folder}{pace}{before}")
        failures = [one.as_dict() for one in failed]
        session.result |= {
            "written": written,
            "failed": failures,
            "done_before": skipped,
            "seconds": seconds,
        }
        if failed:
            names = ", ".join(
                dict.fromkeys(os.path.basename(one.photo) for one in failed[:_NAMED_AT_THE_END])
            )
            more = ", ..." if len(failed) > _NAMED_AT_THE_END else ""
            fail_with(
                session,
                f"{len(failed)} of {len(failed) + len(written)} failed ({names}{more}); {listed} says why, and "
                "--resume tries them again",
            )


def discard_unfinished(path: Path) -> None:
    """Deletes what ``atomic_write.staged`` has begun of a file, in a process that is about to end."""
    for folder in path.parent.glob(f".{glob.escape(path.name[:40])}.*.part"):
        shutil.rmtree(folder, ignore_errors=True)


def fail_with(session: Session, message: str) -> NoReturn:
    """Ends with exit code 1 where some failed, with everything that went well in the output all the same."""
    session.journal.warn("failed", message)
    if session.json:
        entries = [vars(entry) for entry in session.journal.entries]
        warnings = [entry.message for entry in session.journal.entries if entry.kind == "warning"]
        values = {"ok": False, "error": {"type": "BatchError", "message": message}, **session.result}
        click.echo(json.dumps({**values, "entries": entries, "warnings": warnings}, indent=1, default=str))
    raise click.exceptions.Exit(1)
