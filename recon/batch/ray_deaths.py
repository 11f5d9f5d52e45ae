"""Counts how often a photo was in a block whose worker died; imports nothing, because it is a process of its own."""

from collections import Counter
from collections.abc import Sequence


class Deaths:
    """An actor: knows the photos that are being processed, and those that were when their worker died."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()

    def of(self, names: Sequence[str]) -> list[int]:
        """How often each photo was in a block whose worker died; none of them is being processed now."""
        return [self._begun[name] for name in names]

    def begin(self, names: Sequence[str]) -> None:
        """The photos are being processed now."""
        self._begun.update(names)

    def end(self, names: Sequence[str]) -> None:
        """They are processed, and their worker lives."""
        for name in names:
            del self._begun[name]
