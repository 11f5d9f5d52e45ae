"""Displays the events of a batch in the terminal."""

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
from recon_cli.batch.photo_warnings import PhotoWarnings
from recon_cli.console import Session

_SHOWN = 5


class Drawing:
    """Displays events as they arrive: lines on stderr, and a progress bar if it is a terminal."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._bar = session.journal.count()
        self._warnings = PhotoWarnings(session.journal)

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__()

    def __call__(self, event: Event) -> None:
        """Displays one event."""
        match event:
            case Listed():
                draw_inputs(event, self.session)
            case Planned():
                self._draw_plan(event)
            case Noted():
                self._forward(event.entry)
            case Counted():
                self._bar.expect(event.total)
                self._bar.__enter__()
            case Progress():
                share = "" if event.fraction is None else f", {100 * event.fraction:.0f} %"
                self._bar.describe(f"{event.stage}{share}")
            case Written():
                self._warnings.show(event.name, event.entries)
                self._bar.advance()
            case Failed():
                self._warnings.show(event.name, event.entries)
                self._draw_failed(event)
                self._bar.advance()
            case Stopping():
                names = ", ".join(path.name for path in event.outputs)
                self.session.journal.decide(
                    "stopping", f"finishing {names}; press Ctrl-C again to discard it"
                )
            case Abandoned():
                self._bar.__exit__()
                click.echo("error    stopped; no partial file is left", err=True)
                # Immediately, because the interpreter would wait for the writing threads.
                os._exit(130)
            case Finished():
                self._bar.__exit__()
                self._draw_end(event.summary)

    def _forward(self, entry: Entry) -> None:
        journal = self.session.journal
        add = {"decision": journal.decide, "warning": journal.warn, "detail": journal.detail}
        add[entry.kind](entry.topic, entry.message, **entry.values)

    def _draw_plan(self, plan: Planned) -> None:
        if plan.done_before == plan.inputs:
            self.session.journal.decide("done", f"all {plan.done_before} are already done")
        elif plan.done_before:
            self.session.journal.decide("resume", f"{plan.done_before} of {plan.inputs} are already done")

    def _draw_failed(self, event: Failed) -> None:
        failure, values = event.failed.failure, event.failed.values
        place = "".join(f", {name} {value:g}" for name, value in values.items())
        expected = isinstance(event.error, ReconError)
        message = failure.message if expected else f"{failure.type}: {failure.message}"
        self.session.journal.warn("failed", f"{event.path.name}{place}: {message}", **event.failed.as_dict())

    def _draw_end(self, done: Summary) -> None:
        journal, count = self.session.journal, len(done.written)
        if done.stopped:
            journal.decide(
                "stopped", f"{count} were written; to continue, run the same command with --resume"
            )
        elif done.written or done.failed:
            pace = f" in {done.seconds:.1f} s" + (f", {done.seconds / count:.2f} s each" if count > 1 else "")
            before = f"; {done.done_before} were already done" if done.done_before else ""
            journal.decide("done", f"{count} written to {done.folder}{pace}{before}")


def draw_inputs(event: Listed, session: Session) -> None:
    """Displays the number of photos and videos, and what was skipped."""
    inputs = event.inputs
    for path, why in inputs.skipped:
        session.journal.detail("skipped", f"{path}: {why}", path=str(path))
    videos = sum(file.is_video for file in inputs.files)
    kinds = ((len(inputs.files) - videos, "photo"), (videos, "video"))
    counts = " and ".join(_counted(n, what) for n, what in kinds if n)
    skipped = (
        f"; {_counted(len(inputs.skipped), 'other file')} skipped (-v lists them)" if inputs.skipped else ""
    )
    session.journal.decide("photos", f"{counts} in {inputs.base}{skipped}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
