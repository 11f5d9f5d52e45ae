"""Generated photos along a walk through a room, with true depth and true camera poses, for tests and benchmarks."""
