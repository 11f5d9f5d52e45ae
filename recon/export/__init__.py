"""Writers: one file per format, found by suffix in the registry."""
