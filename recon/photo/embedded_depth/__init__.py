"""Depth that a photo's own file carries: what portrait modes of phones write beside the picture."""
