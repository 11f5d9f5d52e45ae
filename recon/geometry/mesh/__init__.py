"""Metric depth to a triangle mesh."""
