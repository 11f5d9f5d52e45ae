"""Joins several photos of one place: camera poses, and one metric scale for all depth maps."""
