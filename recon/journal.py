"""A log of decisions and warnings, in order. The library writes it, the applications show it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from recon.argument_names import in_python

WARNINGS_SHOWN = 5
"""Number of different warnings that are shown for many photos; the record keeps them all."""


@dataclass(frozen=True)
class Entry:
    """One entry of the journal."""

    kind: Literal["decision", "warning", "detail"]
    """A ``detail`` is shown only in verbose mode."""
    topic: str
    """One word: ``model``, ``focal``, ``depth``, ``dropped``, ``written``, ..."""
    message: str
    """One sentence for people, with units."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs: plain numbers, strings, lists."""


class Journal:
    """Collects entries and progress. Subclass it and override ``show`` and ``stage`` to display them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def decide(self, topic: str, message: str, **values: Any) -> None:
        """Records a decision and the reason for it."""
        self._add(Entry("decision", topic, message, values))

    def detail(self, topic: str, message: str, **values: Any) -> None:
        """Records a detail, which is shown only in verbose mode."""
        self._add(Entry("detail", topic, message, values))

    def warn(self, topic: str, message: str, **values: Any) -> None:
        """Records a warning: what may be wrong with the result, or which fallback was used."""
        self._add(Entry("warning", topic, message, values))

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Wraps a stage that may take long; yields a function that takes the amount done so far.

        Args:
            name: Description of the work: "Loading depthpro".
            total: The amount of work in total, or None if it is unknown.
        """
        yield lambda done: None

    def check(self) -> None:
        """Called between the operations of a network; override it to raise what stops the run."""

    def silent(self) -> "Journal":
        """For a further run of the same network, whose entries nobody needs: it only stops where this one does."""
        return Journal() if type(self).check is Journal.check else _Silent(self)

    def show(self, entry: Entry) -> None:
        """Called once for every entry when it is recorded; the default does nothing."""

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.show(entry)


class _Silent(Journal):
    def __init__(self, of: Journal) -> None:
        super().__init__()
        self._of = of

    def check(self) -> None:
        self._of.check()


class LoggingJournal(Journal):
    """For programs: forwards all entries to Python's logger ``recon``, which shows warnings by default."""

    _LEVELS: ClassVar = {"warning": logging.WARNING, "decision": logging.INFO, "detail": logging.DEBUG}

    def show(self, entry: Entry) -> None:
        """Logs the entry, with Python's names of options."""
        logging.getLogger("recon").log(
            self._LEVELS[entry.kind], "%s: %s", entry.topic, in_python(entry.message)
        )
