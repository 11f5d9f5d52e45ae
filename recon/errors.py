"""Errors that the user can fix: each message says what is wrong, where, and how to fix it.

A constructor that gets arrays of the wrong shape raises ``ValueError`` instead: that is a bug of ours, not the
user's error. Only the applications turn a ``ReconError`` into text and an exit code.
"""

from dataclasses import dataclass


def to_add(extra: str) -> str:
    """The command that adds one of our extras, however recon was installed: pip keeps it, and adds only libraries."""
    return f'pip install "recon[{extra}]"'


class ReconError(Exception):
    """A problem that the user can fix; the message is one or two plain sentences that say how."""


class PhotoError(ReconError):
    """The photo cannot be read: it is missing, truncated, empty, too large or not an image."""


class DepthFileError(ReconError):
    """A measured depth file cannot be read, or does not fit the photo."""


class ModelUnavailable(ReconError):
    """A model's weights are not on this machine, are damaged, or cannot run on its hardware."""


class CalibrationError(ReconError):
    """The metric scale of a scene cannot be determined from the given constraints and references."""


class LensError(ReconError):
    """A lens's coefficients or its camera file cannot be used."""


class ExportError(ReconError):
    """A file cannot be written, or the format cannot store the requested shape or data."""


class SceneFileError(ReconError):
    """A scene or geometry file cannot be read."""


class ViewerError(ReconError):
    """The viewer cannot open: Open3D is not installed, or there is no display."""


@dataclass(frozen=True)
class Failure:
    """An exception as stored in a record while the remaining work continues."""

    type: str
    """Name of the exception's class."""
    message: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Takes type and message from an exception; without a message, the type is used as the message."""
        name = type(error).__name__
        return cls(name, str(error) or name)
