"""Metric depth to points, and to what they say: normals, gravity."""
