"""Commands on many photos."""
