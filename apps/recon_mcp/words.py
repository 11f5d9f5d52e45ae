"""Sentences for agents: with the names of the tools' arguments, and without those of a library."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from recon.argument_names import in_python

_NAMES = (
    (" and give the field of view with --fov", " and give its focal_35mm"),
    (r"--focal-35mm(?:, --focal-px)? or --fov", "focal_35mm"),
    (r"--length or --at(?: at another distance)?", "known_lengths"),
    (r",? or (?:a )?--reference", ""),
    (r"--length(?= \d)", "the known length"),
    (r"--length", "known_lengths"),
    (r"--camera-height", "camera_height_m"),
)
_PER_TOOL = 5
"""Wrong arguments that one answer names."""


def for_agent(message: str) -> str:
    """A message that is written for the command line."""
    for flags, name in _NAMES:
        message = re.sub(flags, name, message)
    return in_python(message)


def unknown_text(tool: str, given: Mapping[str, Any], known: Collection[str]) -> str | None:
    """Which arguments a tool does not have; None if it has them all."""
    unknown = [name for name in given if name not in known]
    if not unknown:
        return None
    return f"{tool} has no argument {', '.join(unknown[:_PER_TOOL])}; it has {', '.join(known)}"


def wrong_text(tool: str, error: ValidationError) -> str:
    """What is wrong with the values of a tool's arguments."""
    wrong = [
        f"{_place(each['loc'])}: {_reason(each)}"
        for each in error.errors(include_url=False, include_context=False)[:_PER_TOOL]
    ]
    return f"{tool}: {'; '.join(wrong)}"


def _place(path: tuple[int | str, ...]) -> str:
    """``positions_px[0][1]``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _reason(one: Mapping[str, Any]) -> str:
    if one["type"] == "missing":
        return "is missing"
    said = str(one["msg"]).removeprefix("Input ")
    got = repr(one["input"])
    return f"{said[:1].lower()}{said[1:]}, got {got if len(got) <= 60 else got[:57] + '...'}"
