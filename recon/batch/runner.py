"""Executes a plan with the steps of several photos overlapping, and records each photo when it is finished."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from recon.atomic_write import remove_leftovers
from recon.batch.events import (
    Abandoned,
    Counted,
    Event,
    Failed,
    Finished,
    Planned,
    Skipped,
    Started,
    Stopping,
    Summary,
    Written,
)
from recon.batch.item import Item
from recon.batch.journals import ItemJournal, SharedJournal
from recon.batch.plan import Plan
from recon.batch.run_log import FailedPhoto
from recon.batch.shared_models import SharedModels
from recon.batch.staged_pipeline import Outcome, overlapped
from recon.batch.steady_clips import SteadyClips
from recon.batch.steps import AffectsAllPhotos, Done, Estimated, estimate, finish, load
from recon.errors import ExportError
from recon.journal import Entry
from recon.pipeline import Prepared

_NO_MORE_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_NAMED = 5


class _Cancelled(Exception):
    """Raised for an item that is reached after the run was stopped."""


class Events:
    """Forwards events to the listener, one at a time. An exception of the listener is kept, and ends the run later.

    The listener is called while a photo is being processed: its exception must not be recorded as the photo's error.
    """

    def __init__(self, listener: Callable[[Event], None] | None) -> None:
        self._listener = listener
        self._one_at_a_time = threading.RLock()
        self.error: Exception | None = None

    def __call__(self, event: Event) -> None:
        if self._listener is None or self.error is not None:
            return
        with self._one_at_a_time:
            try:
                self._listener(event)
            except Exception as error:
                self.error = error


class Runner:
    """One run, from its plan to its summary."""

    begins_all: ClassVar = False
    """Whether outputs are written before this process hears of it."""

    def __init__(self, plan: Plan, events: Events, cancel: threading.Event) -> None:
        self.plan, self.events, self.cancel = plan, events, cancel
        self._network = threading.current_thread()
        self._shared = SharedJournal(events, self._network)
        self.models = SharedModels(plan.options, self._shared)
        self._journals: dict[str, ItemJournal] = {}
        self._clips = SteadyClips(
            self.models, self._shared, self._journal_of, lambda: self._is_stopped, steady=plan.steady
        )
        self._writing: dict[str, Item] = {}
        self._unreported: dict[str, tuple[Item, Done]] = {}
        self._written: list[dict[str, Any]] = []
        self._failed: list[FailedPhoto] = []
        self._start = time.monotonic()

    def run(self, workers: int | None) -> Summary:
        """Executes the plan, as documented for ``recon.batch.run``.

        Args:
            workers: Number of photos whose geometry is made and written in parallel; None: by the number of cores.
        """
        plan = self.plan
        self._report_plan()
        if plan.todo or plan.inputs.unreadable:
            plan.open(begins_all=self.begins_all)
            try:
                self._work(workers)
            except Exception:
                raise
            except BaseException:  # Ctrl-C, or a signal that a program turns into an exception
                self._abandon()
                self._end(stopped=True)
                raise
        return self._end(stopped=self._is_stopped)

    def load(self, item: Item) -> Prepared:
        """The first step."""
        self._journals[item.name] = ItemJournal(item.name, self.events, self._network)
        prepared = load(item, self.plan.options, self._journals[item.name])
        self._clips.link(item, prepared)
        return prepared

    def estimate(self, item: Item, prepared: Prepared) -> Estimated:
        """The second step; raises ``_Cancelled`` once the run is stopped."""
        if self._is_stopped:
            raise _Cancelled
        if not item.is_context:
            self.events(Started(item.name, item.path))
        prepared = self._clips.with_focal(item, prepared)
        return estimate(item, prepared, self.models, self._journals[item.name])

    def finish(self, item: Item, estimated: Estimated) -> Done:
        """The third step, and its rows in the record."""
        plan = self.plan
        replace = plan.may_replace(item)
        plan.begin(item)
        self._writing[item.name] = item
        try:
            done = finish(item, estimated, plan.maker, self._journals[item.name], overwrite=replace)
        finally:
            del self._writing[item.name]
        plan.end(item, done)
        self._unreported[item.name] = item, done
        return done

    def _between(self, estimates: Iterator[Outcome[Item, Estimated]]) -> Iterator[Outcome[Item, Estimated]]:
        """Makes clips steady, and drops what was only looked at for that."""
        for outcome in self._clips.between(estimates):
            if outcome.item.is_context and not isinstance(outcome.error, AffectsAllPhotos):
                self._journals.pop(outcome.item.name, None)
            else:
                yield outcome

    @property
    def _is_stopped(self) -> bool:
        return self.cancel.is_set() or self.events.error is not None

    def _report_plan(self) -> None:
        plan = self.plan
        self.events(Planned(plan.folder, len(plan.inputs.files), len(plan.done)))
        for file in plan.done:
            self.events(Skipped(file.name, file.path))
        if changed := plan.changed():
            names = ", ".join(path.name for path in changed[:_NAMED])
            self._shared.warn(
                "resume",
                f"edited since recon wrote them, and kept: {names}{', ...' if len(changed) > _NAMED else ''}; to "
                "replace them, delete them or use --overwrite",
                files=[str(path) for path in changed],
            )

    def _work(self, workers: int | None) -> None:
        plan = self.plan
        surveyed = plan.survey(self.models, self._shared)
        videos = sum(video.expected(plan.every) for video in surveyed.values())
        self.events(Counted(len(plan.inputs.unreadable) + len(plan.todo) - len(surveyed) + videos))
        items = plan.items(self.models, self._shared, surveyed, with_context=True)
        steps = overlapped(
            items,
            self.load,
            self.estimate,
            self.finish,
            between=self._between,
            finishing=workers,
            stopping=self._report_stopping,
        )
        with closing(steps) as outcomes:
            for outcome in outcomes:
                self._report(outcome)
                if self._is_stopped:
                    break

    def _report(self, outcome: Outcome[Item, Done]) -> None:
        item, error = outcome.item, outcome.error
        if isinstance(error, _Cancelled):
            return
        if isinstance(error, AffectsAllPhotos):
            raise error.error from error
        entries = self._take_entries(item)
        if outcome.value is not None:
            self._report_written(item, outcome.value, entries)
        elif error is not None:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno in _NO_MORE_ROOM:
                raise ExportError(
                    f"{error} The files written so far are complete; use --resume to continue."
                ) from error
            failed = self.plan.fail(item, error)
            self._failed.append(failed)
            self.events(Failed(item.name, item.path, error, failed, entries))

    def _report_written(self, item: Item, done: Done, entries: tuple[Entry, ...]) -> None:
        self._unreported.pop(item.name, None)
        self._written.append({"photo": str(item.path), "written": list(done.written)})
        self.events(Written(item.name, item.path, done.written, entries))

    def _journal_of(self, item: Item) -> ItemJournal:
        return self._journals[item.name]

    def _take_entries(self, item: Item) -> tuple[Entry, ...]:
        journal = self._journals.pop(item.name, None)
        return () if journal is None else tuple(journal.entries)

    def _report_stopping(self) -> None:
        if self._writing:
            self.events(Stopping(self._outputs_in_progress()))

    def _abandon(self) -> None:
        """After a second Ctrl-C: a writing thread cannot be stopped, so its unfinished files are deleted."""
        if outputs := self._outputs_in_progress():
            for path in outputs:
                remove_leftovers(path)
            self.events(Abandoned(outputs))

    def _outputs_in_progress(self) -> tuple[Path, ...]:
        return tuple(target.path for item in list(self._writing.values()) for target in item.targets)

    def _end(self, *, stopped: bool) -> Summary:
        for name in [name for name in self._journals if name in self._unreported]:  # in the order of loading
            item, done = self._unreported[name]
            self._report_written(item, done, self._take_entries(item))
        plan = self.plan
        worked = bool(self._written or self._failed)
        summary = Summary(
            folder=plan.folder,
            written=tuple(self._written),
            failed=tuple(self._failed),
            done_before=len(plan.done),
            seconds=time.monotonic() - self._start,
            failed_list=plan.record.write_failed(self._failed) if worked and not stopped else None,
            stopped=stopped,
        )
        self.events(Finished(summary))
        if self.events.error is not None:
            raise self.events.error
        return summary
