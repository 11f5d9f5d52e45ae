"""Where the checkpoints of the models come from."""
