"""Many photos by one command."""
