"""Errors that the user can mend: each message says what, where and how to fix it.

A constructor that gets arrays of the wrong shape raises ``ValueError`` instead: that is our bug, not the
user's. Only the applications turn a ``ReconError`` into text and an exit code.
"""

from dataclasses import dataclass


class ReconError(Exception):
    """A problem that the user can fix; the message is one or two plain sentences that say how."""


class PhotoError(ReconError):
    """The photo cannot be read: missing, truncated, empty, too large or not a picture."""


class DepthFileError(ReconError):
    """A measured depth file cannot be read, or does not fit the photo."""


class ModelUnavailable(ReconError):
    """A model's weights are not here, are damaged, or cannot be run with what this machine has."""


class CalibrationError(ReconError):
    """Relative depth cannot be brought to metres with what is known."""


class ExportError(ReconError):
    """A file cannot be written, or the format cannot hold what was asked for."""


class SceneFileError(ReconError):
    """A scene or geometry file cannot be read."""


class ViewerError(ReconError):
    """The viewer cannot open: Open3D is not installed, or there is no display."""


@dataclass(frozen=True)
class Failure:
    """What a record keeps of an exception, where the rest of the work goes on."""

    type: str
    """Of the exception."""
    message: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """The message of one that has none is its type."""
        name = type(error).__name__
        return cls(name, str(error) or name)
