"""Options of the commands, and their types."""
