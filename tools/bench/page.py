"""Runs the benchmarks and writes their tables into docs/benchmarks.md; each section says when and on what it ran.

python -m tools.bench.page                      # everything; an hour and 8 GB
python -m tools.bench.page --only geometry      # one section anew, the others as they are
"""

import argparse
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

from recon.atomic_write import staged
from tools.bench.timing import machine, versions

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Every table comes from a program in `tools/bench/`, which anyone can run; `python -m tools.bench.page` writes this
page. Ours and the other run in turn in one process, or in processes one after another; a ratio is the median over the
rounds, with its quartiles. Absolute times are those of a small shared machine and say little.
"""
SECTIONS = {
    "geometry": "Depth in memory to a file",
    "memory": "Memory beyond the inputs",
    "reading": "Reading a photo",
    "startup": "Start-up",
    "imports": "Importing the networks",
    "network": "The networks on a CPU",
    "models": "Every model on a CPU",
    "batch": "Many photos",
    "first_try": "A first try",
    "photo_to_file": "From a photo to files",
}
_PACKAGES = ("numpy", "open3d-cpu", "trimesh", "pillow", "torch", "transformers")


def measured(name: str) -> str:
    """A section: what the program prints, below what it is about."""
    module = f"tools.bench.{name}"
    done = subprocess.run([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True, check=True)
    about = f"`python -m {module}`, {date.today().isoformat()}, on {machine()}; {versions(*_PACKAGES)}."
    return f"## {SECTIONS[name]}\n\n{about}\n\n{done.stdout.strip()}\n"


def sections_of(page: str) -> dict[str, str]:
    """By title, each with its heading."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0].removeprefix("## "): part.strip() + "\n" for part in parts}


def main() -> None:
    """Writes the page after every section, so that an interrupted run keeps what it has."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args()
    for name in given.only:
        result = sections_of(given.page.read_text("utf-8")) if given.page.exists() else {}
        result[SECTIONS[name]] = measured(name)
        # Each in its place on the page, also those of programs that are run by hand; a new one is the last.
        with staged(given.page) as temporary:
            temporary.write_text("\n".join([_HEAD, *result.values()]), "utf-8")
        print(f"{given.page}: {SECTIONS[name]}", file=sys.stderr)


if __name__ == "__main__":
    main()
