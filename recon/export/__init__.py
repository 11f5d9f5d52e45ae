"""File formats: one module per format, looked up by suffix in the registry."""
