"""Depth that a photo's own file carries: what portrait modes of phones write beside the picture."""

from recon.photodepth.carried import UNDERSTOOD, find_depth

__all__ = ["UNDERSTOOD", "find_depth"]
