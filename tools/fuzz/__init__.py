"""A seeded fuzzer of every reader: ``python -m tools.fuzz``."""
