"""One progress display and one table printer for all commands."""

import io

import pytest
from rich.console import Console

from recon_cli import display
from recon_cli.console import ConsoleJournal
from recon_cli.display import table_text


def journal_of(*, terminal: bool, quiet: bool = False) -> tuple[ConsoleJournal, io.StringIO]:
    text = io.StringIO()
    journal = ConsoleJournal(quiet=quiet)
    journal.console = Console(file=text, force_terminal=terminal, width=120)  # type: ignore[assignment]
    return journal, text


@pytest.mark.parametrize(
    ("total", "name", "expected"),
    [
        (4, "photos", "photos: 2 of 4 done, about 32 s left"),
        (4, "", "2 of 4 done, about 32 s left"),
        (None, "", "2 done"),
    ],
)
def test_without_a_terminal_there_is_a_line_now_and_then(
    total: int | None, name: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    journal, text = journal_of(terminal=False)
    with journal.count(total, name) as bar:
        for _ in range(2):
            clock[0] += 31 if bar.done else 1
            bar.describe("not shown")
            bar.advance()
    assert text.getvalue().splitlines() == [expected]


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    journal, text = journal_of(terminal=False, quiet=True)
    with journal.count(9) as bar:
        clock[0] = 99.0
        bar.advance()
    assert not text.getvalue()


def test_in_a_terminal_there_is_a_bar_with_brackets_as_they_are() -> None:
    journal, text = journal_of(terminal=True)
    with journal.count(3, "photo [1].jpg") as bar:
        bar.advance()
    assert "photo [1].jpg" in text.getvalue() and "1/3" in text.getvalue()


def test_a_table_aligns_numbers_and_keeps_whole_columns() -> None:
    shown = table_text(
        ("model", "error"),
        [("a very long name of a model", "1.5"), ("b", "10.25")],
        numbers=["error"],
        whole=["model"],
        width=36,
    )
    assert [line.rstrip() for line in shown.splitlines()] == [
        "model                        error",
        "a very long name of a model    1.5",
        "b                            10.25",
    ]
