"""Runs a module in a process of its own, with limits of memory and time: for libraries that damaged files crash, or
that take any amount of memory for a few bytes.

The child begins with ``limit``, and ends with ``fail`` where it has a sentence to say.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from recon.strict_json import as_kind, as_object, parse_json

LEAST_BYTES, BYTES_PER_BYTE = 2 << 30, 60
"""Of memory: this much, and so much more for each byte of the file."""
LEAST_S, BYTES_PER_S = 10.0, 1_000_000
"""Of a processor's time: this much, and a second more for so many bytes."""
_PATIENCE = 6
"""How many times longer it may take on a machine that has other work."""


def run_limited(
    module: str, words: Sequence[str | os.PathLike[str]], *, file_bytes: int, library: str
) -> None:
    """Runs ``python -m MODULE MOST_BYTES MOST_SECONDS WORDS...``.

    Args:
        module: Whose ``main`` begins with ``limit``.
        words: Its other arguments.
        file_bytes: Size of what it reads: larger files get more memory and time.
        library: Its name in messages.

    Raises:
        ValueError: The child's sentence, or that it crashed or exceeded a limit.
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
    resource.setrlimit(resource.RLIMIT_AS, (int(most_bytes), int(most_bytes)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(most_s), int(most_s) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def fail(message: str) -> int:
    """Leaves a sentence for the parent; returns the child's status."""
    os.write(2, f"\n{json.dumps({'problem': message})}".encode())
    return 1


def _problem(stderr: bytes, library: str) -> str:
    """The child's own sentence, which stands last; a crash leaves none."""
    last = stderr.decode("utf-8", "replace").splitlines()[-1:]
    try:
        return as_kind(str, as_object(parse_json(last[0])).get("problem"))
    except (IndexError, ValueError):
        return f"{library} crashed on it, or asked for more time or memory than a file of its size should"
