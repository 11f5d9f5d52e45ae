"""The files whose functions a command runs, in the order it meets them: what a newcomer reads to follow it.

``python -m tools.entered_files build photo.jpg -o scene.ply`` runs that command of recon's. A file that is only
imported, for a class or a constant or by a decorator, does not count.
"""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
_FOLDERS = tuple(f"{ROOT / folder}/" for folder in ("recon", "apps"))
_BODIES = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>", "<lambda>")


class Entered:
    """Collects files while it is the profile function of every thread."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, None]] = {}
        """By file: the functions called, both in the order of their first call."""
        self._importing = threading.local()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Counts a call, unless a module is being imported."""
        code = frame.f_code
        if code.co_name == "<module>":
            step = {"call": 1, "return": -1}.get(event, 0)
            self._importing.depth = getattr(self._importing, "depth", 0) + step
            return
        ours = event == "call" and code.co_filename.startswith(_FOLDERS) and code.co_name not in _BODIES
        if ours and not getattr(self._importing, "depth", 0):
            file = Path(code.co_filename).relative_to(ROOT).as_posix()
            self.functions.setdefault(file, {}).setdefault(code.co_name)


def entered_by(words: Sequence[str]) -> dict[str, list[str]]:
    """The files that a command enters, with the functions of each, both in the order of the first call."""
    from recon_cli.main import main

    entered, given = Entered(), sys.argv
    sys.argv = ["recon", *words]
    threading.setprofile(entered)
    sys.setprofile(entered)
    try:
        main()
    except SystemExit:
        pass
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        sys.argv = given
    return {file: list(functions) for file, functions in entered.functions.items()}


if __name__ == "__main__":
    found = entered_by(sys.argv[1:])
    for name, called in found.items():
        print(f"{len((ROOT / name).read_text('utf-8').splitlines()):4} {name}: {', '.join(called)}")
    library = [name for name in found if name.startswith("recon/")]
    print(f"{len(library)} files of recon/, {len(found) - len(library)} of apps/")
