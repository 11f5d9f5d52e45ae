"""Sentences of recon in the words of the panel. Needs the standard library only, not even Blender."""

import re

_FIELDS = {"faces": "Triangles", "length": "Known length", "model": "Model", "depth": "Depth"}
"""What the panel calls its options of the command line."""


def for_panel(text: str) -> str:
    """A sentence that names options of the command line names the panel's fields instead, where it has one."""
    text = re.sub(r"--length ([\d.,]+):([\d.,]+)=([\d.e+-]+m)", r"the length of \3 from \1 to \2", text)
    text = re.sub(r"use --faces (\d+)", rf"set {_FIELDS['faces']} to \1", text)
    # Commands to copy stay as they are.
    return re.sub(
        r"`[^`]*`|--(faces|length|model|depth)(?![\w-])",
        lambda found: _FIELDS.get(found[1], found[0]),
        text,
    )
