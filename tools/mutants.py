"""Mutation testing of constants: changes one line at a time, and shows which changes no test notices.

    python -m tools.mutants                       # all of tools/mutants.txt
    python -m tools.mutants --only simplify       # those whose module or change contains the word
    python -m tools.mutants my_list.txt --jobs 2

A mutant that survives is a constant without a test of its purpose: add the test, or remove the constant. The list
names, for each module, the tests that have to notice, and below them one mutant a line:

    recon/geometry/gravity.py: tests/geometry/test_gravity.py
        _WALL_VOTE = 0.5 -> 5.0
        return damping -> return 0.0

The text before the arrow has to occur exactly once in the module. Where it has the form ``NAME = value``, only the
value is replaced; any other text is replaced as a whole. Exits with 1 where more mutants survive than ``--allow``.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix(".txt")
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "runs")

Verdict = Literal["killed", "timed out", "survived"]


@dataclass(frozen=True)
class Mutant:
    """One change to one module."""

    module: str
    """Path below the project's root."""
    before: str
    after: str
    tests: tuple[str, ...]
    """What pytest is run with."""

    def __str__(self) -> str:
        return f"{self.module}: {self.before} -> {self.after}"

    def applied(self, source: str) -> str:
        """The module's text with the change.

        Raises:
            ValueError: The text to change does not occur exactly once.
        """
        count = source.count(self.before)
        if count != 1:
            raise ValueError(f"{self.module}: {self.before!r} occurs {count} times, expected 1")
        name, equals, _ = self.before.partition(" = ")
        after = f"{name}{equals}{self.after}" if equals and name.isidentifier() else self.after
        return source.replace(self.before, after)


def read_list(text: str) -> list[Mutant]:
    """The mutants of a list.

    Raises:
        ValueError: A line that is neither a module with its tests nor a mutant.
    """
    mutants: list[Mutant] = []
    module, tests = "", tuple[str, ...]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        before, arrow, after = line.strip().partition(" -> ")
        if not line[0].isspace():
            module, colon, named = line.partition(":")
            tests = tuple(named.split())
            if not colon or not tests:
                raise ValueError(f"line {number}: expected 'module: tests', got {line!r}")
        elif not arrow or not module:
            raise ValueError(f"line {number}: expected 'before -> after' below a module, got {line!r}")
        else:
            mutants.append(Mutant(module, before, after, tests))
    return mutants


class Copy:
    """A copy of the project in which one module at a time is changed."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder = folder
        shutil.copytree(root, folder, ignore=_LEFT_OUT, symlinks=True)

    def verdict(self, mutant: Mutant, limit_s: float) -> Verdict:
        """What the tests say of a mutant; the module is put back afterwards."""
        path = self.folder / mutant.module
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.applied(original), encoding="utf-8")
        try:
            return "survived" if self.passes(mutant.tests, limit_s) else "killed"
        except subprocess.TimeoutExpired:
            return "timed out"
        finally:
            path.write_text(original, encoding="utf-8")

    def passes(self, tests: Sequence[str], limit_s: float) -> bool:
        """Whether these tests pass.

        Raises:
            subprocess.TimeoutExpired: They take longer than the limit.
        """
        # Python detects changed modules by time and size, which two mutants may share: no compiled files are written.
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(self.folder / "apps")]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        run = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=limit_s
        )
        # 1: tests failed; 2: interrupted, which is what an error while importing them counts as.
        if run.returncode not in (0, 1, 2):
            raise RuntimeError(f"pytest {' '.join(tests)} did not run: {run.stdout}{run.stderr}")
        return run.returncode == 0


def verdicts(
    mutants: Sequence[Mutant], limit_s: float, jobs: int, root: Path = ROOT
) -> Iterator[tuple[Mutant, Verdict]]:
    """Runs the mutants, several at a time, each in a copy that no other uses; in the order of the list.

    Raises:
        ValueError: A mutant does not fit its module.
        RuntimeError: Tests that fail without any mutant.
    """
    for mutant in mutants:
        mutant.applied((root / mutant.module).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="mutants-") as parent, ThreadPoolExecutor(jobs) as pool:
        free: SimpleQueue[Copy] = SimpleQueue()
        for k in range(jobs):
            free.put(Copy(Path(parent) / str(k), root))

        def healthy(tests: tuple[str, ...]) -> bool:
            copy = free.get()
            try:
                return copy.passes(tests, 5 * limit_s)
            finally:
                free.put(copy)

        def tried(mutant: Mutant) -> Verdict:
            copy = free.get()
            try:
                return copy.verdict(mutant, limit_s)
            finally:
                free.put(copy)

        # Tests that fail anyway would kill every mutant.
        every = list(dict.fromkeys(mutant.tests for mutant in mutants))
        for tests, passes in zip(every, pool.map(healthy, every), strict=True):
            if not passes:
                raise RuntimeError(f"{' '.join(tests)} fail without any mutant")
        yield from zip(mutants, pool.map(tried, mutants), strict=True)


def main() -> int:
    """Prints a line for each mutant, and the survivors again at the end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("list", nargs="?", type=Path, default=LIST, help="default: tools/mutants.txt")
    parser.add_argument("--only", default="", metavar="WORD", help="mutants that contain this word")
    parser.add_argument(
        "--limit", type=float, default=120.0, metavar="S", help="seconds for the tests of one mutant"
    )
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    parser.add_argument("--allow", type=int, default=0, metavar="N", help="survivors that are accepted")
    options = parser.parse_args()
    mutants = [
        each for each in read_list(options.list.read_text(encoding="utf-8")) if options.only in str(each)
    ]
    survivors = []
    for mutant, verdict in verdicts(mutants, options.limit, options.jobs):
        print(f"{verdict:9} {mutant}", flush=True)
        if verdict == "survived":
            survivors.append(mutant)
    print(f"\n{len(survivors)} of {len(mutants)} mutants survived.")
    for mutant in survivors:
        print(f"  {mutant}")
    return int(len(survivors) > options.allow)


if __name__ == "__main__":
    sys.exit(main())
