"""Determines the focal length of a photo's camera."""
