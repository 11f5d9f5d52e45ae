"""Runs a module in a child process with limits of memory and processor time.

It is for libraries that crash on damaged files, or that can be made to allocate any amount of memory by a few bytes.
The child calls ``limit`` first, and ``fail`` to report an error.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path

from recon.strict_json import as_kind, as_object, parse_json

LEAST_BYTES, BYTES_PER_BYTE = 2 << 30, 60
"""Memory limit: a base, and an allowance per byte of the file."""
LEAST_S, BYTES_PER_S = 6.0, 1_000_000
"""Limit of processor time: a base, within which the library is imported and small files are given up, and one more
second per this many bytes."""
_PATIENCE = 6
"""Wall-clock limit relative to the limit of processor time, for a busy machine."""


def run_limited(
    module: str, words: Sequence[str | os.PathLike[str]], *, file_bytes: int, library: str
) -> None:
    """Runs ``python -m MODULE MOST_BYTES MOST_SECONDS WORDS...``.

    Args:
        module: A module whose ``main`` calls ``limit`` first.
        words: Further arguments of the module.
        file_bytes: Size of the file that it reads; larger files get more memory and time.
        library: Name of the library, for messages.

    Raises:
        ValueError: The child reported an error, crashed or exceeded a limit.
    """
    limit_s = LEAST_S + file_bytes / BYTES_PER_S
    root = str(Path(__file__).parents[1])
    search_path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    limits = [str(LEAST_BYTES + BYTES_PER_BYTE * file_bytes), str(ceil(limit_s))]
    try:
        ended = subprocess.run(
            [sys.executable, "-m", module, *limits, *(os.fspath(word) for word in words)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
            timeout=_PATIENCE * limit_s, env={**os.environ, "PYTHONPATH": search_path},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ValueError(f"{library} takes longer for it than a file of its size should") from None
    if ended.returncode:
        raise ValueError(_problem(ended.stderr, library))


def limit(most_bytes: str, most_s: str) -> None:
    """Limits the memory and time of this process, where the system supports it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for which, soft, hard in (
        (resource.RLIMIT_AS, int(most_bytes), int(most_bytes)),
        (resource.RLIMIT_CPU, int(most_s), int(most_s) + 1),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        # A limit of the user's own may be lower already, and none can be raised. macOS refuses one of memory.
        there = resource.getrlimit(which)[1]
        most = hard if there == resource.RLIM_INFINITY else min(hard, there)
        with suppress(ValueError, OSError):
            resource.setrlimit(which, (min(soft, most), most))


def fail(message: str) -> int:
    """Reports an error to the parent; returns the exit code for the child."""
    os.write(2, f"\n{json.dumps({'problem': message})}".encode())
    return 1


def _problem(stderr: bytes, library: str) -> str:
    """The error that the child reported in its last line; after a crash there is none."""
    last = stderr.decode("utf-8", "replace").splitlines()[-1:]
    try:
        return as_kind(str, as_object(parse_json(last[0])).get("problem"))
    except (IndexError, ValueError):
        return f"{library} crashed on it, or asked for more time or memory than a file of its size should"
