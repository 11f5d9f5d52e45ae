"""What was decided and why, in order. The library writes it, the applications show it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

WARNINGS_TOLD = 5
"""Of many photos, so many different warnings are shown; a record keeps them all."""


@dataclass(frozen=True)
class Entry:
    """One thing that the user should know."""

    kind: Literal["decision", "warning", "detail"]
    """``detail`` is what only a curious user wants to read."""
    topic: str
    """A word: ``model``, ``focal``, ``depth``, ``dropped``, ``written``, ..."""
    message: str
    """A sentence for a person, with units."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The same for a program: plain numbers, strings, lists."""


class Journal:
    """Collects entries and progress. Subclass it and override ``show`` and ``stage`` to display them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def decide(self, topic: str, message: str, **values: Any) -> None:
        """Records a decision, and why it was taken."""
        self._add(Entry("decision", topic, message, values))

    def detail(self, topic: str, message: str, **values: Any) -> None:
        """Records what only a curious user wants to read."""
        self._add(Entry("detail", topic, message, values))

    def warn(self, topic: str, message: str, **values: Any) -> None:
        """Records what may be wrong with the result, or was fallen back to."""
        self._add(Entry("warning", topic, message, values))

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Wraps a stage that may take long; yields a function that takes the amount done so far.

        Args:
            name: What is going on: "Loading depthpro".
            total: The amount that means finished, or None where it cannot be known.
        """
        yield lambda done: None

    def show(self, entry: Entry) -> None:
        """Called once for every entry as it comes; does nothing here."""

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.show(entry)
