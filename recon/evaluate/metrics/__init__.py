"""Standard metrics of depth and point clouds."""
