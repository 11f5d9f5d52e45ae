"""Detects damaged and edited files by their size, modification time and a hash of some of their bytes."""

from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

State = Literal["whole", "damaged", "changed"]

_HEAD_BYTES = 64
_BLOCK_BYTES = 1 << 14
"""Read at the beginning, the middle and the end, whatever a file's size."""


def describe_file(path: Path) -> list[Any]:
    """Size in bytes, time in ns, hashes of the first bytes and of three blocks, for JSON; empty for a folder.

    Raises:
        OSError: It cannot be read.
    """
    if path.is_dir():
        return []
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, *_hashes(path, stat.st_size)]


def state_of(path: Path, written: list[Any]) -> State:
    """The state of a file compared with its description when it was written.

    Args:
        path: The file.
        written: Result of ``describe_file``.

    Returns:
        ``damaged`` if it is missing, empty or truncated, or has other bytes but the old time, as after a power cut or
        on a full disk. ``changed`` if someone has edited it since: work that must not be lost.
    """
    try:
        now = describe_file(path)
    except OSError:
        return "damaged"
    if not now or not written:
        return "whole" if now == written else "damaged"
    if len(written) != len(now):
        return "damaged"
    size, time_ns, head, blocks = now
    if (size, blocks) == (written[0], written[3]):
        return "whole"
    cut_off = size < _HEAD_BYTES or (size < written[0] and head == written[2])
    return "damaged" if cut_off or time_ns == written[1] else "changed"


def _hashes(path: Path, size: int) -> tuple[str, str]:
    blocks = blake2b(digest_size=16)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        for at in (0, (size - _BLOCK_BYTES) // 2, size - _BLOCK_BYTES):
            file.seek(max(0, at))
            blocks.update(file.read(_BLOCK_BYTES))
    return blake2b(head, digest_size=8).hexdigest(), blocks.hexdigest()
