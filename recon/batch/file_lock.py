"""A file locked by one process at a time; the system unlocks it when that process ends, however it ends."""

import errno
import sys
from typing import IO

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_BEHIND_ALL = 1 << 40
"""Windows locks bytes, which nobody else can read then: one that no file has."""


def lock(file: IO[bytes]) -> bool:
    """Locks an open file until it is closed; False where another run holds it.

    A file system without locks, such as some network drives, counts as locked: nothing can be known there.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_BEHIND_ALL)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True
