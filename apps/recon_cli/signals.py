"""Being told to end (SIGTERM, SIGHUP) unwinds like Ctrl-C, so that no unfinished file is left."""

import signal
from types import FrameType


class Stopped(BaseException):
    """A signal asked this process to end; like ``KeyboardInterrupt`` it is no ``Exception``."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a shell reports of a process that the signal ended: 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.number


def unwind_at_signals() -> None:
    """From now on SIGTERM and SIGHUP raise ``Stopped`` in the main thread; one that is ignored (nohup) stays so."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def stop(number: int, frame: FrameType | None) -> None:
        # Once is enough: a second signal must not break off the tidying up.
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for number in numbers:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, stop)
