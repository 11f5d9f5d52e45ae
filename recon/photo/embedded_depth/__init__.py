"""Reads depth maps embedded in photo files, as phones write them for portrait photos."""
