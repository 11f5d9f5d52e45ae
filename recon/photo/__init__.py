"""Reads an image file into an upright sRGB photo."""

SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".mpo",
    ".heic",
    ".heif",
    ".avif",
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
)
"""What names a photo in a folder; a file that is named itself is read by its first bytes."""
