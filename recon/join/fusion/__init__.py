"""Fuses posed depth maps: consistent depth, a TSDF mesh with a texture, and a cleaned cloud."""
