"""Counts words that read as translated, by folder: ``python -m tools.words [COMMIT] [-v]``.

The terms stand for kinds of sentences: a file that "tells", something that "goes on by itself", a variable that is
named ``found`` for whatever a search returned. Not every hit is wrong; the number shows where to read.
"""

import argparse
import re
import subprocess
from collections import Counter, defaultdict
from pathlib import PurePosixPath

TERMS = {
    "phrases": r"(?<!\.)tells?|told|telling|what is known|goes on|go on|by itself|beside|of its own|lets|away|at hand"
    r"|one (?:photo|scene)",
    "found": "found",
    "known": "known|knowledge|knows",
}
_PATHS = ("*.py", "*.md", "*.js", "*.html", "*.css", "dev", ":!*.min.js")
_SKIPPED = ("tools/words.py", "tests/tools/test_words.py", "CHANGELOG.md")
"""The terms themselves, and the history."""


def whole(terms: str) -> str:
    """A pattern for whole words, also within a name such as ``damage_told``."""
    return rf"(?<![A-Za-z])(?:{terms})(?![A-Za-z])"


def folder_of(path: str) -> str:
    """The first two folders of a path (three below ``apps/``), which is a room of recon or of an application."""
    parts = PurePosixPath(path).parent.parts
    return "/".join(parts[: 3 if parts[:1] == ("apps",) else 2]) or "."


def hits(terms: str, commit: str | None = None, folder: str = ".") -> list[tuple[str, int, str]]:
    """File, line number and line of every hit, in the working tree or in a commit; a line once for each hit."""
    command = [
        "git",
        "-C",
        folder,
        "grep",
        "-n",
        "-i",
        "-I",
        "-P",
        whole(terms),
        *([commit] if commit else []),
    ]
    done = subprocess.run([*command, "--", *_PATHS], capture_output=True, text=True)
    if done.returncode > 1:
        raise SystemExit(done.stderr.strip())
    lines = [line.removeprefix(f"{commit}:") for line in done.stdout.splitlines()]
    result = []
    for path, number, text in (line.split(":", 2) for line in lines):
        count = len(re.findall(whole(terms), text, re.IGNORECASE))
        result += [(path, int(number), text.strip())] * (0 if path in _SKIPPED else count)
    return result


def main() -> None:
    """Prints a table of the counts, or with -v the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", nargs="?", help="Default: the working tree.")
    parser.add_argument("-v", action="store_true", help="Print each line.")
    given = parser.parse_args()
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, terms in TERMS.items():
        for path, number, text in hits(terms, given.commit):
            counts[folder_of(path)][name] += 1
            if given.v:
                print(f"{path}:{number}: {text}")
    print(f"{'folder':32}" + "".join(f"{name:>9}" for name in TERMS))
    for folder, row in [*sorted(counts.items()), ("total", sum(counts.values(), Counter[str]()))]:
        print(f"{folder:32}" + "".join(f"{row[name]:9}" for name in TERMS))


if __name__ == "__main__":
    main()
