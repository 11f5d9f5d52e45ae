"""Keeps what Ray prints by itself out of the console: it would stand between our lines, or within ``--json``."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_STDERR = 2


@contextmanager
def stderr_closed() -> Iterator[None]:
    """While Ray's core starts, which writes its log level to the file descriptor."""
    kept, nowhere = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def messages_logged() -> Iterator[None]:
    """What Ray prints to stdout about workers that die goes to Python's logger ``recon``, at level DEBUG.

    Ray has no setting for it: ``log_to_driver`` does not concern these messages.
    """
    from ray._private import worker

    printed = getattr(worker, "print_to_stdstream", None)
    if printed is None:  # another version of Ray: its lines are seen, and the run goes on
        yield
        return
    worker.print_to_stdstream = _log
    try:
        yield
    finally:
        worker.print_to_stdstream = printed


def _log(data: Mapping[str, Any], ignore_prefix: bool = False) -> None:
    for line in data["lines"]:
        logging.getLogger("recon").debug("ray: %s", line)
