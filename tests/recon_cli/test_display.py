"""One progress display and one table printer for all commands."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from recon_cli import display
from recon_cli.console import ConsoleJournal
from recon_cli.display import REPORT_EVERY_S, Bar, printable, printable_line, table_text
from recon_cli.group import recon


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 日本語 שלום", "plain äöü 日本語 שלום"),
        ("\x1b]52;c;AAAA\x07", "\\x1b]52;c;AAAA\\x07"),
        ("a\rb\tc\x9bd\x7f", "a\\rb\\tc\\x9bd\\x7f"),
        ("gpj.\u202egnp", "gpj.\\u202egnp"),
        ("\udcff.jpg", "\\udcff.jpg"),
        ("Screenshot 3.04\u202fPM \u00a0", "Screenshot 3.04\u202fPM \u00a0"),
        ("👩\u200d👧 می\u200cشود", "👩\u200d👧 می\u200cشود"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == printable_line(text) == shown
    assert printable(f"{text}\n") == f"{shown}\n" and printable_line(f"{text}\n") == f"{shown}\\n"


HOSTILE = "a\x1b]0;owned\x07\n\x1b[2Jerror    all is well\r\u202e[bold]"


def test_every_command_says_a_hostile_name_in_one_line_without_its_sequences(tmp_path: Path) -> None:
    folder = tmp_path / HOSTILE
    folder.mkdir()
    for words in (
        ["info", str(folder / "b.ply")],
        ["build", str(folder / "b.jpg"), "-o", str(folder / "c.ply")],
        ["build", str(folder), "-o", str(tmp_path / "out")],
        ["export", str(folder / "b.npz"), "-o", str(folder / "b.ply")],
        ["calibrate", str(folder / "b.jpg"), "--at", HOSTILE, "-o", str(folder / "c.json")],
        ["measure", str(folder / "b.npz"), "--from", HOSTILE],
        [HOSTILE],
        ["build", f"--{HOSTILE}"],
        ["models", HOSTILE],
        ["eval", str(folder)],
    ):
        done = CliRunner().invoke(recon, words)
        assert done.exit_code in (1, 2), words
        said = done.stderr + done.output
        assert not set(said) & {"\x1b", "\x07", "\r", "\u202e"}, words
        assert not [line for line in said.splitlines() if line.startswith("error    all is well")], words


def test_a_table_and_a_bar_show_names_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert table_text(["name"], [["[bold]x\x1b[31m"]]).splitlines()[1] == "[bold]x\\x1b[31m"
    console = Console(file=io.StringIO(), force_terminal=False)
    bar = Bar(console, 3, "[red]\x1b[2J")
    bar._reported -= 2 * REPORT_EVERY_S
    bar.advance()
    assert console.file.getvalue().startswith("[red]\\x1b[2J: 1 of 3")  # type: ignore[attr-defined]
