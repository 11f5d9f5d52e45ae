"""Console output: decisions, progress and one-sentence errors on stderr, JSON on stdout."""

import functools
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.text import Text

from recon.errors import ReconError
from recon.journal import Entry, Journal
from recon_cli.display import Bar, printable, printable_line, stage_progress
from recon_cli.option_groups import option
from recon_cli.signals import ReaderGone, Stopped

Command = TypeVar("Command", bound=Callable[..., Any])

_STOPPED = "stopped; no partial file is left"


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Replaces rich's exit with code 1."""
        raise ReaderGone


class ConsoleJournal(Journal):
    """Prints entries as they arrive, with a progress bar if stderr is a terminal."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        super().__init__()
        self.quiet, self.verbose = quiet, verbose
        self.console = _Console(stderr=True, highlight=False, soft_wrap=True)

    def show(self, entry: Entry) -> None:
        """Prints one line per entry: warnings even if quiet, details only if verbose."""
        message = Text(printable_line(entry.message), style="default")
        if entry.kind == "warning":
            self.console.print(Text("warning  ", style="yellow") + message)
        elif not self.quiet and (entry.kind == "decision" or self.verbose):
            self.console.print(Text(f"{printable_line(entry.topic):<12} ", style="bold cyan") + message)

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """A progress bar (a spinner without a total), or a plain line if stderr is not a terminal."""
        if self.quiet:
            yield lambda done: None
            return
        if not self.console.is_terminal:
            self.console.print(Text(f"{printable_line(name)} ..."))
            yield lambda done: None
            return
        with stage_progress(self.console) as progress:
            task = progress.add_task(printable_line(name), total=total)
            yield lambda done: progress.update(task, completed=done)

    def count(self, total: int | None = None, name: str = "") -> Bar:
        """A progress bar that counts finished items, silent if quiet."""
        return Bar(self.console, total, name, quiet=self.quiet)


@dataclass
class Session:
    """One run of a command: its journal and its result for ``--json``."""

    journal: ConsoleJournal
    json: bool
    result: dict[str, Any] = field(default_factory=dict)
    """Filled by the command; printed with ``--json`` on success."""

    def print(self, text: str, *, styled: bool = False) -> None:
        """Prints the command's output as text on stdout; nothing with ``--json``.

        Args:
            text: May be several lines.
            styled: Whether it holds escape sequences of our own (``table_text``), and none of others.
        """
        if not self.json:
            click.echo(text if styled else printable(text))


def manner_options(command: Command) -> Command:
    """Adds --json -q -v --debug, as ``as_json``, ``quiet``, ``verbose`` and ``debug``."""
    for decorate in (
        option("--debug", group="Run", is_flag=True, help="Show the traceback of an error."),
        option("-v", "--verbose", group="Run", is_flag=True, help="Show more detail."),
        option("-q", "--quiet", group="Run", is_flag=True, help="Show only warnings and errors."),
        option("--json", "as_json", group="Run", is_flag=True, help="Print the result as JSON on stdout."),
    ):
        command = decorate(command)
    return command


def manners(command: Command) -> Command:
    """Adds --json -q -v --debug to a command, passes it a ``Session`` first, and maps errors to exit codes.

    0: success. 1: an error that the user can fix, in one sentence on stderr. 2: usage (from click). 130: Ctrl-C.
    129 and 143: SIGHUP and SIGTERM. 141: the reader of the output has closed the pipe.
    """

    @manner_options
    @functools.wraps(command)
    def wrapped(*args: Any, as_json: bool, quiet: bool, verbose: bool, debug: bool, **kwargs: Any) -> None:
        session = Session(ConsoleJournal(quiet=quiet, verbose=verbose), as_json)
        try:
            command(session, *args, **kwargs)
        except (click.exceptions.Exit, click.ClickException, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            _fail(session, _STOPPED, "interrupted", 130)
        except Stopped as stop:
            with suppress(OSError):  # SIGHUP: the terminal may be closed
                _fail(session, _STOPPED, "interrupted", stop.exit_code)
            sys.exit(stop.exit_code)
        except ReconError as error:
            if debug:
                traceback.print_exc()
            _fail(session, str(error), type(error).__name__, 1)
        except MemoryError as error:
            if debug:
                traceback.print_exc()
            _fail(session, "out of memory: use a smaller photo, or --stride 2", type(error).__name__, 1)
        except Exception as error:
            if debug:
                traceback.print_exc()
            _fail(session, _of_unexpected(error, debug), type(error).__name__, 1)
        else:
            if as_json:
                _print_json({"ok": True, **session.result}, session.journal.entries)

    return wrapped  # type: ignore[return-value]


def _of_unexpected(error: Exception, debug: bool) -> str:
    """What to say of an error that is no ``ReconError``: a bug, or a library that was not installed with recon."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("recon"):
        return f"{error.name} is not installed: recon doctor names what is missing and how to add it"
    hint = "" if debug else "; run again with --debug for the traceback, and please report it"
    return f"unexpected {type(error).__name__}: {error}{hint}"


def print_failure(kind: str, message: str, entries: Sequence[Entry] = ()) -> None:
    """Prints an error as JSON on stdout."""
    _print_json({"ok": False, "error": {"type": kind, "message": message}}, entries)


def _fail(session: Session, message: str, kind: str, code: int) -> NoReturn:
    session.journal.console.print(
        Text("error    ", style="bold red") + Text(printable_line(message), style="default")
    )
    if session.json:
        print_failure(kind, message, session.journal.entries)
    sys.exit(code)


def _print_json(values: dict[str, Any], entries: Sequence[Entry]) -> None:
    records = [
        {"kind": entry.kind, "topic": entry.topic, "message": entry.message, "values": dict(entry.values)}
        for entry in entries
    ]
    warnings = [entry.message for entry in entries if entry.kind == "warning"]
    click.echo(json.dumps({**values, "entries": records, "warnings": warnings}, indent=1, default=str))
