"""Depth estimators: one file each, behind one protocol, found by name in the registry."""
