"""Whether the processor draws the window, as where there is no graphics card."""

from contextlib import suppress
from pathlib import Path


def draws_in_software() -> bool:
    """Whether Mesa's software driver draws for this process (Linux): graphics cards have their own drivers."""
    for name in Path("/proc/self/task").glob("*/comm"):
        with suppress(OSError):  # a thread that has just ended
            if name.read_bytes().startswith(b"llvmpipe"):
                return True
    return False
