"""Warnings of many photos: the same text is shown once, and the number of different ones is limited."""

import pytest

from recon.journal import WARNINGS_SHOWN, Journal
from recon_cli.batch.photo_warnings import PhotoWarnings
from recon_cli.console import ConsoleJournal


def test_a_warning_that_all_photos_have_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    warnings = PhotoWarnings(ConsoleJournal())
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        of_one = Journal()
        of_one.warn("photo", "16 bits that use only 12")
        of_one.decide("focal", "865 px")
        warnings.show(name, of_one.entries)
    assert capsys.readouterr().err.split("\n") == ["warning  a.jpg: 16 bits that use only 12", ""]


def test_many_different_warnings_end_with_a_pointer_to_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    warnings = PhotoWarnings(ConsoleJournal())
    for k in range(3 * WARNINGS_SHOWN):
        of_one = Journal()
        of_one.warn("photo", f"warning {k}")
        warnings.show("a.jpg", of_one.entries)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == WARNINGS_SHOWN + 1 and "batch.jsonl" in lines[-1]
