"""A scene as one self-contained web page."""

from recon.export.formats.html.html import FORMAT

__all__ = ["FORMAT"]
