"""What the user sees of a batch's events."""

import os
from types import TracebackType

import click

from recon.batch.events import (
    Abandoned,
    Counted,
    Event,
    Failed,
    Finished,
    Listed,
    Noted,
    Planned,
    Progress,
    Stopping,
    Summary,
    Written,
)
from recon.errors import ReconError
from recon.journal import Entry
from recon_cli.batch.pass_on import Told
from recon_cli.console import Session

_SHOWN = 5


class Drawing:
    """Draws events as they come: lines on stderr, and a bar where it is a terminal."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._bar = session.journal.count()
        self._told = Told(session.journal)

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__()

    def __call__(self, event: Event) -> None:
        """Draws one."""
        match event:
            case Listed():
                draw_inputs(event, self.session)
            case Planned():
                self._draw_plan(event)
            case Noted():
                self._pass_on(event.entry)
            case Counted():
                self._bar.expect(event.total)
                self._bar.__enter__()
            case Progress():
                share = "" if event.fraction is None else f", {100 * event.fraction:.0f} %"
                self._bar.describe(f"{event.stage}{share}")
            case Written():
                self._told.tell(event.name, event.entries)
                self._bar.advance()
            case Failed():
                self._told.tell(event.name, event.entries)
                self._draw_failed(event)
                self._bar.advance()
            case Stopping():
                names = ", ".join(path.name for path in event.outputs)
                told = f"finishing {names} first; Ctrl-C again breaks that off, too"
                self.session.journal.decide("stopping", told)
            case Abandoned():
                self._bar.__exit__()
                click.echo("error    stopped; no unfinished file was left behind", err=True)
                # At once: the interpreter would wait for the threads that write.
                os._exit(130)
            case Finished():
                self._bar.__exit__()
                self._draw_end(event.summary)

    def _pass_on(self, entry: Entry) -> None:
        journal = self.session.journal
        tell = {"decision": journal.decide, "warning": journal.warn, "detail": journal.detail}
        tell[entry.kind](entry.topic, entry.message, **entry.values)

    def _draw_plan(self, plan: Planned) -> None:
        if plan.done_before == plan.inputs:
            self.session.journal.decide("done", f"all {plan.done_before} are done already")
        elif plan.done_before:
            self.session.journal.decide("resume", f"{plan.done_before} of {plan.inputs} are done already")

    def _draw_failed(self, event: Failed) -> None:
        failure, values = event.failed.failure, event.failed.values
        place = "".join(f", {name} {value:g}" for name, value in values.items())
        known = isinstance(event.error, ReconError)
        message = failure.message if known else f"{failure.type}: {failure.message}"
        self.session.journal.warn("failed", f"{event.path.name}{place}: {message}", **event.failed.as_dict())

    def _draw_end(self, done: Summary) -> None:
        journal, count = self.session.journal, len(done.written)
        if done.stopped:
            journal.decide(
                "stopped", f"{count} were written; the same command with --resume goes on from there"
            )
        elif done.written or done.failed:
            pace = f" in {done.seconds:.1f} s" + (f", {done.seconds / count:.2f} s each" if count > 1 else "")
            before = f"; {done.done_before} were done before" if done.done_before else ""
            journal.decide("done", f"{count} written to {done.folder}{pace}{before}")


def draw_inputs(event: Listed, session: Session) -> None:
    """How many photos and videos there are, and what was left out."""
    inputs = event.inputs
    for path, why in inputs.skipped:
        session.journal.detail("skipped", f"{path}: {why}", path=str(path))
    videos = sum(found.is_video for found in inputs.found)
    told = [_counted(n, what) for n, what in ((len(inputs.found) - videos, "photo"), (videos, "video")) if n]
    beside = (
        f"; {_counted(len(inputs.skipped), 'other file')} left out (-v names them)" if inputs.skipped else ""
    )
    session.journal.decide("photos", f"{' and '.join(told)} below {inputs.base}{beside}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
