"""The table of how often 95 % intervals contain the truth, and the command line that prints it."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np

TITLES: Final = ("draws", "error, median", "95 % interval, median", "inside", "RMS")


class Draw(Protocol):
    """One estimate, where the truth is known."""

    @property
    def off(self) -> float:
        """Its relative error."""
        ...

    @property
    def interval(self) -> float:
        """Relative half-width of its 95 % interval."""
        ...

    @property
    def inside(self) -> bool:
        """Whether the interval contains the truth."""
        ...

    @property
    def sigmas(self) -> float:
        """Its error in stated standard deviations."""
        ...


def inside(draws: Sequence[Draw]) -> str:
    """The share of intervals that contain the truth."""
    return f"{100 * np.mean([each.inside for each in draws]):.1f} %"


def cells(draws: Sequence[Draw]) -> list[str]:
    """One for each of ``TITLES``."""
    off = 100 * np.median([abs(each.off) for each in draws])
    half = 100 * np.median([each.interval for each in draws])
    rms = np.sqrt(np.mean([each.sigmas**2 for each in draws]))
    return [str(len(draws)), f"{off:.1f} %", f"± {half:.1f} %", inside(draws), f"{rms:.2f}"]


def shown(row: list[str]) -> list[str]:
    """A row, printed at once: some take minutes."""
    print(row, file=sys.stderr, flush=True)
    return row


def main(description: str | None, coverage: Callable[[int], str]) -> None:
    """Prints the table that ``coverage`` makes of ``--draws``."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=200)
    print(coverage(parser.parse_args().draws))
