"""Option names: flags on the command line, arguments in Python. Messages are written with flags and translated."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

_FLAG = re.compile(r"(?<![\w-])--(no-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?: (\d[\d.]*\d|\d|[A-Z][A-Z|]+)\b)?")
_OTHER_NAMES = {"constraints": "constraint_file", "as": "shape", "camera": "camera_file"}
"""Arguments that are named differently from their flag."""


def in_python(message: str) -> str:
    """Translates a message for Python: ``--max-depth`` becomes ``max_depth``, ``--stride 2`` becomes ``stride=2``.

    Commands in backticks are unchanged.
    """

    def argument(flag: re.Match[str]) -> str:
        name = _OTHER_NAMES.get(flag[2], flag[2].replace("-", "_"))
        value = "False" if flag[1] else flag[3]
        return name if value is None else f"{name}={value}"

    # Between backticks stands a command, which has its flags in Python, too.
    parts = message.split("`")
    parts[::2] = [_FLAG.sub(argument, text) for text in parts[::2]]
    return "`".join(parts)


@contextmanager
def names_of_arguments(kind: type[Exception]) -> Iterator[None]:
    """Translates the messages of errors of this type that are raised inside: arguments instead of flags."""
    try:
        yield
    except kind as error:
        error.args = (in_python(str(error)),)
        raise


def check_names(given: Iterable[str], known: Iterable[str], function: str) -> None:
    """Rejects an unknown keyword argument and suggests the closest known one.

    Raises:
        TypeError: An argument is unknown.
    """
    known = list(known)
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {close[0]!r}?" if close else f"Options are {', '.join(known)}."
            raise TypeError(f"{function}() has no option {name!r}. {hint}")


class OptionError(ValueError):
    """An option is out of range, or options exclude each other. The message names Python's arguments."""

    def __init__(self, message: str) -> None:
        """Takes the message as written for the command line, with flags."""
        super().__init__(in_python(message))
        self.on_command_line = message
