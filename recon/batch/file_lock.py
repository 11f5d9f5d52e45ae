"""A file lock held by one process at a time; the system releases it when the process ends, however it ends."""

import errno
import sys
from typing import IO

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_BEHIND_ALL = 1 << 40
"""On Windows, locked bytes cannot be read by others: an offset beyond the end of any file."""


def lock(file: IO[bytes]) -> bool:
    """Locks an open file until it is closed; returns False if another run holds the lock.

    Returns True on file systems without locks, such as some network drives, where this cannot be determined.
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
