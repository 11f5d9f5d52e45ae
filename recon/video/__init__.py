"""Reads and writes video frames."""
