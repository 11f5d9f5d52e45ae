"""What a user can state about sizes in a scene, and how it is asked for: clicks, then a value."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Pixel, Rectangle
from recon.errors import CalibrationError, ReconError
from recon.length_text import parse_length, parse_measure
from recon_viewer.model.state import Pick, Tool

_BARE = re.compile(r"((?<!\d)\d+(?:[.,]\d*)?|[.,]\d+)\s*(?=$|[x*\u00d7\u00b1~+])", re.IGNORECASE)
_TIMES = re.compile(r"[x*\u00d7]", re.IGNORECASE)
_MOST_LETTERS = 60
_LETTERS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "period": ".", "comma": ",", "space": " ", "quote": "'", "double_quote": '"',
    "minus": "-", "plus": "+", "equals": "+", "slash": "/", "asterisk": "*", "percent": "%",
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """How one kind of known size is asked for."""

    prompts: tuple[str, ...]
    """By the number of clicks so far; the last asks for the value."""
    example: str
    make: Callable[[Sequence[Pixel], str], Constraint]
    """From the clicked pixels and the typed text; raises ValueError or CalibrationError."""

    @property
    def clicks(self) -> int:
        """Number of clicks needed."""
        return len(self.prompts) - 1


def _rectangle(corners: Sequence[Pixel], text: str) -> Rectangle:
    a, b, c, d = corners
    sides = _TIMES.split(text)
    if len(sides) != 2:
        raise ValueError(f"expected two sides, such as 0.9m x 2.03m, got {text!r}")
    height_m, sigma_m = parse_measure(sides[1])
    return Rectangle((a, b, c, d), parse_length(sides[0]), height_m, sigma_m / height_m)


KNOWN: dict[Tool, Question] = {
    "known length": Question(
        ("Click one end of something whose length you know", "Click its other end", "How long is it?"),
        "2.03m, 80cm or 6ft 8in",
        lambda ends, text: LengthBetween(ends[0], ends[1], *parse_measure(text)),
    ),
    "known distance": Question(
        ("Click a point whose distance from the camera you know", "How far from the camera is it?"),
        "2.4m",
        lambda at, text: DistanceAt(at[0], *parse_measure(text)),
    ),
    "known rectangle": Question(
        (
            "Click a corner of a door, a picture or a sheet",
            "Click the next corner around it: 3 to go",
            "Click the next corner: 2 to go",
            "Click the last corner",
            "First side x second side?",
        ),
        "0.9m x 2.03m",
        _rectangle,
    ),
    "camera height": Question(
        ("How high above the floor was the camera?",),
        "1.6m",
        lambda _, text: CameraHeight(*parse_measure(text)),
    ),
}


def known_size(tool: Tool, picks: Sequence[Pick], text: str) -> Constraint:
    """What the user has stated; a number without a unit is metres.

    Raises:
        ReconError: Too few clicks, points without a photo, or a text that is no size; the message says which.
    """
    question = KNOWN[tool]
    pixels = [pick.pixel_px for pick in picks if pick.pixel_px is not None]
    if len(picks) < question.clicks:
        raise ReconError(question.prompts[len(picks)] + " first")
    if len(pixels) < len(picks) or len({pick.layer for pick in picks}) > 1:
        raise ReconError("a known size needs points in one scene with a photo")
    try:
        return question.make(pixels, in_metres(text))
    except (ValueError, CalibrationError) as error:
        # Without the command line's text in front.
        raise ReconError(
            str(error).rsplit(": ", 1)[-1] if str(error).startswith("--") else str(error)
        ) from error


def in_metres(text: str) -> str:
    """The text with ``m`` after each number that has no unit: ``0.9 x 2.03`` is ``0.9m x 2.03m``."""
    return _BARE.sub(r"\1m ", text.strip()).strip()


def typed(text: str, key: str) -> str | None:
    """The text after a key, named as Open3D does in lower case; None if the key types nothing."""
    if key == "backspace":
        return text[:-1]
    letter = key if len(key) == 1 and key.isalpha() else _LETTERS.get(key)
    return None if letter is None or len(text) >= _MOST_LETTERS else text + letter
