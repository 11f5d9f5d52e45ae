"""Depth estimators: one module each, with a common protocol, listed by the registry."""
