"""Paths as Open3D's file dialog returns them: its folder, a slash, and whatever was typed."""

import os
import re
from pathlib import Path

_ABSOLUTE = re.compile(r"\A.*[/\\](?=/|~|[A-Za-z]:[/\\])", re.DOTALL)
"""Everything before a path that begins by itself."""


def typed_path(text: str) -> Path:
    """The path that was meant: absolute paths and ``~`` count from their own beginning, ``..`` is resolved."""
    return Path(os.path.normpath(os.path.expanduser(_ABSOLUTE.sub("", text))))
