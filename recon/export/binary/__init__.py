"""Fast writing of points, faces and numbers."""
