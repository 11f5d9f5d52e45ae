"""What the viewer shows, as values; no widget."""
