"""Displays the warnings in the journals of single photos."""

from collections.abc import Iterable

from recon.journal import WARNINGS_SHOWN, Entry
from recon_cli.console import ConsoleJournal


class PhotoWarnings:
    """Displays the warnings of single photos: each text once, because most are the same for all photos."""

    def __init__(self, journal: ConsoleJournal) -> None:
        self.journal = journal
        self._seen: set[str] = set()

    def show(self, name: str, entries: Iterable[Entry]) -> None:
        """Displays the new warnings of one photo; all entries if verbose."""
        for entry in entries:
            if self.journal.verbose:
                show = self.journal.warn if entry.kind == "warning" else self.journal.detail
                show(entry.topic, f"{name}: {entry.message}", photo=name, **entry.values)
            elif entry.kind == "warning" and entry.message not in self._seen:
                self._warn(name, entry)

    def _warn(self, name: str, entry: Entry) -> None:
        if len(self._seen) > WARNINGS_SHOWN:
            return
        self._seen.add(entry.message)
        if len(self._seen) > WARNINGS_SHOWN:
            self.journal.warn(entry.topic, "further warnings are only in the folder's batch.jsonl")
        else:
            self.journal.warn(entry.topic, f"{name}: {entry.message}", photo=name, **entry.values)
