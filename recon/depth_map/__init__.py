"""Depth-map files: reading, writing, colour maps."""
