"""Counts how often a worker died with a photo in its hands; imports nothing, because it is a process of its own."""

from collections import Counter
from collections.abc import Sequence


class Deaths:
    """An actor: knows the photos in work, and those that were when their worker died."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()

    def of(self, names: Sequence[str]) -> list[int]:
        """How often workers died of photos that are not in work now."""
        return [self._begun[name] for name in names]

    def begin(self, names: Sequence[str]) -> None:
        """The photos are in work."""
        self._begun.update(names)

    def end(self, names: Sequence[str]) -> None:
        """They are not, and their worker lives."""
        for name in names:
            del self._begun[name]
