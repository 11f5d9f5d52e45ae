"""What ends the program from outside: SIGTERM and SIGHUP unwind it like Ctrl-C, so that no partial file is left."""

import signal
from types import FrameType


class Stopped(BaseException):
    """A signal to end this process; like ``KeyboardInterrupt``, not a subclass of ``Exception``."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """The exit code that shells report for this signal: 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.number


class ReaderGone(BaseException):
    """The reader of our output (head, less) has closed the pipe. Not an error, and not reported."""


def unwind_at_signals() -> None:
    """Makes SIGTERM and SIGHUP raise ``Stopped`` in the main thread; a signal that is ignored (nohup) stays
    ignored."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def stop(number: int, frame: FrameType | None) -> None:
        # A second signal must not interrupt the cleanup.
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for number in numbers:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, stop)
