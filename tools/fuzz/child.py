"""Child process that feeds inputs to one reader and reports the start and the outcome of each input."""

import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType

import recon
import recon_viewer
from recon.errors import ReconError
from tools.fuzz.mutate import mutate
from tools.fuzz.readers import READERS
from tools.fuzz.seeds import Seed, make_seeds

LIMIT_S = 10.0
"""Limit of processor time per input, s; waiting on a busy machine does not count."""
LIMIT_BYTES = 2 << 30
"""Limit of memory, beyond what the process uses before its first input."""
_OURS = [Path(package.__path__[0]) for package in (recon, recon_viewer)]
_TRIES = 60
"""Number of attempts to make a failing input smaller."""


class TooLong(BaseException):
    """Not an Exception, so that readers do not treat it as a damaged file."""


def run(reader: str, seed: int, first: int, last: int) -> None:
    """Feeds inputs ``first`` to ``last`` - 1. An input depends only on its number and the seed."""
    folder = Path(tempfile.mkdtemp(prefix="recon-fuzz-"))
    try:
        made = folder / "seeds"
        made.mkdir()
        seeds = make_seeds(reader, made)
        for one in seeds:  # load libraries before limiting memory
            _try(reader, one, one.data, folder)
        _limit()
        for number in range(first, last):
            _say(begun=number)
            _feed(reader, seed, number, seeds, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def input_of(seed: int, number: int, seeds: list[Seed]) -> tuple[Seed, bytes]:
    """The valid file and the mutated bytes for one number."""
    draw = random.Random(f"{seed} {number}")
    chosen = draw.choice(seeds)
    return chosen, mutate(chosen.data, [one.data for one in seeds], draw)


def _feed(reader: str, seed: int, number: int, seeds: list[Seed], folder: Path) -> None:
    chosen, data = input_of(seed, number, seeds)
    started = time.process_time()
    report, signature = _try(reader, chosen, data, folder)
    seconds = time.process_time() - started
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    if signature:
        data = _smaller(reader, chosen, data, signature, folder)
        kept = Path(os.environ["FUZZ_KEEP"]) / f"{reader}-{number}-{chosen.name}"
        kept.write_bytes(data)
        kept.with_name(kept.name + ".txt").write_text(report, encoding="utf-8", errors="replace")
    _say(ended=number, outcome=signature or report, seconds=seconds, peak_mb=peak / 1024, name=chosen.name)


def _try(reader: str, chosen: Seed, data: bytes, folder: Path) -> tuple[str, str]:
    """The outcome of an input: ``read``, ``refused``, or the report of a fault and its signature."""
    place = folder / "input"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in chosen.companions.items():
        (place / name).write_bytes(content)
    (place / chosen.name).write_bytes(data)
    signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    signal.setitimer(signal.ITIMER_VIRTUAL, 1.5 * LIMIT_S)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            READERS[reader](place / chosen.name)
        return "read", ""
    except ReconError as error:
        if not str(error).strip() or len(str(error)) > 2000:
            return f"a message of {len(str(error))} letters", "message"
        return "refused", ""
    except (Exception, TooLong) as error:
        return traceback.format_exc(), _signature(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _signature(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if any(Path(frame.filename).is_relative_to(folder) for folder in _OURS)]
    at = f" {Path(ours[-1].filename).name} {ours[-1].name}" if ours else ""
    return f"{type(error).__name__}{at}"


def _smaller(reader: str, chosen: Seed, data: bytes, signature: str, folder: Path) -> bytes:
    """Minimises an input: leaves out parts, larger ones first, as long as the fault stays the same."""
    step, tries = max(1, len(data) // 2), 0
    while tries < _TRIES and not signature.startswith("TooLong"):
        at = 0
        while at < len(data) and tries < _TRIES:
            shorter = data[:at] + data[at + step :]
            tries += 1
            if _try(reader, chosen, shorter, folder)[1] == signature:
                data = shorter
            else:
                at += step
        if step == 1:
            break
        step = max(1, step // 4)
    return data


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def too_long(number: int, frame: FrameType | None) -> None:
        raise TooLong

    # In a library's own code Python's handler has to wait: then the second clock ends the process.
    signal.signal(signal.SIGPROF, too_long)


def _say(**news: object) -> None:
    print(json.dumps(news), file=_NEWS, flush=True)


_NEWS = sys.stdout

if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    run(name, *map(int, numbers))
