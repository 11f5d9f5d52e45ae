"""Reads an image file into an upright sRGB photo."""
