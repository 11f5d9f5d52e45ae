"""Downloads and caches the checkpoints of the models."""
