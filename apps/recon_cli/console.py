"""What the user sees: decisions and progress on stderr, JSON on stdout, one sentence for an error."""

import functools
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from recon.errors import ReconError
from recon.journal import Entry, Journal

Command = TypeVar("Command", bound=Callable[..., Any])


class ConsoleJournal(Journal):
    """Shows entries as they come, and a progress bar where stderr is a terminal."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        super().__init__()
        self.quiet, self.verbose = quiet, verbose
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)

    def show(self, entry: Entry) -> None:
        """One line an entry; warnings even when quiet, details only when verbose."""
        if entry.kind == "warning":
            self.console.print(Text("warning  ", style="yellow") + Text(entry.message, style="default"))
        elif not self.quiet and (entry.kind == "decision" or self.verbose):
            self.console.print(
                Text(f"{entry.topic:<12} ", style="bold cyan") + Text(entry.message, style="default")
            )

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """A progress bar (a spinner without a total); a plain line where stderr is not a terminal."""
        if self.quiet:
            yield lambda done: None
            return
        if not self.console.is_terminal:
            self.console.print(f"{name} ...")
            yield lambda done: None
            return
        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(name, total=total)
            yield lambda done: progress.update(task, completed=done)


@dataclass
class Session:
    """One run of a command: its journal, and what goes to stdout with ``--json``."""

    journal: ConsoleJournal
    json: bool
    result: dict[str, Any] = field(default_factory=dict)
    """Filled by the command; printed with ``--json`` when it ends well."""

    def print(self, text: str) -> None:
        """The command's answer for a person, on stdout; nothing with ``--json``."""
        if not self.json:
            click.echo(text)


def manners(command: Command) -> Command:
    """Adds --json -q -v --debug to a command, gives it a ``Session`` first, and turns errors into exit codes.

    0: done. 1: a problem that the user can fix, in one sentence on stderr. 2: usage (click's own). 130: Ctrl-C.
    """

    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors on stderr.")
    @click.option("-v", "--verbose", is_flag=True, help="Also the details.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @functools.wraps(command)
    def wrapped(*args: Any, as_json: bool, quiet: bool, verbose: bool, debug: bool, **kwargs: Any) -> None:
        session = Session(ConsoleJournal(quiet=quiet, verbose=verbose), as_json)
        try:
            command(session, *args, **kwargs)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except KeyboardInterrupt:
            _fail(session, "stopped; no unfinished file was left behind", "interrupted", 130)
        except ReconError as error:
            if debug:
                traceback.print_exc()
            _fail(session, str(error), type(error).__name__, 1)
        except MemoryError as error:
            if debug:
                traceback.print_exc()
            _fail(session, "not enough memory: use a smaller photo, or --stride 2", type(error).__name__, 1)
        except Exception as error:
            if debug:
                traceback.print_exc()
            told = "" if debug else "; run again with --debug to see where, and please report it"
            _fail(session, f"unexpected {type(error).__name__}: {error}{told}", type(error).__name__, 1)
        else:
            if as_json:
                _print_json(session, {"ok": True, **session.result})

    return wrapped  # type: ignore[return-value]


def _fail(session: Session, message: str, kind: str, code: int) -> None:
    session.journal.console.print(Text("error    ", style="bold red") + Text(message, style="default"))
    if session.json:
        _print_json(session, {"ok": False, "error": {"type": kind, "message": message}})
    sys.exit(code)


def _print_json(session: Session, values: dict[str, Any]) -> None:
    entries = session.journal.entries
    decisions = {entry.topic: dict(entry.values) for entry in entries if entry.kind == "decision"}
    warnings = [entry.message for entry in entries if entry.kind == "warning"]
    click.echo(json.dumps({**values, "decisions": decisions, "warnings": warnings}, indent=1, default=str))
