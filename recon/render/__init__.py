"""Renders images and films of a scene without a window."""
