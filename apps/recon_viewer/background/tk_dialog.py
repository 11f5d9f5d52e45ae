"""Tk's file dialog as a program: takes a ``FileQuestion`` as JSON, prints the chosen files, one a line."""

import json
import sys
from typing import Any


def main(text: str) -> int:
    """Returns 0 if files were chosen, 1 if not, 2 if there is no display."""
    import tkinter
    from tkinter import filedialog

    asked: dict[str, Any] = json.loads(text)
    try:
        root = tkinter.Tk()
    except tkinter.TclError:
        return 2
    root.withdraw()
    filters = [(name, [*suffixes, *map(str.upper, suffixes)]) for name, suffixes in asked["filters"]]
    options: dict[str, Any] = {
        "title": asked["title"],
        "initialdir": asked["folder"] or None,
        "filetypes": [*filters, ("All files", "*")],
    }
    if asked["save"]:
        chosen = [filedialog.asksaveasfilename(initialfile=asked["name"], **options)]
    else:
        chosen = list(filedialog.askopenfilenames(**options))
    print("\n".join(filter(None, chosen)))
    return 0 if any(chosen) else 1


if __name__ == "__main__":
    # What is read is UTF-8, whatever the system's is.
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1]))
